internal import DeviceTree

extension GuestDeviceTree {
  /// Writes what the host's tree says of its timer, which guests use directly, and that a driver has to know: how fast the
  /// counter runs, where firmware does not set the register that says so, and its errata. Of what else there is in the timer's
  /// binding (arm,arch_timer.yaml), CNTVOFF is ours to set, and suspending is not the guest's. The binding of a GIC has nothing of
  /// the kind.
  static func writeFacts(of timer: TimerDescription, to node: inout DeviceTreeWriter) throws(DeviceTreeError) {
    if let frequency = timer.clockFrequency { try node.property("clock-frequency", frequency) }
    let errata: [3 of Text] = [
      "fsl,erratum-a008585", "hisilicon,erratum-161010101", "allwinner,erratum-unknown1",
    ]
    for index in errata.indices where timer.node[errata[index]] != nil { try node.property(errata[index]) }
  }
}
