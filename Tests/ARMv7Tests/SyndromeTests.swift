import ARMv7
import Architecture
import TestSupport
import Testing

private let place = GuestPhysicalAddress(0x0900_0018)
/// SVC mode, A32, with Z and C set.
private let supervisor: UInt32 = 0x6000_01d3

private func exit(_ syndrome: UInt32, _ state: UInt32 = supervisor) -> Exit {
  Syndrome(rawValue: syndrome).exit(at: place, state: state)
}

@Suite("Hyp syndromes", .timeLimited)
struct SyndromeTests {
  @Test("WFI and WFE by bit 0")
  func waiting() {
    #expect(exit(HSR.value(0x01, iss: HSR.always)) == .waitForInterrupt)
    #expect(exit(HSR.value(0x01, iss: HSR.always | 1)) == .waitForEvent)
  }

  @Test("HVC carries sixteen bits of immediate, SMC none", arguments: [0, 1, 0x8000, 0xffff] as [UInt16])
  func calls(immediate: UInt16) {
    #expect(exit(HSR.value(0x12, iss: UInt32(immediate))) == .call(.hypervisorCall, immediate: immediate))
    #expect(exit(HSR.value(0x13, iss: UInt32(immediate))) == .call(.secureMonitorCall, immediate: 0))
  }

  @Test("FP and Advanced SIMD trap for their registers, other coprocessors are not there")
  func floatingPoint() {
    #expect(exit(HSR.value(0x07, iss: HSR.always | 10)) == .floatingPoint)
    #expect(exit(HSR.value(0x07, iss: HSR.always | 11)) == .floatingPoint)
    #expect(exit(HSR.value(0x07, iss: HSR.always | 1 << 5)) == .floatingPoint)
    for coprocessor: UInt32 in [0, 1, 8, 9, 12, 13] {
      #expect(exit(HSR.value(0x07, iss: HSR.always | coprocessor)) == .undefined, "coprocessor \(coprocessor)")
    }
  }

  @Test("What the guest must not have is undefined: unknown reason, LDC and STC of CP14, Jazelle, BXJ")
  func undefined() {
    for exceptionClass: UInt32 in [0x00, 0x06, 0x09, 0x0a] {
      #expect(exit(HSR.value(exceptionClass, iss: HSR.always)) == .undefined, "EC \(exceptionClass)")
    }
  }

  @Test("What nobody expects keeps its whole syndrome", arguments: [0x02, 0x11, 0x21, 0x25, 0x2f, 0x3f] as [UInt32])
  func unknown(exceptionClass: UInt32) {
    let raw = HSR.value(exceptionClass, iss: 0x123_4567)
    #expect(exit(raw) == .unknown(syndrome: UInt64(raw)))
  }

  @Test("A fetch from nowhere is the guest's own abort")
  func prefetchAbort() {
    #expect(exit(HSR.value(0x20, iss: 0b000110)) == .abort(.instructionAbort))
    #expect(exit(HSR.value(0x20, iss: 1 << 7 | 0b000110)) == .abort(.instructionAbort))
  }

