import ARMv8
import Architecture
import TestSupport
import Testing

// PSTATE as SPSR_ELx has it (DDI 0487, SPSR_EL2), SCTLR_EL1 and the pseudocode AArch64.TakeException.

private enum State {
  static let kernelThread: UInt64 = 0b00100
  static let kernel: UInt64 = 0b00101
  static let user: UInt64 = 0b00000
  static let user32: UInt64 = 0b10000
  static let interruptMasks: UInt64 = 0b1111 << 6
  static let branchType: UInt64 = 0b11 << 10
  static let speculativeStoreBypassSafe: UInt64 = 1 << 12
  static let illegal: UInt64 = 1 << 20
  static let step: UInt64 = 1 << 21
  static let privilegedAccessNever: UInt64 = 1 << 22
  static let userAccessOverride: UInt64 = 1 << 23
  static let dataIndependentTiming: UInt64 = 1 << 24
  static let flags: UInt64 = 0b1111 << 28
}

private let span: UInt64 = 1 << 23
private let dssbs: UInt64 = 1 << 44

private func entry(_ fault: GuestFault, from state: UInt64, control: UInt64 = span) -> ExceptionEntry {
  ExceptionEntry(fault: fault, savedState: state, control: control)
}

@Suite("Entry to a guest's exception handler", .timeLimited)
struct ExceptionEntryTests {
  @Test("The vector is that of a synchronous exception from where the guest was")
  func vectors() {
    for fault: GuestFault in [.undefined, .dataAbort(isWrite: true), .instructionAbort] {
      #expect(entry(fault, from: State.kernelThread).vectorOffset == 0x000)
      #expect(entry(fault, from: State.kernel).vectorOffset == 0x200)
      #expect(entry(fault, from: State.user).vectorOffset == 0x400)
      #expect(entry(fault, from: State.user32).vectorOffset == 0x600)
    }
  }

  @Test("The class tells an abort of the same level from that of a lower one")
  func classes() {
    for state in [State.kernel, State.kernelThread] {
      #expect(entry(.dataAbort(isWrite: false), from: state).syndrome >> 26 == 0x25)
      #expect(entry(.instructionAbort, from: state).syndrome >> 26 == 0x21)
      #expect(entry(.undefined, from: state).syndrome >> 26 == 0x00)
    }
    for state in [State.user, State.user32, State.user32 | 1 << 5] {
      #expect(entry(.dataAbort(isWrite: false), from: state).syndrome >> 26 == 0x24)
      #expect(entry(.instructionAbort, from: state).syndrome >> 26 == 0x20)
      #expect(entry(.undefined, from: state).syndrome >> 26 == 0x00)
    }
  }

  @Test("An abort is a synchronous external one that EL1 has no description of")
  func abortDescription() {
    // FSC 0b010000; WnR is bit 6; ISV (24), FnV (10), CM (8) and S1PTW (7) are zero.
    #expect(entry(.dataAbort(isWrite: false), from: State.kernel).syndrome & 0x1ff_ffff == 0b010000)
    #expect(entry(.dataAbort(isWrite: true), from: State.kernel).syndrome & 0x1ff_ffff == 1 << 6 | 0b010000)
    #expect(entry(.instructionAbort, from: State.user).syndrome & 0x1ff_ffff == 0b010000)
    #expect(entry(.undefined, from: State.user).syndrome & 0x1ff_ffff == 0)
  }

  @Test("An alignment fault has FSC 0b100001, and is otherwise like an external abort")
  func alignment() {
    for state in [State.kernel, State.user, State.user32] {
      for isWrite in [false, true] {
        let fault = entry(.alignment(isWrite: isWrite), from: state)
        let abort = entry(.dataAbort(isWrite: isWrite), from: state)
        #expect(fault.syndrome & 0x3f == 0b100001)
        #expect(fault.syndrome >> 6 == abort.syndrome >> 6)
        #expect(fault.setsFaultAddress && fault.vectorOffset == abort.vectorOffset && fault.state == abort.state)
      }
    }
  }

  @Test("IL is one for the unknown reason, for a fetch, and for a data abort without ISV")
  func instructionLength() {
    for fault: GuestFault in [.undefined, .dataAbort(isWrite: false), .instructionAbort] {
      #expect(entry(fault, from: State.kernel).syndrome >> 25 & 1 == 1)
      #expect(entry(fault, from: State.user32).syndrome >> 25 & 1 == 1)
    }
  }

  @Test("FAR_EL1 belongs to aborts")
  func faultAddress() {
    #expect(entry(.dataAbort(isWrite: true), from: State.kernel).setsFaultAddress)
    #expect(entry(.instructionAbort, from: State.kernel).setsFaultAddress)
    #expect(!entry(.undefined, from: State.kernel).setsFaultAddress)
  }

  @Test("The handler runs at EL1 with its own stack and everything masked, wherever the guest was")
  func handlerState() {
    for state in [State.kernelThread, State.kernel, State.user, State.user32] {
      #expect(entry(.undefined, from: state).state == State.interruptMasks | State.kernel)
      #expect(entry(.undefined, from: state | State.interruptMasks).state == State.interruptMasks | State.kernel)
    }
  }

  @Test("Flags and data-independent timing stay; SS, IL, UAO and BTYPE become zero")
  func stateBits() {
    let before =
      State.kernel | State.flags | State.dataIndependentTiming | State.step | State.illegal | State.branchType
      | State.userAccessOverride
    let after = State.kernel | State.interruptMasks | State.flags | State.dataIndependentTiming
    #expect(entry(.undefined, from: before).state == after)
    #expect(entry(.undefined, from: State.user | 0b0110 << 28).state & State.flags == 0b0110 << 28)
  }

  @Test("What AArch32 alone has does not reach the handler: Q, IT, GE, E, T")
  func thirtyTwoBitState() {
    let before: UInt64 = 1 << 27 | 0b11 << 25 | 0xf << 16 | 0x3f << 10 | 1 << 9 | 1 << 5 | State.user32
    #expect(entry(.undefined, from: before).state == State.interruptMasks | State.kernel)
  }

  @Test("PAN is set by SPAN = 0, and kept otherwise")
  func privilegedAccessNever() {
    let pan = State.privilegedAccessNever
    #expect(entry(.undefined, from: State.kernel, control: span).state & pan == 0)
    #expect(entry(.undefined, from: State.kernel | pan, control: span).state & pan == pan)
    #expect(entry(.undefined, from: State.kernel, control: 0).state & pan == pan)
    #expect(entry(.undefined, from: State.kernel | pan, control: ~span).state & pan == pan)
  }

  @Test("SSBS comes from DSSBS, not from where the guest was")
  func speculation() {
    let ssbs = State.speculativeStoreBypassSafe
    #expect(entry(.undefined, from: State.user | ssbs, control: span).state & ssbs == 0)
    #expect(entry(.undefined, from: State.user, control: span | dssbs).state & ssbs == ssbs)
  }
}
