internal import Entry

/// The running image, by the addresses that the linker script defines.
enum Image {
  /// How far an address of the linker script lies behind the image's start, in bytes.
  static func offset(of address: UInt) -> UInt64 { UInt64(address - address_of_image_start()) }
}