  /// What each class is to come to, whatever the rest of the syndrome says (DDI 0406C, Table B3-25).
  private static func isMeant(_ exit: Exit, by exceptionClass: UInt32, _ raw: UInt32) -> Bool {
    // A walk of the guest's own tables, or a fault that is not stage 2's, which are kinds 1 to 3 of DFSC.
    let isOwn = raw >> 7 & 1 == 1 || raw >> 4 & 3 != 0 || raw >> 2 & 3 == 0
    let isAsynchronous = [0b010001, 0b011001].contains(raw & 0x3f)
    let (isDescribed, isCacheMaintenance, isWritten) = (raw >> 24 & 1 == 1, raw >> 8 & 1 == 1, raw >> 6 & 1 == 1)
    // Coprocessors 10 and 11, or Advanced SIMD (TA).
    let isFloatingPoint = raw >> 5 & 1 == 1 || raw & 15 == 10 || raw & 15 == 11
    return switch (exceptionClass, exit) {
    case (0x01, .waitForInterrupt): raw & 1 == 0
    case (0x01, .waitForEvent): raw & 1 == 1
    case (0x03, .coprocessor(let access)), (0x04, .coprocessor(let access)): access.register.coprocessor == 15
    case (0x05, .coprocessor(let access)), (0x0c, .coprocessor(let access)): access.register.coprocessor == 14
    case (0x08, .coprocessor(let access)): access.register.coprocessor == 10
    case (0x06, .undefined): true
    // CV set and AL is no condition.
    case (0x01, .failedCondition), (0x03, .failedCondition), (0x04, .failedCondition), (0x05, .failedCondition),
      (0x06, .failedCondition), (0x08, .failedCondition), (0x0c, .failedCondition):
      raw >> 20 & 0x1f != 0b11110
    case (0x07, .floatingPoint): isFloatingPoint
    case (0x07, .undefined): !isFloatingPoint
    case (0x12, .call(.hypervisorCall, let immediate)): immediate == UInt16(truncatingIfNeeded: raw)
    case (0x13, .call(.secureMonitorCall, let immediate)): immediate == 0
    case (0x20, .abort(.instructionAbort)): true
    case (0x24, .unknown(let syndrome)): isAsynchronous && syndrome == UInt64(raw)
    case (0x24, .abort(.dataAbort(let isWrite))): isOwn && !isAsynchronous && isWrite == isWritten
    case (0x24, .cacheMaintenance): !isOwn && isCacheMaintenance
    case (0x24, .memory(let access)):
      !isOwn && !isCacheMaintenance && isDescribed && access.isWrite == isWritten && access.address == place
    case (0x24, .undescribedMemory(place, let isWrite)):
      !isOwn && !isCacheMaintenance && !isDescribed && isWrite == isWritten
    // Unknown reason, Jazelle, BXJ.
    case (0x00, .undefined), (0x09, .undefined), (0x0a, .undefined): true
    case (_, .unknown(let syndrome)):
      syndrome == UInt64(raw)
        && ![
          0x00, 0x01, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0c, 0x12, 0x13, 0x20, 0x24,
        ].contains(exceptionClass)
    default: false
    }
  }

  @Test("No syndrome makes decoding trap, and each comes to what its class is")
  func everything() {
    var seed: UInt64 = 0x853c_49e6_748f_ea9b
    for _ in 0..<50_000 {
      seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let raw = UInt32(truncatingIfNeeded: seed >> 29)
      let result = exit(raw, UInt32(truncatingIfNeeded: seed))
      #expect(Self.isMeant(result, by: raw >> 26, raw), "\(String(raw, radix: 16)): \(result)")
    }
  }
}

@Suite("Hyp syndromes of coprocessor registers", .timeLimited)
struct CoprocessorSyndromeTests {
  @Test("Each field of the ISS lands in its own field of the name")
  func fields() {
    let cases: [(UInt32, UInt32, UInt32, UInt32, UInt32)] = [
      (7, 0, 0, 0, 0), (0, 15, 0, 0, 0), (0, 0, 15, 0, 0), (0, 0, 0, 7, 0), (0, 0, 0, 0, 14), (0, 14, 2, 1, 5),
      (0, 9, 14, 3, 12), (6, 1, 8, 4, 13),
    ]
    for (opc1, crn, crm, opc2, rt) in cases {
      for (exceptionClass, coprocessor): (UInt32, UInt32) in [(0x03, 15), (0x05, 14), (0x08, 10)] {
        for isRead in [false, true] {
          let raw = HSR.transfer(exceptionClass, opc1: opc1, crn: crn, crm: crm, opc2: opc2, rt: rt, isRead: isRead)
          let expected = CoprocessorAccess(
            register: CoprocessorRegister(coprocessor, opc1, crn, crm, opc2), isWrite: !isRead,
            generalRegister: UInt8(rt))
          #expect(exit(raw) == .coprocessor(expected))
        }
      }
    }
  }

