/// The machine that every guest sees: the memory map and the interrupt numbers of QEMU's `virt`, so that software built
/// for that machine runs as it is.
public enum GuestMachine {
  /// What a VM's firmware may use, from address 0 on. `virt` has two flash banks of 64 MiB there.
  public static var firmware: AddressRange<GuestPhysicalAddress> { range(0x0000_0000, 0x0800_0000) }
  /// The distributor of a GICv2 or GICv3 (GICD).
  public static var distributor: AddressRange<GuestPhysicalAddress> { range(0x0800_0000, 0x1_0000) }
  /// The CPU interface of a GICv2 (GICC). `virt` describes 64 KiB, but the architecture uses 8 (IHI 0048B §4.1), and more
  /// must not be mapped: on a host, other devices may follow the GICV region that answers here.
  public static var cpuInterface: AddressRange<GuestPhysicalAddress> { range(0x0801_0000, 0x2000) }
  /// The room for the redistributors of a GICv3 (GICR), one after the other by vCPU.
  public static var redistributors: AddressRange<GuestPhysicalAddress> { range(0x080a_0000, 0xf6_0000) }
  /// How many bytes each vCPU's redistributor takes: its RD_base and SGI_base frames (IHI 0069 §12.10).
  public static var redistributorSize: UInt64 { 0x2_0000 }
  /// The PL011 UART: the console.
  public static var console: AddressRange<GuestPhysicalAddress> { range(0x0900_0000, 0x1000) }
  /// The PL031 real-time clock.
  public static var clock: AddressRange<GuestPhysicalAddress> { range(0x0901_0000, 0x1000) }
  /// The virtio-mmio transports, 0x200 bytes each.
  public static var virtio: AddressRange<GuestPhysicalAddress> { range(0x0a00_0000, 0x4000) }
  /// Where a guest finds devices of the host's that cannot be where the host has them, because something of this machine is
  /// there: `virt` has its bus of dynamic devices in these addresses.
  public static var movedDevices: AddressRange<GuestPhysicalAddress> { range(0x0b00_0000, 0x0500_0000) }
  /// Where RAM starts.
  public static var memoryStart: GuestPhysicalAddress { GuestPhysicalAddress(0x4000_0000) }
  /// The most RAM that a guest can have: up to the end of the 39 bits of address that one table at level 1 translates.
  public static var memoryLimit: UInt64 { (1 << 39) - memoryStart.rawValue }

  /// The console's interrupt: SPI 1.
  public static var consoleInterrupt: UInt16 { 33 }
  /// The real-time clock's interrupt: SPI 2.
  public static var clockInterrupt: UInt16 { 34 }
  /// The first virtio transport's interrupt: SPI 16.
  public static var virtioInterrupt: UInt16 { 48 }
  /// The secure physical timer's interrupt: PPI 13.
  public static var secureTimerInterrupt: UInt16 { 29 }
  /// The non-secure physical timer's interrupt: PPI 14.
  public static var physicalTimerInterrupt: UInt16 { 30 }
  /// The virtual timer's interrupt: PPI 11.
  public static var virtualTimerInterrupt: UInt16 { 27 }
  /// The hypervisor timer's interrupt: PPI 10. Described, never raised.
  public static var hypervisorTimerInterrupt: UInt16 { 26 }

  /// The most shared interrupts that a guest sees, as virt has them: INTIDs 32 to 287.
  public static var sharedInterruptLimit: Int { 256 }

  /// The most vCPUs that a VM can have: a GICv2 has eight CPU interfaces (IHI 0048B §1.1), a GICv3 has as many
  /// redistributors as the memory map has room for.
  public static func vcpuLimit(gic: GICVersion) -> Int {
    switch gic {
    case .v2: 8
    case .v3: min(Int(redistributors.size / redistributorSize), 64)
    }
  }

  /// The affinity fields of vCPU `index` as the guest reads them in MPIDR_EL1 and as PSCI and the device tree name it:
  /// sixteen to a cluster, which is what one GICv3 SGI reaches.
  public static func affinity(vcpu index: Int) -> UInt64 {
    let index = UInt64(truncatingIfNeeded: index)
    return index & 15 | (index >> 4) << 8
  }

  private static func range(_ start: UInt64, _ size: UInt64) -> AddressRange<GuestPhysicalAddress> {
    AddressRange(start: GuestPhysicalAddress(start), size: size)
  }
}
