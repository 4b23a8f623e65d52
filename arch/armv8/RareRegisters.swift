internal import ARMv8Assembly
internal import Architecture

/// What a vCPU owns of EL1 that most vCPUs on most CPUs do not have or do not use: one test for each change of vCPU finds
/// that there is nothing of it. While a vCPU without it is loaded, the hardware has it as after reset.
struct RareRegisters {
  /// Which of it this vCPU has.
  private struct Kinds: OptionSet {
    let rawValue: UInt8
    /// Its EL1 is in AArch32.
    static let aarch32 = Kinds(rawValue: 1 << 0)
    /// The CPU has RAS, and with it VDISR_EL2: what the guest's DISR_EL1 is, RAS hidden or not, while SErrors are routed to us.
    static let deferredError = Kinds(rawValue: 1 << 1)
    /// The CPU has bits in AFSR0_EL1, AFSR1_EL1 or AMAIR_EL1, which are implementation defined and often none.
    static let auxiliary = Kinds(rawValue: 1 << 2)
    /// It has written a breakpoint or a watchpoint.
    static let breakpoints = Kinds(rawValue: 1 << 3)
  }

  private var kinds: Kinds = []
  private var registers32 = AArch32Registers()
  private var breakpoints = Breakpoints()
  private var deferredError: UInt64 = 0
  private var faultStatus0: UInt64 = 0
  private var faultStatus1: UInt64 = 0
  private var memoryAttributes: UInt64 = 0

  /// Nothing, for a vCPU that was never reset.
  init() {}

  /// What a vCPU has, on this CPU, when it starts.
  init(of instructionSet: InstructionSet) {
    if instructionSet == .aarch32 { kinds.insert(.aarch32) }
    if read_id_aa64pfr0_el1() >> 28 & 0xf != 0 { kinds.insert(.deferredError) }
    if unsafe Self.hasAuxiliary { kinds.insert(.auxiliary) }
  }

  /// True where there is nothing to save and nothing to load.
  @inline(__always)
  var areNone: Bool { kinds.isEmpty }

  /// True where EL1 is in AArch32.
  @inline(__always)
  var isAArch32: Bool { kinds.contains(.aarch32) }

  /// Whether one of the CPUs has implementation-defined registers at EL1: set before any guest runs.
  nonisolated(unsafe) private static var hasAuxiliary = false

  /// Finds out what this CPU has, before any guest runs on it, and leaves all of it as after reset.
  static func probe() {
    let other = HostExtensions.areInUse
    write_guest_afsr0(other, .max)
    write_guest_afsr1(other, .max)
    write_guest_amair(other, .max)
    if read_guest_afsr0(other) | read_guest_afsr1(other) | read_guest_amair(other) != 0 { unsafe hasAuxiliary = true }
    write_guest_afsr0(other, 0)
    write_guest_afsr1(other, 0)
    write_guest_amair(other, 0)
    Breakpoints.clear()
  }

  /// Takes it out of the hardware.
  @inline(never)
  mutating func save(floatingPointTraps: Bool) {
    if kinds.contains(.deferredError) { deferredError = read_vdisr() }
    if kinds != .deferredError { saveOthers(floatingPointTraps: floatingPointTraps) }
  }

  @inline(never)
  private mutating func saveOthers(floatingPointTraps: Bool) {
    if kinds.contains(.breakpoints) { breakpoints.save() }
    if kinds.contains(.auxiliary) {
      let other = HostExtensions.areInUse
      faultStatus0 = read_guest_afsr0(other)
      faultStatus1 = read_guest_afsr1(other)
      memoryAttributes = read_guest_amair(other)
    }
    if isAArch32 {
      registers32.save()
      if !floatingPointTraps { registers32.saveFloatingPointControl() }
      TrapControls.setInstructionSet(.aarch64)
    }
  }

  /// Puts it into the hardware.
  @inline(never)
  mutating func load() {
    if kinds.contains(.deferredError) { write_vdisr(deferredError) }
    if kinds != .deferredError { loadOthers() }
  }

  @inline(never)
  private mutating func loadOthers() {
    if kinds.contains(.breakpoints) { breakpoints.load() }
    if kinds.contains(.auxiliary) {
      let other = HostExtensions.areInUse
      write_guest_afsr0(other, faultStatus0)
      write_guest_afsr1(other, faultStatus1)
      write_guest_amair(other, memoryAttributes)
    }
    if isAArch32 {
      registers32.load()
      TrapControls.setInstructionSet(.aarch32)
    }
  }

  /// The vCPU, which is loaded, will not go on: what would concern the next one in the hardware ends.
  func discard() {
    if kinds.contains(.breakpoints) { Breakpoints.clear() }
    if isAArch32 { TrapControls.setInstructionSet(.aarch64) }
  }

  /// Writes the hardware's register, for the vCPU that is loaded; false where there is none.
  mutating func writeBreakpoint(_ register: SystemRegister, _ value: UInt64) -> Bool {
    if value != 0 && !kinds.contains(.breakpoints) {
      kinds.insert(.breakpoints)
      // The hardware's are from now on its own, and not what another one has left there.
      breakpoints.load()
    }
    return breakpoints.write(register, value)
  }

  /// What a breakpoint's or watchpoint's register of this vCPU has; nil where the CPU has not so many.
  mutating func readBreakpoint(_ register: SystemRegister) -> UInt64? { breakpoints.read(register) }

  /// Puts FPEXC into the hardware, in AArch32. CPTR_EL2.TFP must be clear.
  func loadFloatingPointControl() {
    if isAArch32 { registers32.loadFloatingPointControl() }
  }
}
