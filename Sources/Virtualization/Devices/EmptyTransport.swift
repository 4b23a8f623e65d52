internal import Architecture

/// A virtio-mmio transport without a device behind it, as QEMU's `virt` has 32 of them, 512 bytes each (virtio 1.2, 4.2.2, and
/// 4.2.4 for the version): software that knows the machine looks there for devices, and goes on where it finds none. It has
/// nothing to keep.
enum EmptyTransport {
  /// What a load at `offset` of the transport, or of several side by side, gives.
  static func read(offset: UInt32, width: AccessWidth) -> UInt64 {
    let register: UInt32 =
      switch offset & 0x1fc {
      case 0x000: 0x7472_6976  // MagicValue, "virt"
      case 0x004: 1  // Version: the legacy interface
      case 0x00c: 0x554d_4551  // VendorID, "QEMU"
      default: 0  // DeviceID among them: 0 stands for no device
      }
    return UInt64(register) &>> (UInt64(offset & 3) &* 8) & width.mask
  }
}
