internal import ARMv8Assembly

/// What a vCPU in AArch32 owns beside what AArch64 has names for (DDI 0487, G8 and D19.1): kept in the hardware while the
/// vCPU is loaded, here otherwise. Only CPUs with AArch32 at EL1 have these registers.
struct AArch32Registers {
  private var dacr: UInt64 = 0
  private var ifsr: UInt64 = 0
  private var stateAbort: UInt64 = 0
  private var stateUndefined: UInt64 = 0
  private var stateInterrupt: UInt64 = 0
  private var stateFastInterrupt: UInt64 = 0
  private var floatingPointControl: UInt64 = 0

  /// Takes the registers out of the hardware.
  mutating func save() {
    dacr = read_dacr32_el2()
    ifsr = read_ifsr32_el2()
    stateAbort = read_spsr_abt()
    stateUndefined = read_spsr_und()
    stateInterrupt = read_spsr_irq()
    stateFastInterrupt = read_spsr_fiq()
  }

  /// Puts the registers into the hardware, before AArch64's (see `GuestContext.load`).
  func load() {
    write_dacr32_el2(dacr)
    write_ifsr32_el2(ifsr)
    write_spsr_abt(stateAbort)
    write_spsr_und(stateUndefined)
    write_spsr_irq(stateInterrupt)
    write_spsr_fiq(stateFastInterrupt)
  }

  /// Takes FPEXC out of the hardware, at each switch: with FPEXC.EN = 0 an FP instruction goes to EL1, trapped or not. Where
  /// CPTR_EL2.TFP is set, what the hardware has is not the guest's.
  mutating func saveFloatingPointControl() { floatingPointControl = read_fpexc32_el2() }

  /// Puts FPEXC into the hardware. CPTR_EL2.TFP must be clear.
  func loadFloatingPointControl() { write_fpexc32_el2(floatingPointControl) }
}
