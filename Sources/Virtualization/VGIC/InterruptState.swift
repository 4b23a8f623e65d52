/// All that the model knows of one interrupt: 16 bytes, one for each SPI and one for each SGI and PPI of each vCPU.
///
/// What the guest sees as "pending" is the union of three things: a latch in the model, a latch that has moved into a
/// list register, and, for a level-sensitive interrupt, the line itself. What it sees as "active" is either here or in a
/// list register, never in both.
struct InterruptState {
  /// The single bits of the state.
  struct Flags: OptionSet {
    var rawValue: UInt16

    /// GICD_ISENABLER: the distributor may forward the interrupt.
    static let enabled = Flags(rawValue: 1 << 0)
    /// An edge, a software request or a hardware interrupt is waiting here, in the model.
    static let latched = Flags(rawValue: 1 << 1)
    /// The list register's pending bit stands for such a latch. Falls when the guest acknowledges.
    static let latchedInRegister = Flags(rawValue: 1 << 2)
    /// The wire is high.
    static let high = Flags(rawValue: 1 << 3)
    /// Active with no list register to say so.
    static let active = Flags(rawValue: 1 << 4)
    /// Edge-triggered rather than level-sensitive (GICD_ICFGR).
    static let edge = Flags(rawValue: 1 << 5)
    /// Group 1 rather than group 0 (GICD_IGROUPR).
    static let group1 = Flags(rawValue: 1 << 6)
    /// A physical interrupt is active on behalf of this one and has to be deactivated some day.
    static let linked = Flags(rawValue: 1 << 7)
    /// The list register lost its HW bit: software deactivates the physical interrupt once the guest has deactivated.
    static let deactivatesInSoftware = Flags(rawValue: 1 << 8)
    /// The guest has set the active bit of an interrupt that is in a list register.
    static let activationAsked = Flags(rawValue: 1 << 9)
    /// The guest has cleared the active bit of an interrupt that is in a list register.
    static let deactivationAsked = Flags(rawValue: 1 << 10)
    /// The physical interrupt came while a list register was linked: the guest must have deactivated it there before.
    static let linkedAgain = Flags(rawValue: 1 << 11)
    /// Active because the guest set the active bit, not because a vCPU acknowledged it: no end of interrupt is owed.
    static let activatedByRequest = Flags(rawValue: 1 << 12)
    /// Software is a reason of `latched`, or the only one: no line takes that back by falling (GICD_ISPENDR).
    static let requested = Flags(rawValue: 1 << 13)
    /// The same of `latchedInRegister`.
    static let requestedInRegister = Flags(rawValue: 1 << 14)

    /// The physical interrupt is edge-triggered: it has no line that could fall.
    static let hasNoLine = Flags(rawValue: 1 << 15)

    /// What waits in the model, and why.
    static let allLatched: Flags = [.latched, .requested]
    /// The same of what is in a list register: each flag is one bit above the model's.
    static let allLatchedInRegister: Flags = [.latchedInRegister, .requestedInRegister]

    /// Where none of these is set, a list register that the guest has emptied leaves nothing to be done but to note it.
    static let needsCareWhenEmptied: Flags = [
      .deactivatesInSoftware, .activationAsked, .deactivationAsked, .activatedByRequest,
    ]
  }

  /// Stands for "in no list register".
  static var noRegister: UInt8 { 0xff }
  /// Stands for "forwarded to no vCPU".
  static var noTarget: UInt8 { 0xff }

  var flags: Flags
  /// The guest's priority; the lower three bits are always zero, as in hardware with 32 levels.
  var priority: UInt8
  /// GICv2 SGIs: one bit for each vCPU whose request waits here, in the model.
  var sources: UInt8 = 0
  /// The physical INTID behind a linked interrupt.
  var physicalID: UInt16 = 0
  /// The vCPU that the interrupt is forwarded to.
  var target: UInt8
  /// The list register that holds the interrupt.
  var listRegister: UInt8 = noRegister
  /// The vCPU that `listRegister` belongs to, or that is handling an interrupt that was evicted.
  var owner: UInt8 = 0
  /// While the interrupt is evicted, what its list register held when it was acknowledged: the priority, which is what the
  /// end of interrupt drops, and in bit 0 the group.
  var heldPriority: UInt8 = 0
  /// While the interrupt is evicted, the source that its list register held.
  var heldSource: UInt8 = 0
  /// The queue of its vCPU's candidates in which the interrupt waits for a list register.
  var queue: UInt8 = CandidateQueue.none
  /// What the guest wrote to say where an SPI goes: GICD_ITARGETSR's mask, or GICD_IROUTER's Aff3.Aff2.Aff1.Aff0.
  var route: UInt32 = 0

  /// The state after reset of an interrupt that goes to `target`.
  init(flags: Flags, target: UInt8) {
    self.flags = flags
    self.priority = 0
    self.target = target
  }

  /// True where a list register holds the interrupt, or held it when the model last looked.
  var isInRegister: Bool { listRegister != Self.noRegister }

  /// True where a vCPU is handling the interrupt (it has acknowledged and not yet deactivated it) without a list register
  /// that says so, because others needed it more.
  var isEvicted: Bool { flags.contains(.active) && !flags.contains(.activatedByRequest) }

  /// True where the model holds a request that is in no list register.
  var isLatched: Bool { flags.contains(.latched) || sources != 0 }

  /// True where the line alone makes the interrupt pending.
  var isHeldHigh: Bool { flags.contains(.high) && !flags.contains(.edge) }

  /// True where the interrupt is pending for a reason that no list register holds.
  var isWaiting: Bool { isLatched || isHeldHigh }

  /// True where a physical line says whether the interrupt is pending, beside software.
  var hangsOnLine: Bool { flags.intersection([.linked, .edge, .hasNoLine]) == .linked }

  /// True where the interrupt is pending because its physical interrupt came and for no other reason, so that it is not any
  /// more if that one's line has fallen: pending of a level-sensitive interrupt is its line, or a write to GICD_ISPENDR
  /// (IHI 0048B §3.2.4).
  var followsPhysicalLine: Bool {
    guard hangsOnLine else { return false }
    // Each request's bit lies twelve above that of what it is a reason for.
    let reasons = flags.intersection([.latched, .latchedInRegister]).rawValue
    return reasons & ~(flags.rawValue >> 12) != 0
  }

  /// What GICD_ISPENDR reads, as of the last look at the list registers.
  var isPending: Bool { isWaiting || flags.contains(.latchedInRegister) }
}

extension InterruptState.Flags {
  /// Lets a list register have what waits in the model.
  @inline(__always)
  mutating func moveLatchIntoRegister() {
    let moved = intersection(.allLatched).rawValue
    rawValue = rawValue & ~moved | moved << 1
  }

  /// The other way round.
  mutating func moveLatchFromRegister() {
    let moved = intersection(.allLatchedInRegister).rawValue
    rawValue = rawValue & ~moved | moved >> 1
  }

  /// Sets or clears all of `members`.
  mutating func set(_ members: Self, to isSet: Bool) {
    if isSet { insert(members) } else { remove(members) }
  }
}
