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

  /// CPSR of the guest.
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

  /// Does in the guest's registers what the CPU does when it takes an exception to PL1.
  public mutating func inject(_ fault: GuestFault) {
  }

  /// Where a load or store went whose guest-physical address only the guest's own tables know, or nil where they do not
  /// map it any more (another vCPU of the guest may change them at any time).
  public func translateFaultAddress() -> GuestPhysicalAddress? {
    let saved = read_par()
    let virtual = read_hdfar()
    translate_pl1_read(virtual)
    let answer = read_par()
    write_par(saved)
    guard answer & 1 == 0 else { return nil }
    return GuestPhysicalAddress(answer & 0xff_ffff_f000 | UInt64(virtual & 0xfff))
  }

  /// Where the hardware says that the stage-2 fault was: HPFAR gives the page, HDFAR the place in it.
  @inline(__always)
  public var faultAddress: GuestPhysicalAddress {
    GuestPhysicalAddress(UInt64(read_hpfar() & 0xffff_fff0) << 8 | UInt64(read_hdfar() & 0xfff))
  }
}

// Registers that the guest's mode has for itself (DDI 0406C, B1.3.2).

extension ExitingCPU {
  @inline(never)
  private func readBanked(_ index: UInt8) -> UInt32 {
    switch (index, AArch32State(rawValue: state).mode) {
    case (8, 0x11): read_r8_fiq()
    case (9, 0x11): read_r9_fiq()
    case (10, 0x11): read_r10_fiq()
    case (11, 0x11): read_r11_fiq()
    case (12, 0x11): read_r12_fiq()
    case (13, 0x11): read_sp_fiq()
    case (14, 0x11): read_lr_fiq()
    case (13, 0x12): read_sp_irq()
    case (14, 0x12): read_lr_irq()
    case (13, 0x13): read_sp_svc()
    case (14, 0x13): read_lr_svc()
    case (13, 0x17): read_sp_abt()
    case (14, 0x17): read_lr_abt()
    case (13, 0x1b): read_sp_und()
    case (14, 0x1b): read_lr_und()
    case (13, _): read_sp_usr()
    default: frame[word: index]
    }
  }

  @inline(never)
  private func writeBanked(_ index: UInt8, _ value: UInt32) {
    switch (index, AArch32State(rawValue: state).mode) {
    case (8, 0x11): write_r8_fiq(value)
    case (9, 0x11): write_r9_fiq(value)
    case (10, 0x11): write_r10_fiq(value)
    case (11, 0x11): write_r11_fiq(value)
    case (12, 0x11): write_r12_fiq(value)
    case (13, 0x11): write_sp_fiq(value)
    case (14, 0x11): write_lr_fiq(value)
    case (13, 0x12): write_sp_irq(value)
    case (14, 0x12): write_lr_irq(value)
    case (13, 0x13): write_sp_svc(value)
    case (14, 0x13): write_lr_svc(value)
    case (13, 0x17): write_sp_abt(value)
    case (14, 0x17): write_lr_abt(value)
    case (13, 0x1b): write_sp_und(value)
    case (14, 0x1b): write_lr_und(value)
    case (13, _): write_sp_usr(value)
    default: frame[word: index] = value
    }
  }
}
