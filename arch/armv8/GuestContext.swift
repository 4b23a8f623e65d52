internal import ARMv8Assembly
public import Architecture

/// All that one vCPU owns of a CPU while it is not loaded. In AArch32 its general registers are those of all modes, under the
/// numbers that AArch64 gives them (DDI 0487, G1.9.1).
public struct GuestContext: ~Copyable {
  private var general: [31 of UInt64] = .init(repeating: 0)
  private var programCounter: UInt64 = 0
  private var state: UInt64 = 0
  private var registers = GuestRegisters()
  private var registers32 = AArch32Registers()
  private var breakpoints = Breakpoints()
  /// q0 to q31, FPSR and FPCR.
  private var floatingPoint: [66 of UInt64] = .init(repeating: 0)
  /// The virtual timer's control register and compare value. While the vCPU is not loaded the timer is off, and whoever
  /// keeps the vCPU looks at these to know when to wake it.
  public private(set) var timerControl: UInt64 = 0
  /// CNTV_CVAL_EL0, in ticks of the guest's virtual counter.
  public private(set) var timerCompareValue: UInt64 = 0
  /// VMPIDR_EL2: the guest's MPIDR_EL1.
  private let identity: UInt64

  /// The instruction set of its EL1.
  private let instructionSet: InstructionSet

  /// A vCPU that answers to the affinity `identity` and has not been started.
  public init(affinity: UInt64, instructionSet: InstructionSet) {
    identity = affinity | 1 << 31
    self.instructionSet = instructionSet
  }

  /// Makes the vCPU what PSCI's CPU_ON asks for: EL1 with its own stack pointer, everything masked, MMU off, x0 =
  /// `argument`, at `entry` (DEN0022 §6.4). In AArch32 that is Supervisor mode, and bit 0 of `entry` asks for T32.
  public mutating func reset(entry: UInt64, argument: UInt64) {
    general = .init(repeating: 0)
    general[0] = argument
    registers = GuestRegisters(instructionSet)
    registers32 = AArch32Registers()
    breakpoints = Breakpoints()
    switch instructionSet {
    case .aarch64:
      programCounter = entry
      state = 0xf << 6 | 0b00101
    case .aarch32:
      programCounter = entry & ~1
      state = 0b111 << 6 | 0b10011 | (entry & 1) << 5
    }
    floatingPoint = .init(repeating: 0)
    timerControl = 0
    timerCompareValue = 0
  }

  /// Passes the device tree to a kernel, as its boot protocol asks for (Documentation/arch/arm64/booting.rst): in x0; in
  /// AArch32 in r2, with r0 = 0 and r1 = no machine's number (Documentation/arch/arm/booting.rst).
  public mutating func passDeviceTree(at address: UInt64) {
    guard instructionSet == .aarch32 else {
      general[0] = address
      return
    }
    general[0] = 0
    general[1] = 0xffff_ffff
    general[2] = address
  }

  /// Where the vCPU goes on when it is loaded next.
  public var resumeAddress: UInt64 { programCounter }

  /// Takes the vCPU out of this CPU; FP and SIMD stay, for nobody else may want them.
  public mutating func save(from frame: TrapFrame) {
    for index in 0..<31 { general[index] = frame[UInt8(truncatingIfNeeded: index)] }
    programCounter = read_elr_el2()
    state = read_spsr_el2()
    timerControl = GuestRegister.timerControl
    timerCompareValue = GuestRegister.timerCompareValue
    GuestRegister.timerControl = 0
    registers.save()
    breakpoints.save()
    if instructionSet == .aarch32 {
      registers32.save()
      registers32.saveFloatingPointControl()
    }
  }

  /// Puts the vCPU into this CPU, with `counterOffset` between the system counter and the guest's virtual one.
  ///
  /// Changes nothing here, but is `mutating`: a value of this size that is only read is copied first.
  public mutating func load(into frame: TrapFrame, counterOffset: UInt64) {
    for index in 0..<31 { frame[UInt8(truncatingIfNeeded: index)] = general[index] }
    write_elr_el2(programCounter)
    write_spsr_el2(state)
    write_vmpidr_el2(identity)
    registers.load()
    breakpoints.load()
    TrapControls.setInstructionSet(instructionSet)
    if instructionSet == .aarch32 {
      registers32.load()
      TrapControls.setFloatingPointTrap(false)
      registers32.loadFloatingPointControl()
    }
    write_cntvoff_el2(counterOffset)
    GuestRegister.timerCompareValue = timerCompareValue
    GuestRegister.timerControl = timerControl
  }

  /// Writes a breakpoint's or watchpoint's register of the vCPU, which is loaded; false where the CPU has not so many.
  public mutating func writeBreakpoint(_ register: SystemRegister, _ value: UInt64) -> Bool {
    breakpoints.write(register, value)
  }

  /// The vCPU leaves the CPU it is loaded on and will not go on: none of its breakpoints may hit another one's guest.
  public func discard() {
    if breakpoints.areUsed { Breakpoints.clear() }
  }

  /// Takes FP and SIMD state out of this CPU, where it has been this vCPU's.
  public mutating func saveFloatingPoint() {
    unsafe withUnsafeMutablePointer(to: &floatingPoint) { unsafe save_floating_point($0) }
  }

  /// Puts FP and SIMD state into this CPU.
  public mutating func loadFloatingPoint() {
    unsafe withUnsafeMutablePointer(to: &floatingPoint) { unsafe load_floating_point($0) }
    if instructionSet == .aarch32 { registers32.loadFloatingPointControl() }
  }
}