  @Test("A 64-bit register moves by two general registers")
  func pairs() {
    let cases: [(UInt32, UInt32, UInt32, UInt32)] = [(15, 0, 0, 0), (0, 15, 0, 0), (2, 14, 3, 4), (0, 12, 14, 0)]
    for (opc1, crm, rt, rt2) in cases {
      for (exceptionClass, coprocessor): (UInt32, UInt32) in [(0x04, 15), (0x0c, 14)] {
        for isRead in [false, true] {
          let raw = HSR.pairTransfer(exceptionClass, opc1: opc1, crm: crm, rt: rt, rt2: rt2, isRead: isRead)
          let expected = CoprocessorAccess(
            register: CoprocessorRegister(coprocessor, opc1, crm: crm), isWrite: !isRead, generalRegister: UInt8(rt),
            secondRegister: UInt8(rt2))
          #expect(exit(raw) == .coprocessor(expected))
        }
      }
    }
  }

  @Test("R15 is the flags: 31")
  func flags() {
    let raw = HSR.transfer(0x05, opc1: 0, crn: 0, crm: 1, opc2: 0, rt: 15, isRead: true)
    #expect(
      exit(raw)
        == .coprocessor(
          CoprocessorAccess(register: CoprocessorRegister(14, 0, 0, 1, 0), isWrite: false, generalRegister: 31)))
  }
}

@Suite("Conditions of trapped instructions", .timeLimited)
struct ConditionTests {
  /// Z is set and N, C, V are not.
  private let equal: UInt32 = 0x4000_01d3

  @Test("A32: COND decides, for each class that has it")
  func condition() {
    for exceptionClass: UInt32 in [0x01, 0x03, 0x04, 0x05, 0x06, 0x08, 0x0c] {
      // NE fails, EQ and LE hold.
      #expect(exit(HSR.value(exceptionClass, iss: HSR.condition(1)), equal) == .failedCondition)
      #expect(exit(HSR.value(exceptionClass, iss: HSR.condition(0)), equal) != .failedCondition)
      #expect(exit(HSR.value(exceptionClass, iss: HSR.condition(13)), equal) != .failedCondition)
      #expect(exit(HSR.value(exceptionClass, iss: HSR.condition(15)), equal) != .failedCondition)
    }
  }

  @Test("HVC, SMC, aborts and FP have no condition to check")
  func unconditional() {
    for exceptionClass: UInt32 in [0x00, 0x07, 0x12, 0x13, 0x20, 0x24] {
      #expect(exit(HSR.value(exceptionClass, iss: HSR.condition(1)), equal) != .failedCondition)
    }
  }

  @Test("T32 without CV: the IT block decides, and outside of one the instruction is executed")
  func block() {
    /// T set and IT[7:2] in 15:10, IT[1:0] in 26:25.
    func state(_ block: UInt32) -> UInt32 { equal | 1 << 5 | (block & 3) << 25 | (block >> 2) << 10 }
    let wait = HSR.value(0x01, iss: 0)
    #expect(exit(wait, state(0)) == .waitForInterrupt)
    #expect(exit(wait, state(0b0001_1000)) == .failedCondition, "NE")
    #expect(exit(wait, state(0b0000_1000)) == .waitForInterrupt, "EQ")
    #expect(exit(wait, state(0b1110_1000)) == .waitForInterrupt, "AL")
    // COND without CV means nothing.
    #expect(exit(HSR.value(0x01, iss: 1 << 20), state(0)) == .waitForInterrupt)
    // With CV the syndrome has it.
    #expect(exit(HSR.value(0x01, iss: HSR.condition(0)), state(0b0001_1000)) == .waitForInterrupt)
  }

  @Test("The state is looked at only where there is a condition")
  func laziness() {
    var count = 0
    func state() -> UInt32 {
      count += 1
      return 0
    }
    for raw in [HSR.dataAbort(), HSR.value(0x12), HSR.value(0x01, iss: HSR.always), HSR.value(0x07, iss: 10)] {
      _ = Syndrome(rawValue: raw).exit(at: place, state: state())
    }
    #expect(count == 0)
    _ = Syndrome(rawValue: HSR.value(0x01, iss: HSR.condition(0))).exit(at: place, state: state())
    #expect(count == 1)
  }
}

