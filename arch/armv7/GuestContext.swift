internal import ARMv7Assembly
public import Architecture

/// All that one ARMv7 vCPU owns of a CPU while it is not loaded.
public struct GuestContext: ~Copyable {
  /// r0 to r12 and LR_usr, as the trap frame has them: r13 is one of the banked registers.
  private var general: [16 of UInt32] = .init(repeating: 0)
  private var registers = guest_registers()
  private var rare = RareRegisters()
  private var floatingPointControl: UInt32 = 0
  /// ID_PFR0.State3: the CPU has T32EE, and with it TEECR and TEEHBR (A2.10.3).
  private var hasThumbEE = false
  private var thumbEEControl: UInt32 = 0
  private var thumbEEHandlerBase: UInt32 = 0
  /// d0 to d31; FPSCR in the upper half of the last.
  private var floatingPoint: [33 of UInt64] = .init(repeating: 0)
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
    registers = guest_registers()
    registers.elr_hyp = UInt32(truncatingIfNeeded: entry & ~1)
    registers.spsr_hyp = 0b111 << 6 | 0b10011 | (isThumb ? 1 << 5 : 0)
    // The MMU and caches off, the bits that are one on every CPU with these extensions (B4.1.130: 23, 22, 18, 16, 6, 4, 3),
    // and CP15BEN.
    registers.sctlr = 0x00c5_0078
    rare = .ofThisCPU
    hasThumbEE = read_id_pfr0() >> 12 & 0xf != 0
    thumbEEControl = 0
    thumbEEHandlerBase = 0
    floatingPoint = .init(repeating: 0)
    floatingPointControl = 0
  }

  /// Passes the device tree to a kernel, as its boot protocol asks for: r0 = 0, r1 = no machine's number, r2 = the tree
  /// (Documentation/arch/arm/booting.rst).
  public mutating func passDeviceTree(at address: UInt64) {
    general[0] = 0
    general[1] = ~0
    general[2] = UInt32(truncatingIfNeeded: address)
  }

  /// Where the vCPU goes on when it is loaded next.
  public var resumeAddress: UInt64 { UInt64(registers.elr_hyp) }

  /// The virtual timer's control register. While the vCPU is not loaded the timer is off, and whoever keeps the vCPU looks
  /// at this and at the compare value to know when to wake it.
  public var timerControl: UInt64 { UInt64(registers.cntv_ctl) }

  /// CNTV_CVAL, in ticks of the guest's virtual counter.
  public var timerCompareValue: UInt64 { registers.cntv_cval }

  /// Takes the vCPU out of this CPU; FP and SIMD stay, for nobody else may want them. `floatingPointTraps` says whether they
  /// trap now.
  public mutating func save(from frame: TrapFrame, floatingPointTraps: Bool) {
    unsafe withUnsafeMutablePointer(to: &general) { unsafe frame.copy(to: $0) }
    // At each switch: with FPEXC.EN = 0 an FP instruction goes to PL1, trapped or not. Where HCPTR traps, what the hardware
    // has is not the guest's.
    if !floatingPointTraps { floatingPointControl = read_fpexc() }
    unsafe withUnsafeMutablePointer(to: &registers) { unsafe save_guest_registers($0) }
    if hasThumbEE {
      thumbEEControl = read_teecr()
      thumbEEHandlerBase = read_teehbr()
    }
    if !rare.areNone { rare.save() }
  }

  /// Puts the vCPU into this CPU, with `counterOffset` between the system counter and the guest's virtual one.
  ///
  /// Changes nothing here, but is `mutating`: a value of this size that is only read is copied first.
  public mutating func load(into frame: TrapFrame, counterOffset: UInt64) {
    unsafe withUnsafeMutablePointer(to: &general) { unsafe frame.copy(from: $0) }
    write_vmpidr(identity)
    write_cntvoff(counterOffset)
    unsafe withUnsafeMutablePointer(to: &registers) { unsafe load_guest_registers($0) }
    if hasThumbEE {
      write_teecr(thumbEEControl)
      write_teehbr(thumbEEHandlerBase)
    }
    if !rare.areNone { rare.load() }
  }

  /// Lets the next FP or SIMD instruction of the vCPU, which has just been loaded, trap or not. `current` is how that stands in
  /// the hardware, where it is the same for all whose FP traps.
  @inline(__always)
  public mutating func setFloatingPointTrap(_ traps: Bool, current: inout Bool) {
    if !traps || !current { changeFloatingPointTrap(traps, current: &current) }
  }

  @inline(never)
  private mutating func changeFloatingPointTrap(_ traps: Bool, current: inout Bool) {
    current = traps
    TrapControls.setFloatingPointTrap(traps)
    if !traps { write_fpexc(floatingPointControl) }
  }

  /// Gives the vCPU, which is loaded, another debug control register, DBGDSCR.
  public mutating func setDebugControl(_ value: UInt64) {
    write_dbgdscr(UInt32(truncatingIfNeeded: value | Processor.debugEntry))
  }

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
    write_fpexc(floatingPointControl)
  }
}
