internal import ARMv7Assembly
public import Architecture
internal import ArmCommon

/// The vCPU that has just exited on this CPU: its general registers are in the trap frame or, where its mode has its own,
/// in the hardware like everything else.
public struct ExitingCPU: VirtualCPU, ~Copyable {
  /// The general registers.
  public let frame: TrapFrame

  /// The vCPU whose trap frame this is.
  @inline(__always)
  public init(frame: TrapFrame) { self.frame = frame }

  /// CPSR of the guest (SPSR_hyp).
  @inline(__always)
  public var state: UInt32 { read_spsr_hyp() }

  /// A general register as the guest's mode has it. 15 and above read as zero and ignore writes.
  @inline(__always)
  public subscript(register index: UInt8) -> UInt64 {
    get { index < 8 ? frame[index] : UInt64(readBanked(index)) }
    set {
      if index < 8 {
        frame[index] = newValue
      } else {
        writeBanked(index, UInt32(truncatingIfNeeded: newValue))
      }
    }
  }

  /// Most instructions change nothing of the state but the program counter.
  @inline(__always)
  public mutating func skipInstruction() {
    let state = read_spsr_hyp()
    if state & SkippedInstruction.specialStates == 0 {
      write_elr_hyp(read_elr_hyp() &+ (read_hsr() >> 25 & 1 == 0 ? 2 : 4))
    } else {
      skipInstruction(from: state)
    }
  }

  @inline(never)
  private func skipInstruction(from state: UInt32) {
    let next = SkippedInstruction(programCounter: read_elr_hyp(), state: state, syndrome: read_hsr())
    write_elr_hyp(next.programCounter)
    write_spsr_hyp(next.state)
  }

  /// The same for an instruction whose length, 2 or 4 bytes, the syndrome does not say.
  public mutating func skipInstruction(byteCount: UInt8) {
    let next = SkippedInstruction(programCounter: read_elr_hyp(), state: read_spsr_hyp(), byteCount: byteCount)
    write_elr_hyp(next.programCounter)
    write_spsr_hyp(next.state)
  }

  /// N, Z, C and V are bits 31 to 28 of CPSR.
  public mutating func setConditionFlags(_ flags: UInt8) {
    write_spsr_hyp(read_spsr_hyp() & 0x0fff_ffff | UInt32(flags & 15) << 28)
  }

  /// Does in the guest's registers what the CPU does when it takes an exception to PL1.
  public mutating func inject(_ fault: GuestFault) {
    let entry = AArch32ExceptionEntry(
      fault: fault, programCounter: read_elr_hyp(), state: AArch32State(rawValue: read_spsr_hyp()),
      controls: .init(system: read_sctlr(), translation: read_ttbcr(), vectors: read_vbar()))
    if entry.isUndefinedMode {
      write_lr_und(entry.linkRegister)
      write_spsr_und(entry.savedState.rawValue)
    } else {
      write_lr_abt(entry.linkRegister)
      write_spsr_abt(entry.savedState.rawValue)
    }
    switch fault {
    case .undefined: break
    case .dataAbort, .alignment:
      write_dfsr(entry.faultStatus ?? 0)
      write_dfar(read_hdfar())
    case .instructionAbort:
      write_ifsr(entry.faultStatus ?? 0)
      write_ifar(read_hifar())
    }
    write_elr_hyp(entry.programCounter)
    write_spsr_hyp(entry.state.rawValue)
  }

  /// Where a load or store went whose guest-physical address only the guest's own tables know, or nil where they do not
  /// map it any more (another vCPU of the guest may change them at any time).
  public func translateFaultAddress() -> GuestPhysicalAddress? {
    translate(GuestVirtualAddress(UInt64(read_hdfar())))
  }

  /// Where the guest's own tables map an address that its PL1 may read, or nil where they do not.
  private func translate(_ address: GuestVirtualAddress) -> GuestPhysicalAddress? {
    let saved = read_par()
    translate_pl1_read(UInt32(truncatingIfNeeded: address.rawValue))
    let answer = read_par()
    write_par(saved)
    guard answer & 1 == 0 else { return nil }
    return GuestPhysicalAddress(answer & 0xff_ffff_f000 | address.rawValue & 0xfff)
  }

  /// What the load or store does that trapped at `address` and that the syndrome does not describe.
  @inline(never)
  public func describeTransfer(
    at address: GuestPhysicalAddress, isWrite: Bool, read: (GuestPhysicalAddress, Int) -> UInt32?
  ) -> TransferDescription {
    let transfer = UndescribedTransfer(
      programCounter: read_elr_hyp(), state: AArch32State(rawValue: read_spsr_hyp()),
      virtualAddress: GuestVirtualAddress(UInt64(read_hdfar())), address: address, isWrite: isWrite)
    return transfer.describe(
      translate: { translate($0) }, read: read, number: { $0 < 15 ? $0 : 31 }, value: { self[register: $0] })
  }

  /// Where the hardware says that the stage-2 fault was: HPFAR gives the page, HDFAR the place in it.
  @inline(__always)
  public var faultAddress: GuestPhysicalAddress {
    GuestPhysicalAddress(UInt64(read_hpfar() & 0xffff_fff0) << 8 | UInt64(read_hdfar() & 0xfff))
  }
}

// Registers that the guest's mode has for itself.

extension ExitingCPU {
  private func number(of index: UInt8) -> UInt8 {
    BankedRegister.number(of: index, mode: AArch32State(rawValue: read_spsr_hyp()).mode)
  }

  @inline(never)
  private func readBanked(_ index: UInt8) -> UInt32 {
    let number = number(of: index)
    return switch number {
    case 13: read_sp_usr()
    case 16: read_lr_irq()
    case 17: read_sp_irq()
    case 18: read_lr_svc()
    case 19: read_sp_svc()
    case 20: read_lr_abt()
    case 21: read_sp_abt()
    case 22: read_lr_und()
    case 23: read_sp_und()
    case 24: read_r8_fiq()
    case 25: read_r9_fiq()
    case 26: read_r10_fiq()
    case 27: read_r11_fiq()
    case 28: read_r12_fiq()
    case 29: read_sp_fiq()
    case 30: read_lr_fiq()
    default: frame[word: number]
    }
  }

  @inline(never)
  private func writeBanked(_ index: UInt8, _ value: UInt32) {
    let number = number(of: index)
    switch number {
    case 13: write_sp_usr(value)
    case 16: write_lr_irq(value)
    case 17: write_sp_irq(value)
    case 18: write_lr_svc(value)
    case 19: write_sp_svc(value)
    case 20: write_lr_abt(value)
    case 21: write_sp_abt(value)
    case 22: write_lr_und(value)
    case 23: write_sp_und(value)
    case 24: write_r8_fiq(value)
    case 25: write_r9_fiq(value)
    case 26: write_r10_fiq(value)
    case 27: write_r11_fiq(value)
    case 28: write_r12_fiq(value)
    case 29: write_sp_fiq(value)
    case 30: write_lr_fiq(value)
    default: frame[word: number] = value
    }
  }
}
