public import Architecture
internal import ARMv8Assembly

/// The vCPU that has just exited on this CPU: its general registers are in the trap frame, everything else is still in
/// the hardware.
public struct ExitingCPU: VirtualCPU, ~Copyable {
  /// The general registers.
  public let frame: TrapFrame

  /// The vCPU whose trap frame this is.
  @inline(__always)
  public init(frame: TrapFrame) { self.frame = frame }

  @inline(__always)
  public subscript(register index: UInt8) -> UInt64 {
    get { frame[index] }
    set { frame[index] = newValue }
  }

  /// AArch64 instructions are four bytes. PSTATE.SS stays as it is, which would take another register each way: who
  /// single-steps inside the guest sees a trapped instruction and the one after it as one step.
  @inline(__always)
  public mutating func skipInstruction() {
    write_elr_el2(read_elr_el2() &+ 4)
  }

  public mutating func inject(_ fault: GuestFault) {
    let state = read_spsr_el2()
    let entry = ExceptionEntry(fault: fault, savedState: state, control: read_sctlr_el1())
    write_elr_el1(read_elr_el2())
    write_spsr_el1(state)
    write_esr_el1(entry.syndrome | read_esr_el2() & ExceptionEntry.instructionLengthBit)
    if entry.setsFaultAddress { write_far_el1(read_far_el2()) }
    write_elr_el2(read_vbar_el1() &+ entry.vectorOffset)
    write_spsr_el2(entry.state)
  }

  /// Where a load or store went whose guest-physical address only the guest's own tables know, or nil where they do not
  /// map it any more (another vCPU of the guest may change them at any time).
  public func translateFaultAddress() -> GuestPhysicalAddress? {
    let saved = read_par_el1()
    let virtual = read_far_el2()
    translate_el1_read(virtual)
    let answer = read_par_el1()
    write_par_el1(saved)
    guard answer & 1 == 0 else { return nil }
    return GuestPhysicalAddress(answer & 0x000f_ffff_ffff_f000 | virtual & 0xfff)
  }

  /// Where the hardware says that the stage-2 fault was: HPFAR_EL2 gives the page, FAR_EL2 the place in it.
  @inline(__always)
  public var faultAddress: GuestPhysicalAddress {
    GuestPhysicalAddress((read_hpfar_el2() & 0xfff_ffff_fff0) << 8 | read_far_el2() & 0xfff)
  }
}
