internal import DeviceTree

extension GuestDeviceTree {
  /// How many bytes of one part's errata, names and values, reach the guest's tree.
  private static var errataLimit: Int { 240 }

  /// Writes what the host's tree says of a part that guests use directly, and that its driver has to know: its errata, which go
  /// by `vendor,erratum-…`.
  static func writeErrata(of host: DeviceTree.Node?, to node: inout DeviceTreeWriter) throws(DeviceTreeError) {
    guard let host else { return }
    var room = errataLimit
    for property in host.properties where property.name.isErratum {
      room -= property.name.count + property.value.count + 16
      if room >= 0 { try node.property(property.name, bytes: property.value.bytes) }
    }
  }

  /// Writes how fast the counter runs where the host's tree says it, because its firmware does not set the register that guests
  /// read, too.
  static func writeFrequency(of host: TimerDescription?, to node: inout DeviceTreeWriter) throws(DeviceTreeError) {
    if let frequency = host?.clockFrequency { try node.property("clock-frequency", frequency) }
  }
}

extension Text {
  fileprivate var isErratum: Bool { after(UInt8(ascii: ","))?.hasPrefix("erratum") ?? false }
}
