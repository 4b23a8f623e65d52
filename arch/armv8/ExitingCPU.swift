internal import ARMv8Assembly
public import Architecture
internal import ArmCommon

/// The vCPU that has just exited on this CPU: its general registers are in the trap frame, everything else is still in
/// the hardware.
public struct ExitingCPU: VirtualCPU, ~Copyable {
  /// The general registers.
  public let frame: TrapFrame

  /// The vCPU whose trap frame this is.
  @inline(__always)
  public init(frame: TrapFrame) { self.frame = frame }

  /// PSTATE of the guest, as SPSR_EL2 has it.
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

  /// The same for an instruction whose length, 2 or 4 bytes, the syndrome does not say.
  public mutating func skipInstruction(byteCount: UInt8) {
    let next = SkippedInstruction(
      programCounter: read_elr_el2(), state: read_spsr_el2(), byteCount: byteCount)
    write_elr_el2(next.programCounter)
    write_spsr_el2(next.state)
  }

  /// N, Z, C and V are bits 31 to 28 of PSTATE.
  public mutating func setConditionFlags(_ flags: UInt8) {
    write_spsr_el2(read_spsr_el2() & ~(0xf << 28) | UInt64(flags & 15) << 28)
  }

  /// Does in the guest's registers what the CPU does when it takes an exception to EL1.
  public mutating func inject(_ fault: GuestFault) {
    guard read_hcr_el2() >> 31 & 1 != 0 else { return injectAArch32(fault) }
    let state = read_spsr_el2()
    let entry = ExceptionEntry(fault: fault, savedState: state, control: GuestRegister.systemControl)
    GuestRegister.setExceptionLink(read_elr_el2())
    GuestRegister.setSavedState(state)
    GuestRegister.setSyndrome(entry.syndrome)
    if entry.setsFaultAddress { GuestRegister.faultAddress = read_far_el2() }
    write_elr_el2(GuestRegister.vectors &+ entry.vectorOffset)
    write_spsr_el2(entry.state)
  }

  /// The same for a guest whose EL1 is in AArch32. AArch64 has its registers under its own names (DDI 0487, G8): LR_abt is
  /// x20, LR_und x22, SCTLR, TTBCR, VBAR and DFSR are SCTLR_EL1, TCR_EL1, VBAR_EL1 and ESR_EL1, and FAR_EL1 has DFAR in its
  /// lower half and IFAR in its upper one.
  @inline(never)
  private func injectAArch32(_ fault: GuestFault) {
    let entry = AArch32ExceptionEntry(
      fault: fault, programCounter: UInt32(truncatingIfNeeded: read_elr_el2()),
      state: AArch32State(hypervisorState: read_spsr_el2()),
      controls: .init(
        system: UInt32(truncatingIfNeeded: GuestRegister.systemControl),
        translation: UInt32(truncatingIfNeeded: GuestRegister.translationControl),
        vectors: UInt32(truncatingIfNeeded: GuestRegister.vectors),
        hasPrivilegedAccessNever: read_id_aa64mmfr1_el1() >> 20 & 0xf != 0))
    if entry.isUndefinedMode {
      frame[22] = UInt64(entry.linkRegister)
      write_spsr_und(UInt64(entry.savedState.rawValue))
    } else {
      frame[20] = UInt64(entry.linkRegister)
      write_spsr_abt(UInt64(entry.savedState.rawValue))
    }
    let addresses = GuestRegister.faultAddress
    let fault32 = read_far_el2() & 0xffff_ffff
    switch fault {
    case .undefined: break
    case .dataAbort, .alignment:
      GuestRegister.setSyndrome(UInt64(entry.faultStatus ?? 0))
      GuestRegister.faultAddress = addresses & ~0xffff_ffff | fault32
    case .instructionAbort:
      write_ifsr32_el2(UInt64(entry.faultStatus ?? 0))
      GuestRegister.faultAddress = addresses & 0xffff_ffff | fault32 << 32
    }
    write_elr_el2(UInt64(entry.programCounter))
    write_spsr_el2(entry.state.hypervisorState)
  }

  /// Where a load or store went whose guest-physical address only the guest's own tables know, or nil where they do not
  /// map it any more (another vCPU of the guest may change them at any time).
  public func translateFaultAddress() -> GuestPhysicalAddress? { translate(GuestVirtualAddress(read_far_el2())) }

  /// Where the guest's own tables map an address that its EL1 may read, or nil where they do not.
  private func translate(_ address: GuestVirtualAddress) -> GuestPhysicalAddress? {
    let saved = read_par_el1()
    translate_el1_read(address.rawValue)
    let answer = read_par_el1()
    write_par_el1(saved)
    guard answer & 1 == 0 else { return nil }
    return GuestPhysicalAddress(answer & 0x000f_ffff_ffff_f000 | address.rawValue & 0xfff)
  }

  /// What the load or store does that trapped at `address` and that the syndrome does not describe.
  @inline(never)
  public func describeTransfer(
    at address: GuestPhysicalAddress, isWrite: Bool, read: (GuestPhysicalAddress, Int) -> UInt32?
  ) -> TransferDescription {
    let hypervisorState = read_spsr_el2()
    let state = AArch32State(hypervisorState: hypervisorState)
    let virtual = GuestVirtualAddress(read_far_el2())
    let transfer: UndescribedTransfer
    if state.isAArch32 {
      transfer = UndescribedTransfer(
        programCounter: UInt32(truncatingIfNeeded: read_elr_el2()), state: state, virtualAddress: virtual,
        address: address, isWrite: isWrite)
    } else {
      // SCTLR_EL1.E0E (24) is EL0's, EE (25) EL1's.
      let isBigEndian = GuestRegister.systemControl >> (hypervisorState & 0b1100 == 0 ? 24 : 25) & 1 != 0
      transfer = UndescribedTransfer(
        programCounter: read_elr_el2(), isBigEndian: isBigEndian, virtualAddress: virtual, address: address,
        isWrite: isWrite)
    }
    return transfer.describe(
      translate: { translate($0) }, read: read,
      number: { state.isAArch32 ? BankedRegister.number(of: $0, mode: state.mode) : $0 }, value: { frame[$0] })
  }

  /// Where the hardware says that the stage-2 fault was: HPFAR_EL2 gives the page, FAR_EL2 the place in it.
  @inline(__always)
  public var faultAddress: GuestPhysicalAddress {
    GuestPhysicalAddress((read_hpfar_el2() & 0xfff_ffff_fff0) << 8 | read_far_el2() & 0xfff)
  }
}
