import ARMv8
import Architecture
import TestSupport
import Testing

private let place = GuestPhysicalAddress(0x0900_0018)
/// SVC mode of AArch32 in A32, as SPSR_EL2 has it, with Z set and N, C, V clear.
private let equal: UInt64 = 0x4000_01d3
/// A program in User mode, in T32, otherwise the same.
private let thumbUser: UInt64 = 0x4000_0030
/// CV and COND.
private func condition(_ code: UInt64) -> UInt64 { 1 << 24 | code << 20 }

private func exit(_ syndrome: UInt64, _ state: UInt64 = equal) -> Exit {
  Syndrome(rawValue: syndrome).exit(at: place, state: state)
}

@Suite("Syndromes of a guest in AArch32", .timeLimited)
struct AArch32SyndromeTests {
  @Test("MRC, MCR and VMRS: the register's name, and AArch64's number of the general register")
  func transfers() {
    for (exceptionClass, coprocessor): (UInt64, UInt32) in [(0x03, 15), (0x05, 14), (0x08, 10)] {
      for isRead: UInt64 in 0...1 {
        // Opc2 19:17, Opc1 16:14, CRn 13:10, Rt 9:5, CRm 4:1. x18 is LR_svc.
        let iss = condition(14) | 5 << 17 | 3 << 14 | 12 << 10 | 18 << 5 | 11 << 1 | isRead
        let expected = CoprocessorAccess(
          register: CoprocessorRegister(coprocessor, 3, 12, 11, 5), isWrite: isRead == 0, generalRegister: 18)
        #expect(exit(ESR.value(exceptionClass, iss: iss)) == .coprocessor(expected))
      }
    }
  }

  @Test("MRRC and MCRR name two general registers")
  func pairs() {
    for (exceptionClass, coprocessor): (UInt64, UInt32) in [(0x04, 15), (0x0c, 14)] {
      for isRead: UInt64 in 0...1 {
        // Opc1 19:16, Rt2 14:10, Rt 9:5, CRm 4:1. x24 is R8_fiq.
        let iss = condition(14) | 9 << 16 | 24 << 10 | 28 << 5 | 14 << 1 | isRead
        let expected = CoprocessorAccess(
          register: CoprocessorRegister(coprocessor, 9, crm: 14), isWrite: isRead == 0, generalRegister: 28,
          secondRegister: 24)
        #expect(exit(ESR.value(exceptionClass, iss: iss)) == .coprocessor(expected))
      }
    }
  }

  @Test("R15 is 31, or 15 where the instruction is UNPREDICTABLE")
  func flags() {
    for number: UInt64 in [15, 31] {
      let expected = CoprocessorAccess(
        register: CoprocessorRegister(14, 0, 0, 1, 0), isWrite: false, generalRegister: 31)
      #expect(exit(ESR.value(0x05, iss: condition(14) | number << 5 | 1 << 1 | 1)) == .coprocessor(expected))
    }
  }

  @Test("A condition that fails makes any of them nothing; one that holds does not")
  func conditions() {
    for exceptionClass: UInt64 in [0x01, 0x03, 0x04, 0x05, 0x06, 0x08, 0x0c] {
      #expect(exit(ESR.value(exceptionClass, iss: condition(1))) == .failedCondition)
      #expect(exit(ESR.value(exceptionClass, iss: condition(0))) != .failedCondition)
      // Without CV, a T32 instruction's condition is in its IT block: NE here.
      let block = thumbUser | 0b000110 << 10
      #expect(exit(ESR.value(exceptionClass), block) == .failedCondition)
      #expect(exit(ESR.value(exceptionClass), thumbUser) != .failedCondition)
      // AArch64 has no conditions.
      #expect(exit(ESR.value(exceptionClass, iss: condition(1)), 0x4000_0005) != .failedCondition)
    }
  }

  @Test("An SMC has no immediate; its condition counts where CCKNOWNPASS (bit 19) asks")
  func secureMonitorCall() {
    let call = Exit.call(.secureMonitorCall, immediate: 0)
    #expect(exit(ESR.value(0x13)) == call)
    #expect(exit(ESR.value(0x13, iss: condition(1))) == call, "the CPU has checked")
    #expect(exit(ESR.value(0x13, iss: condition(1) | 1 << 19)) == .failedCondition)
    #expect(exit(ESR.value(0x13, iss: condition(0) | 1 << 19)) == call)
    #expect(exit(ESR.value(0x12, iss: 0xbeef)) == .call(.hypervisorCall, immediate: 0xbeef))
  }

  @Test("LDC and STC of the debug communications channel are undefined")
  func memoryTransfers() {
    #expect(exit(ESR.value(0x06, iss: condition(14) | 1)) == .undefined)
  }

  /// Each mode's number in PSTATE, and AArch64's numbers of its SP and LR (DDI 0487, G1.9.1).
  static let modes: [(mode: UInt64, stack: UInt8, link: UInt8)] = [
    (0x10, 13, 14), (0x11, 29, 30), (0x12, 17, 16), (0x13, 19, 18), (0x17, 21, 20), (0x1b, 23, 22), (0x1f, 13, 14),
  ]

  @Test("A load or store whose register is named as the instruction has it means the mode's own", arguments: modes)
  func banked(mode: UInt64, stack: UInt8, link: UInt8) {
    for number: UInt8 in 0...30 {
      let expected =
        switch number {
        case 8...12 where mode == 0x11: number + 16
        case 13: stack
        case 14: link
        // Not of AArch32: AArch64's number already.
        default: number
        }
      let raw = ESR.dataAbort(srt: UInt64(number))
      let access = MMIOAccess(address: place, width: .word, isWrite: false, register: expected)
      #expect(exit(raw, 0x4000_01c0 | mode) == .memory(access), "register \(number)")
    }
    // A guest in AArch64, at EL1 and at EL0.
    for state: UInt64 in [0x4000_03c5, 0x4000_0000] {
      let access = MMIOAccess(address: place, width: .word, isWrite: false, register: 14)
      #expect(exit(ESR.dataAbort(srt: 14), state) == .memory(access))
    }
  }
}