@Suite("Hyp syndromes of data aborts", .timeLimited)
struct DataAbortSyndromeTests {
  @Test("Every described access comes out as the load or store that it was")
  func described() {
    let widths: [(UInt32, AccessWidth)] = [(0, .byte), (1, .halfword), (2, .word)]
    for (sas, width) in widths {
      for sse: UInt32 in 0...1 {
        for wnr: UInt32 in 0...1 {
          for srt: UInt32 in 0...14 {
            let expected = MMIOAccess(
              address: place, width: width, isWrite: wnr == 1, register: UInt8(srt), isSignExtended: sse == 1)
            #expect(exit(HSR.dataAbort(sas: sas, sse: sse, srt: srt, wnr: wnr)) == .memory(expected))
          }
        }
      }
    }
  }

  @Test("Bits 20 and 15 to 10 are reserved and mean nothing")
  func reserved() {
    #expect(exit(HSR.dataAbort(srt: 14) | 1 << 20 | 0x3f << 10) == exit(HSR.dataAbort(srt: 14)))
  }

  @Test("Translation, access flag and permission faults of every level are stage 2's")
  func levels() {
    for kind: UInt32 in [0b0001, 0b0010, 0b0011] {
      for level: UInt32 in 1...3 {
        guard case .memory = exit(HSR.dataAbort(dfsc: kind << 2 | level)) else {
          Issue.record("DFSC \(kind << 2 | level)")
          continue
        }
      }
    }
  }

  @Test("Without ISV there is an address and a direction; cache maintenance is neither")
  func undescribed() {
    for wnr: UInt32 in 0...1 {
      let raw = HSR.dataAbort(isv: 0, sas: 3, sse: 1, srt: 9, wnr: wnr)
      #expect(exit(raw) == .undescribedMemory(place, isWrite: wnr == 1))
    }
    #expect(exit(HSR.dataAbort(isv: 0, cm: 1, wnr: 1)) == .cacheMaintenance)
  }

  @Test("Table walks and what stage 2 did not raise are the guest's own aborts")
  func others() {
    for wnr: UInt32 in 0...1 {
      #expect(exit(HSR.dataAbort(isv: 0, s1ptw: 1, wnr: wnr)) == .abort(.dataAbort(isWrite: wnr == 1)))
    }
    for dfsc: UInt32 in [0b010000, 0b010101, 0b011000, 0b100001, 0b110000, 0b000000] {
      #expect(exit(HSR.dataAbort(ea: 1, wnr: 1, dfsc: dfsc)) == .abort(.dataAbort(isWrite: true)), "DFSC \(dfsc)")
    }
  }

  @Test("An asynchronous abort is nobody's instruction's: it is not passed on")
  func asynchronous() {
    for dfsc: UInt32 in [0b010001, 0b011001] {
      let raw = HSR.dataAbort(isv: 0, dfsc: dfsc)
      #expect(exit(raw) == .unknown(syndrome: UInt64(raw)))
    }
  }

  @Test("HPFAR lacks the address of a permission fault, but not of one on a table walk")
  func faultAddress() {
    for level: UInt32 in 1...3 {
      #expect(Syndrome(rawValue: HSR.dataAbort(dfsc: 0b001100 | level)).lacksGuestPhysicalAddress)
      #expect(!Syndrome(rawValue: HSR.dataAbort(s1ptw: 1, dfsc: 0b001100 | level)).lacksGuestPhysicalAddress)
      #expect(!Syndrome(rawValue: HSR.dataAbort(dfsc: 0b000100 | level)).lacksGuestPhysicalAddress)
    }
    #expect(Syndrome(rawValue: HSR.dataAbort()).isDataAbort)
    #expect(!Syndrome(rawValue: HSR.value(0x20)).isDataAbort)
  }
}
