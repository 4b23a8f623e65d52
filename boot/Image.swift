internal import Architecture
internal import Entry

/// The running image, by the addresses that the linker script defines.
enum Image {
  /// How far an address of the linker script lies behind the image's start, in bytes.
  static func offset(of address: UInt) -> UInt64 { UInt64(address - address_of_image_start()) }

  /// Writes the release that the image belongs to, as the tool put it into the linked file.
  static func writeVersion<Sink: ByteSink & ~Copyable>(to sink: inout Sink) {
    var index = 0
    while index < tvisor_version_limit, tvisor_version_byte(index) != 0 {
      sink.write(tvisor_version_byte(index))
      index += 1
    }
  }
}
