internal import ArmRegisters

/// The interrupt controllers of the Raspberry Pi 2 and 3, seen as if they were one GIC without priorities: the BCM2836's
/// local one (BCM2836 ARM-local peripherals, "QA7", rev 3.4 §4), whose mailboxes are the software-generated interrupts, and
/// behind it the BCM2835's for the peripherals (BCM2835 ARM Peripherals §7.5).
///
/// INTIDs are 0 to 15 for bits of mailbox 0; 16 + n for the core's own source n (0 to 3: its timers, in the order secure,
/// non-secure, hypervisor, virtual); and 32 + 32 × bank + n for the peripherals', bank and n as the tree's cells have them. An
/// active interrupt is one that is masked: the lines are levels, and nothing else keeps them from coming again.
public struct BCM2836Controller: Sendable {
  private let local: UInt
  private let shared: UInt
  private let core: UInt

  /// The controllers whose registers are mapped at `local` and `shared`, as the CPU with the number `core`, 0 to 3, uses them.
  public init(local: UInt, shared: UInt, core: UInt) {
    self.local = local
    self.shared = shared
    self.core = core
  }

  private enum Local {
    static let control: UInt = 0x00
    static let prescaler: UInt = 0x08
    static let peripheralRouting: UInt = 0x0c
    static let timerControl: UInt = 0x40
    static let mailboxControl: UInt = 0x50
    static let source: UInt = 0x60
    static let mailboxSet: UInt = 0x80
    static let mailboxClear: UInt = 0xc0
  }

  private enum Shared {
    static let pending: UInt = 0x00
    static let enable: UInt = 0x10
    static let disable: UInt = 0x1c
    /// Banks 0 to 2 are the ARM's own eight, then two of 32: the enable and disable registers have the first one last.
    static func offset(of bank: UInt) -> UInt { bank == 0 ? 8 : (bank - 1) * 4 }
  }

  private static let nothing: UInt32 = 1023

  /// How many interrupt IDs there are.
  public var interruptCount: Int { 128 }

  /// Turns the peripherals' interrupts off and sends what is enabled later to this CPU; once, from one CPU.
  ///
  /// The cores' timers count the crystal's clock, one by one, which is what CNTFRQ says: the firmware's stub for 64 bits sees to
  /// that, the one for 32 bits does not, and after a reset the counter stands still (QA7 §3.1, "Core timer").
  public func initializeDistributor() {
    // Bits 8 and 9 clear: the crystal, steps of 1. 2³¹ / prescaler is 1.
    device_store32(local + Local.control, 0)
    device_store32(local + Local.prescaler, 1 << 31)
    for bank in 0..<3 as Range<UInt> { device_store32(shared + Shared.disable + Shared.offset(of: bank), ~0) }
    device_store32(local + Local.peripheralRouting, UInt32(truncatingIfNeeded: core))
  }

  /// Turns this CPU's timers off and its mailbox 0 on, empty.
  public func initializeCPU() {
    device_store32(local + Local.timerControl + core * 4, 0)
    device_store32(local + Local.mailboxClear + core * 16, ~0)
    device_store32(local + Local.mailboxControl + core * 4, 1)
  }

  /// Takes a pending interrupt: the core's timers first, then other CPUs' requests, then the peripherals'. 1023 is none.
  public func acknowledge() -> UInt32 {
    let source = device_load32(local + Local.source + core * 4)
    let id: UInt32
    if source & 0xf != 0 {
      id = 16 + UInt32(truncatingIfNeeded: (source & 0xf).trailingZeroBitCount)
    } else if source & 1 << 4 != 0 {
      return takeSoftwareInterrupt()
    } else if source & 1 << 8 != 0 {
      id = pendingPeripheral()
    } else {
      return Self.nothing
    }
    if id != Self.nothing { setActive(UInt16(truncatingIfNeeded: id), true) }
    return id
  }

  private func takeSoftwareInterrupt() -> UInt32 {
    let mailbox = local + Local.mailboxClear + core * 16
    let bits = device_load32(mailbox) & 0xffff
    guard bits != 0 else { return Self.nothing }
    let id = UInt32(truncatingIfNeeded: bits.trailingZeroBitCount)
    device_store32(mailbox, 1 << id)
    // The store is on its way when the next instruction runs. Whoever sends again meanwhile, for something that he has put down since
    // we looked, would have his bit cleared too: we go on when it has arrived, as the value read back shows.
    _ = device_load32(mailbox)
    barrier_complete()
    return id
  }

  private func pendingPeripheral() -> UInt32 {
    for bank in 0..<3 as Range<UInt> {
      // Bank 0's register has copies of the others' bits above its own eight.
      let bits = device_load32(shared + Shared.pending + bank * 4) & (bank == 0 ? 0xff : ~0)
      if bits != 0 { return 32 + UInt32(truncatingIfNeeded: bank) * 32 + UInt32(bits.trailingZeroBitCount) }
    }
    return Self.nothing
  }

  /// There are no priorities.
  public func dropPriority(_ acknowledged: UInt32) {}

  /// Ends an interrupt that the hypervisor served itself.
  public func deactivate(_ acknowledged: UInt32) { setActive(UInt16(truncatingIfNeeded: acknowledged & 0x3ff), false) }

  /// Lets an interrupt come.
  public func enable(_ id: UInt16) { setActive(id, false) }

  /// Masks an interrupt that is enabled, or lets it come again. A software-generated one is over as soon as it is taken.
  @inline(never)
  public func setActive(_ id: UInt16, _ isActive: Bool) {
    if id >= 32 {
      let bank = UInt(id - 32) / 32
      guard bank < 3 else { return }
      let register = (isActive ? Shared.disable : Shared.enable) + Shared.offset(of: bank)
      device_store32(shared + register, 1 << UInt32(id % 32))
    } else if 16..<20 ~= id {
      let register = local + Local.timerControl + core * 4
      let bit = 1 << UInt32(id - 16) as UInt32
      let control = device_load32(register)
      device_store32(register, isActive ? control & ~bit : control | bit)
    }
  }

  /// The level of an active interrupt's line. Those of what is masked are shown nowhere: a peripheral's is let through for
  /// as long as it takes to look.
  @inline(never)
  public func isLineHigh(_ id: UInt16) -> Bool {
    let bank = UInt(id &- 32) / 32
    guard id >= 32, bank < 3 else { return true }
    setActive(id, false)
    let bits = device_load32(shared + Shared.pending + bank * 4)
    setActive(id, true)
    return bits >> UInt32(id % 32) & 1 != 0
  }

  /// What other CPUs give to `send` to send the software-generated interrupt `id` to this CPU: the mailbox's offset and bit.
  public func softwareInterruptToSelf(_ id: UInt16) -> UInt64 {
    UInt64(Local.mailboxSet + core * 16) << 32 | 1 << UInt64(id & 15)
  }

  /// Sends a software-generated interrupt.
  public func send(_ softwareInterrupt: UInt64) {
    // What it tells of is there before it.
    barrier_complete()
    device_store32(local + UInt(softwareInterrupt >> 32), UInt32(truncatingIfNeeded: softwareInterrupt))
  }
}
