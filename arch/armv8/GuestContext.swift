internal import ARMv8Assembly
public import Architecture

/// All that one vCPU owns of a CPU while it is not loaded. In AArch32 its general registers are those of all modes, under the
/// numbers that AArch64 gives them (DDI 0487, G1.9.1).
public struct GuestContext: ~Copyable {
  /// As the trap frame has them, which has room for 32.
  private var general: [32 of UInt64] = .init(repeating: 0)
  private var programCounter: UInt64 = 0
  private var state: UInt64 = 0
  private var registers = GuestRegisters()
  private var rare = RareRegisters()
  /// q0 to q31, FPSR and FPCR.
  private var floatingPoint: [66 of UInt64] = .init(repeating: 0)
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
    rare = RareRegisters(of: instructionSet)
    switch instructionSet {
    case .aarch64:
      programCounter = entry
      state = 0xf << 6 | 0b00101
    case .aarch32:
      programCounter = entry & ~1
      state = 0b111 << 6 | 0b10011 | (entry & 1) << 5
    }
    floatingPoint = .init(repeating: 0)
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

  /// The virtual timer's control register. While the vCPU is not loaded the timer is off, and whoever keeps the vCPU looks
  /// at this and at the compare value to know when to wake it.
  public var timerControl: UInt64 { registers.timerControl }

  /// CNTV_CVAL_EL0, in ticks of the guest's virtual counter.
  public var timerCompareValue: UInt64 { registers.timerCompareValue }

  /// Takes the vCPU out of this CPU; FP and SIMD stay, for nobody else may want them. `floatingPointTraps` says whether they
  /// trap now.
  @inline(__always)
  public mutating func save(from frame: TrapFrame, floatingPointTraps: Bool) {
    saveUsual(from: frame)
    if !rare.areNone { saveRare(floatingPointTraps: floatingPointTraps) }
  }

  @inline(never)
  private mutating func saveRare(floatingPointTraps: Bool) {
    if rare.isAArch32 { registers.keepDebugEntry() }
    rare.save(floatingPointTraps: floatingPointTraps)
  }

  /// What every vCPU has. A function that calls no other, which needs no frame of its own.
  @inline(never)
  private mutating func saveUsual(from frame: TrapFrame) {
    unsafe withUnsafeMutablePointer(to: &general) { unsafe frame.copy(to: $0) }
    (programCounter, state) = (read_elr_el2(), read_spsr_el2())
    registers.save()
  }

  /// Puts the vCPU into this CPU, with `counterOffset` between the system counter and the guest's virtual one.
  ///
  /// AArch32's registers come first: written after AArch64's, DACR32_EL2 may be lost (Cortex-A57 852523, Cortex-A72 853709).
  ///
  /// Changes nothing here, but is `mutating`: a value of this size that is only read is copied first.
  @inline(__always)
  public mutating func load(into frame: TrapFrame, counterOffset: UInt64) {
    if !rare.areNone { rare.load() }
    loadUsual(into: frame, counterOffset: counterOffset)
  }

  @inline(never)
  private mutating func loadUsual(into frame: TrapFrame, counterOffset: UInt64) {
    unsafe withUnsafeMutablePointer(to: &general) { unsafe frame.copy(from: $0) }
    write_elr_el2(programCounter)
    write_spsr_el2(state)
    write_vmpidr_el2(identity)
    write_cntvoff_el2(counterOffset)
    registers.load()
  }

  /// Lets the next FP or SIMD instruction of the vCPU, which has just been loaded, trap or not. `current` is how that stands in
  /// the hardware.
  @inline(__always)
  public mutating func setFloatingPointTrap(_ traps: Bool, current: inout Bool) {
    if traps != current || rare.isAArch32 { changeFloatingPointTrap(traps, current: &current) }
  }

  @inline(never)
  private mutating func changeFloatingPointTrap(_ traps: Bool, current: inout Bool) {
    current = traps
    TrapControls.setFloatingPointTrap(traps)
    if !traps { rare.loadFloatingPointControl() }
  }

  /// Gives the vCPU, which is loaded, another debug control register, MDSCR_EL1.
  public mutating func setDebugControl(_ value: UInt64) { registers.setDebugControl(value) }

  /// Writes a breakpoint's or watchpoint's register of the vCPU, which is loaded; false where the CPU has not so many.
  public mutating func writeBreakpoint(_ register: SystemRegister, _ value: UInt64) -> Bool {
    rare.writeBreakpoint(register, value)
  }

  /// What a breakpoint's or watchpoint's register of the vCPU has; nil where the CPU has not so many.
  public mutating func readBreakpoint(_ register: SystemRegister) -> UInt64? { rare.readBreakpoint(register) }

  /// The vCPU leaves the CPU it is loaded on and will not go on: what would concern the next one there ends.
  public func discard() { rare.discard() }

  /// Takes FP and SIMD state out of this CPU, where it has been this vCPU's.
  public mutating func saveFloatingPoint() {
    unsafe withUnsafeMutablePointer(to: &floatingPoint) { unsafe save_floating_point($0) }
  }

  /// Puts FP and SIMD state into this CPU.
  public mutating func loadFloatingPoint() {
    unsafe withUnsafeMutablePointer(to: &floatingPoint) { unsafe load_floating_point($0) }
    rare.loadFloatingPointControl()
  }
}
