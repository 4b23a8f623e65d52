/// The machine that every guest sees: QEMU's `virt`, as far as its memory map and interrupts go, so that what was built
/// for that board runs as a guest as it is (QEMU, hw/arm/virt.c, base_memmap and a15irqmap).
public enum GuestMachine {
  /// Read-only memory of a guest that starts as firmware: where virt has its flash.
  public static var firmware: AddressRange<GuestPhysicalAddress> { .at(0, size: 0x0800_0000) }
  /// The distributor, of either GIC version.
  public static var distributor: AddressRange<GuestPhysicalAddress> { .at(0x0800_0000, size: 0x1_0000) }
  /// The CPU interface of a GICv2 guest: the hardware's virtual CPU interface is mapped there.
  public static var cpuInterface: AddressRange<GuestPhysicalAddress> { .at(0x0801_0000, size: 0x2000) }
  /// Where the redistributors of a GICv3 guest start; each vCPU has one of `redistributorSize` bytes.
  public static var redistributors: AddressRange<GuestPhysicalAddress> { .at(0x080a_0000, size: 0x00f6_0000) }
  /// The two frames of one redistributor, in bytes.
  public static var redistributorSize: UInt64 { 0x2_0000 }
  /// The PL011 console.
  public static var console: AddressRange<GuestPhysicalAddress> { .at(0x0900_0000, size: 0x1000) }
  /// The PL031 real-time clock.
  public static var clock: AddressRange<GuestPhysicalAddress> { .at(0x0901_0000, size: 0x1000) }
  /// Where RAM starts.
  public static var memoryStart: GuestPhysicalAddress { GuestPhysicalAddress(0x4000_0000) }

  /// The INTIDs of what the machine has (PPIs from 16, SPIs from 32).
  public enum Interrupt {
    /// The EL1 virtual timer, PPI 11.
    public static var virtualTimer: UInt16 { 27 }
    /// The EL1 physical timer, PPI 14.
    public static var physicalTimer: UInt16 { 30 }
    /// The console, SPI 1.
    public static var console: UInt16 { 33 }
    /// The real-time clock, SPI 2.
    public static var clock: UInt16 { 34 }
  }
}

extension AddressRange<GuestPhysicalAddress> {
  fileprivate static func at(_ start: UInt64, size: UInt64) -> Self {
    Self(start: GuestPhysicalAddress(start), size: size)
  }
}
