internal import ARMv7Assembly
public import Architecture

/// All that one ARMv7 vCPU owns of a CPU while it is not loaded.
public struct GuestContext: ~Copyable {
  /// r0 to r12 and LR_usr, as the trap frame numbers them: r13 is one of the banked registers.
  private var general: [15 of UInt32] = .init(repeating: 0)
  private var programCounter: UInt32 = 0
  private var state: UInt32 = 0
  private var banked = BankedRegisters()
  private var registers = GuestRegisters()
  private var breakpoints = Breakpoints()
  private var floatingPointControl: UInt32 = 0
  /// d0 to d31; FPSCR in the upper half of the last.
  private var floatingPoint: [33 of UInt64] = .init(repeating: 0)
  /// The virtual timer's control register and compare value. While the vCPU is not loaded the timer is off, and whoever
  /// keeps the vCPU looks at these to know when to wake it.
  public private(set) var timerControl: UInt64 = 0
  /// CNTV_CVAL, in ticks of the guest's virtual counter.
  public private(set) var timerCompareValue: UInt64 = 0
  /// VMPIDR: the guest's MPIDR, in the format of the Multiprocessing Extensions.
  private let identity: UInt32

  /// A vCPU that answers to the affinity `identity` and has not been started. There is but one instruction set.
  public init(affinity: UInt64, instructionSet: InstructionSet) {
    identity = UInt32(truncatingIfNeeded: affinity & 0xff_ffff) | 1 << 31
  }

  /// Makes the vCPU what PSCI's CPU_ON asks for: Supervisor mode, everything masked, MMU off, r0 = `argument`, at
  /// `entry`, whose bit 0 asks for Thumb (DEN 0022 §6.4).
  public mutating func reset(entry: UInt64, argument: UInt64) {
    general = .init(repeating: 0)
    general[0] = UInt32(truncatingIfNeeded: argument)
    let isThumb = entry & 1 != 0
    programCounter = UInt32(truncatingIfNeeded: entry & ~1)
    state = 0b111 << 6 | 0b10011 | (isThumb ? 1 << 5 : 0)
    banked = BankedRegisters()
    registers = GuestRegisters()
    breakpoints = Breakpoints()
    floatingPoint = .init(repeating: 0)
    floatingPointControl = 0
    timerControl = 0
    timerCompareValue = 0
  }

  /// Passes the device tree to a kernel, as its boot protocol asks for: r0 = 0, r1 = no machine's number, r2 = the tree
  /// (Documentation/arch/arm/booting.rst).
  public mutating func passDeviceTree(at address: UInt64) {
    general[0] = 0
    general[1] = ~0
    general[2] = UInt32(truncatingIfNeeded: address)
  }

  /// Where the vCPU goes on when it is loaded next.
  public var resumeAddress: UInt64 { UInt64(programCounter) }

  /// Takes the vCPU out of this CPU; FP and SIMD stay, for nobody else may want them.
  public mutating func save(from frame: TrapFrame) {
    for index in 0..<15 { general[index] = frame[word: UInt8(truncatingIfNeeded: index)] }
    // At each switch: with FPEXC.EN = 0 an FP instruction goes to PL1, trapped or not. Where HCPTR traps, what the hardware
    // has is not the guest's.
    if !TrapControls.trapsFloatingPoint { floatingPointControl = read_fpexc() }
    programCounter = read_elr_hyp()
    state = read_spsr_hyp()
    timerControl = UInt64(read_cntv_ctl())
    timerCompareValue = read_cntv_cval()
    write_cntv_ctl(0)
    banked.save()
    registers.save()
    breakpoints.save()
  }

  /// Puts the vCPU into this CPU, with `counterOffset` between the system counter and the guest's virtual one.
  ///
  /// Changes nothing here, but is `mutating`: a value of this size that is only read is copied first.
  public mutating func load(into frame: TrapFrame, counterOffset: UInt64) {
    for index in 0..<15 { frame[word: UInt8(truncatingIfNeeded: index)] = general[index] }
    write_elr_hyp(programCounter)
    write_spsr_hyp(state)
    write_vmpidr(identity)
    banked.load()
    registers.load()
    breakpoints.load()
    TrapControls.setFloatingPointTrap(false)
    write_fpexc(floatingPointControl)
    write_cntvoff(counterOffset)
    write_cntv_cval(timerCompareValue)
    write_cntv_ctl(UInt32(truncatingIfNeeded: timerControl))
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
    write_fpexc(floatingPointControl)
  }
}
