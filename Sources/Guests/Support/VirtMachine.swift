internal import GuestEntry

/// Where the devices of QEMU's `virt` machine are; a guest's machine is the same.
public enum VirtMachine {
  /// The GIC distributor.
  public static let distributor: UInt64 = 0x0800_0000
  /// The GICv2 CPU interface.
  public static let cpuInterface: UInt64 = 0x0801_0000
  /// The first GICv3 redistributor: its RD frame, and its SGI frame 64 KiB above.
  public static let redistributor: UInt64 = 0x080a_0000
  /// The PL011 UART.
  public static let uart: UInt64 = 0x0900_0000
  /// The PL031 real-time clock.
  public static let clock: UInt64 = 0x0901_0000
  /// The first of 32 virtio-mmio windows, 512 bytes each.
  public static let virtio: UInt64 = 0x0a00_0000
  /// The base of RAM.
  public static let memory: UInt64 = 0x4000_0000

  /// The virtual timer's private interrupt.
  public static let virtualTimerInterrupt: UInt32 = 27
  /// The EL1 physical timer's private interrupt.
  public static let physicalTimerInterrupt: UInt32 = 30
  /// The UART's interrupt: SPI 1.
  public static let uartInterrupt: UInt32 = 33
}

/// One device's registers, at byte offsets from its base.
public struct RegisterBlock {
  /// The address of offset 0.
  public let base: UInt64

  /// The registers at `base`.
  public init(_ base: UInt64) { self.base = base }

  /// The 32-bit register at `offset` bytes.
  @inline(__always) public subscript(offset: UInt64) -> UInt32 {
    get { UInt32(truncatingIfNeeded: guest_load32(base &+ offset)) }
    nonmutating set { guest_store32(base &+ offset, UInt64(newValue)) }
  }
}
