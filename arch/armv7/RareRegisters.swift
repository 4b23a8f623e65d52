internal import ARMv7Assembly
internal import Architecture

/// What a vCPU owns that most vCPUs on most CPUs do not have or do not use: one test for each change of vCPU finds that there
/// is nothing of it. While a vCPU without it is loaded, the hardware has it as after reset.
struct RareRegisters {
  /// Which of it this vCPU has.
  private struct Kinds: OptionSet {
    let rawValue: UInt8
    /// The CPU has bits in ADFSR, AIFSR, AMAIR0 or AMAIR1, which are implementation defined and often none.
    static let auxiliary = Kinds(rawValue: 1 << 0)
    /// It has written a breakpoint or a watchpoint.
    static let breakpoints = Kinds(rawValue: 1 << 1)
  }

  private var kinds: Kinds = []
  private var breakpoints = Breakpoints()
  private var dataFaultStatus: UInt32 = 0
  private var instructionFaultStatus: UInt32 = 0
  private var memoryAttributes0: UInt32 = 0
  private var memoryAttributes1: UInt32 = 0

  /// Nothing, for a vCPU that was never reset.
  init() {}

  /// What a vCPU has, on this CPU, when it starts.
  static var ofThisCPU: RareRegisters {
    var registers = RareRegisters()
    if unsafe hasAuxiliary { registers.kinds.insert(.auxiliary) }
    return registers
  }

  /// True where there is nothing to save and nothing to load.
  @inline(__always)
  var areNone: Bool { kinds.isEmpty }

  /// Whether one of the CPUs has implementation-defined registers at PL1: set before any guest runs.
  nonisolated(unsafe) private static var hasAuxiliary = false

  /// Finds out what this CPU has, before any guest runs on it, and leaves all of it as after reset.
  static func probe() {
    write_adfsr(.max)
    write_aifsr(.max)
    write_amair0(.max)
    write_amair1(.max)
    if read_adfsr() | read_aifsr() | read_amair0() | read_amair1() != 0 { unsafe hasAuxiliary = true }
    write_adfsr(0)
    write_aifsr(0)
    write_amair0(0)
    write_amair1(0)
    Breakpoints.clear()
  }

  /// Takes it out of the hardware.
  @inline(never)
  mutating func save() {
    if kinds.contains(.breakpoints) { breakpoints.save() }
    guard kinds.contains(.auxiliary) else { return }
    dataFaultStatus = read_adfsr()
    instructionFaultStatus = read_aifsr()
    memoryAttributes0 = read_amair0()
    memoryAttributes1 = read_amair1()
  }

  /// Puts it into the hardware.
  @inline(never)
  mutating func load() {
    if kinds.contains(.breakpoints) { breakpoints.load() }
    guard kinds.contains(.auxiliary) else { return }
    write_adfsr(dataFaultStatus)
    write_aifsr(instructionFaultStatus)
    write_amair0(memoryAttributes0)
    write_amair1(memoryAttributes1)
  }

  /// The vCPU, which is loaded, will not go on: what would concern the next one in the hardware ends.
  func discard() {
    if kinds.contains(.breakpoints) { Breakpoints.clear() }
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
}
