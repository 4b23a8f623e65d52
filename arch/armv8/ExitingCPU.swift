internal import ARMv8Assembly
public import Architecture

/// The vCPU that has just exited on this CPU: its general registers are in the trap frame, everything else is still in
/// the hardware.
public struct ExitingCPU: VirtualCPU, ~Copyable {
  /// The general registers.
  public let frame: TrapFrame

  /// The vCPU whose trap frame this is.
  @inline(__always)
  public init(frame: TrapFrame) { self.frame = frame }

  /// PSTATE of the guest (SPSR_EL2).
  @inline(__always)
  public var state: UInt64 { read_spsr_el2() }

  /// A general register, in the trap frame.
  @inline(__always)
  public subscript(register index: UInt8) -> UInt64 {
    get { frame[index] }
    set { frame[index] = newValue }
  }

  /// An AArch64 instruction is four bytes, and PSTATE seldom has anything that the end of an instruction changes.
  @inline(__always)
  public mutating func skipInstruction() {
    let state = read_spsr_el2()
    if state & SkippedInstruction.specialStates == 0 {
      write_elr_el2(read_elr_el2() &+ 4)
    } else {
      skipInstruction(from: state)
    }
  }

  @inline(never)
  private func skipInstruction(from state: UInt64) {
    let next = SkippedInstruction(programCounter: read_elr_el2(), state: state, syndrome: read_esr_el2())
    write_elr_el2(next.programCounter)
    write_spsr_el2(next.state)
  }

  /// Does in the guest's registers what the CPU does when it takes an exception to EL1.
  public mutating func inject(_ fault: GuestFault) {
    let state = read_spsr_el2()
    let entry = ExceptionEntry(fault: fault, savedState: state, control: read_sctlr_el1())
    write_elr_el1(read_elr_el2())
    write_spsr_el1(state)
    write_esr_el1(entry.syndrome)
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
