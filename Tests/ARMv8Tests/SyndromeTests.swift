import ARMv8
import Architecture
import TestSupport
import Testing

private let place = GuestPhysicalAddress(0x0900_0018)

private func exit(_ syndrome: UInt64) -> Exit { Syndrome(rawValue: syndrome).exit(at: place) }

@Suite("Syndromes", .timeLimited)
struct SyndromeTests {
  @Test("WFI and WFE by TI; WFIT and WFET are hidden, so they are undefined")
  func waiting() {
    // CV and COND, as real cores report them, make no difference.
    let condition: UInt64 = 1 << 24 | 0xe << 20
    #expect(exit(ESR.value(0x01, iss: condition | 0b00)) == .waitForInterrupt)
    #expect(exit(ESR.value(0x01, iss: condition | 0b01)) == .waitForEvent)
    #expect(exit(ESR.value(0x01, iss: condition | 0b10)) == .undefined)
    #expect(exit(ESR.value(0x01, iss: condition | 0b11)) == .undefined)
  }

  @Test("HVC and SMC carry sixteen bits of immediate", arguments: [0, 1, 0x8000, 0xffff] as [UInt16])
  func calls(immediate: UInt16) {
    #expect(exit(ESR.value(0x16, iss: UInt64(immediate))) == .call(.hypervisorCall, immediate: immediate))
    #expect(exit(ESR.value(0x17, iss: UInt64(immediate))) == .call(.secureMonitorCall, immediate: immediate))
  }

  @Test("What the guest must not have is undefined: PAC, LD64B, SVE, ERET, SME, and what the manual calls unknown")
  func undefined() {
    for exceptionClass: UInt64 in [0x00, 0x09, 0x0a, 0x19, 0x1a, 0x1d] {
      #expect(exit(ESR.value(exceptionClass)) == .undefined, "EC \(exceptionClass)")
    }
  }

  @Test("FP and SIMD trap for their registers")
  func floatingPoint() {
    #expect(exit(ESR.value(0x07, iss: 1 << 24 | 0xe << 20)) == .floatingPoint)
  }

  @Test("What nobody expects keeps its whole syndrome", arguments: [0x0e, 0x15, 0x22, 0x25, 0x26, 0x2f, 0x3c, 0x3f])
  func unknown(exceptionClass: UInt64) {
    let raw = ESR.value(exceptionClass, iss: 0x123_4567) | 0x5a << 32
    #expect(exit(raw) == .unknown(syndrome: raw))
  }

  @Test("A fetch from nowhere is the guest's own abort")
  func instructionAbort() {
    #expect(exit(ESR.value(0x20, iss: 0b000110)) == .abort(.instructionAbort))
    #expect(exit(ESR.value(0x20, iss: 1 << 7 | 0b000110)) == .abort(.instructionAbort))
  }

  /// What each class is to come to, whatever the rest of the syndrome says, by DDI 0487's table of ESR_EL2.EC.
  private static func isMeant(_ exit: Exit, by exceptionClass: UInt64, _ raw: UInt64) -> Bool {
    // A walk of the guest's own tables, or a fault that is not stage 2's, which are kinds 1 to 3 of DFSC.
    let isOwn = raw >> 7 & 1 == 1 || raw >> 4 & 3 != 0 || raw >> 2 & 3 == 0
    let (isDescribed, isCacheMaintenance, isWritten) = (raw >> 24 & 1 == 1, raw >> 8 & 1 == 1, raw >> 6 & 1 == 1)
    return switch (exceptionClass, exit) {
    // Classes of AArch32's instructions, of a guest that runs in AArch64: conditions do not matter.
    case (0x01, .waitForInterrupt): raw & 3 == 0
    case (0x01, .waitForEvent): raw & 3 == 1
    case (0x01, .undefined): raw & 2 != 0
    case (0x03, .coprocessor(let access)), (0x04, .coprocessor(let access)): access.register.coprocessor == 15
    case (0x05, .coprocessor(let access)), (0x0c, .coprocessor(let access)): access.register.coprocessor == 14
    case (0x08, .coprocessor(let access)): access.register.coprocessor == 10
    case (0x06, .undefined), (0x07, .floatingPoint): true
    case (0x12, .call(.hypervisorCall, let immediate)), (0x16, .call(.hypervisorCall, let immediate)),
      (0x17, .call(.secureMonitorCall, let immediate)):
      immediate == UInt16(truncatingIfNeeded: raw)
    case (0x13, .call(.secureMonitorCall, let immediate)): immediate == 0
    case (0x18, .systemRegister(let access)): access.isWrite == (raw & 1 == 0)
    case (0x20, .abort(.instructionAbort)): true
    case (0x24, .abort(.dataAbort(let isWrite))): isOwn && isWrite == isWritten
    case (0x24, .cacheMaintenance): !isOwn && isCacheMaintenance
    case (0x24, .memory(let access)):
      !isOwn && !isCacheMaintenance && isDescribed && access.isWrite == isWritten && access.address == place
    case (0x24, .undescribedMemory(place, let isWrite)):
      !isOwn && !isCacheMaintenance && !isDescribed && isWrite == isWritten
    // Unknown reason; pointer authentication, LD64B, BTI's neighbours, SVE, ERET, TSTART, SME.
    case (0x00, .undefined), (0x09, .undefined), (0x0a, .undefined), (0x14, .undefined), (0x19, .undefined),
      (0x1a, .undefined), (0x1b, .undefined), (0x1c, .undefined), (0x1d, .undefined):
      true
    case (_, .unknown(let syndrome)):
      syndrome == raw
        && ![
          0x00, 0x01, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0c, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18, 0x19,
          0x1a, 0x1b, 0x1c, 0x1d, 0x20, 0x24,
        ].contains(exceptionClass)
    default: false
    }
  }

  @Test("No syndrome makes decoding trap, and each comes to what its class is")
  func everything() {
    var seed: UInt64 = 0x853c_49e6_748f_ea9b
    for _ in 0..<50_000 {
      seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let raw = seed ^ seed >> 29
      let result = exit(raw)
      #expect(Self.isMeant(result, by: raw >> 26 & 0x3f, raw), "\(String(raw, radix: 16)): \(result)")
    }
  }
}

@Suite("System register syndromes", .timeLimited)
struct SystemRegisterSyndromeTests {
  @Test("Each field of the ISS lands in its own field of the name")
  func fields() {
    let cases: [(UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)] = [
      (3, 0, 0, 0, 0, 0), (0, 7, 0, 0, 0, 0), (0, 0, 15, 0, 0, 0), (0, 0, 0, 15, 0, 0), (0, 0, 0, 0, 7, 0),
      (0, 0, 0, 0, 0, 31), (3, 3, 14, 2, 1, 5), (3, 0, 12, 11, 5, 30), (2, 0, 0, 2, 2, 17), (1, 5, 10, 6, 3, 12),
    ]
    for (op0, op1, crn, crm, op2, rt) in cases {
      for isRead in [false, true] {
        let raw = ESR.systemRegister(op0: op0, op1: op1, crn: crn, crm: crm, op2: op2, rt: rt, isRead: isRead)
        let expected = SystemRegisterAccess(
          register: SystemRegister(UInt16(op0), UInt16(op1), UInt16(crn), UInt16(crm), UInt16(op2)), isWrite: !isRead,
          generalRegister: UInt8(rt))
        #expect(exit(raw) == .systemRegister(expected))
      }
    }
  }
}

@Suite("Data abort syndromes", .timeLimited)
struct DataAbortSyndromeTests {
  @Test("Every described access comes out as the load or store that it was")
  func described() {
    let widths: [(UInt64, AccessWidth)] = [(0, .byte), (1, .halfword), (2, .word), (3, .doubleword)]
    for (sas, width) in widths {
      for sse: UInt64 in 0...1 {
        for sf: UInt64 in 0...1 {
          for wnr: UInt64 in 0...1 {
            for srt: UInt64 in 0...31 {
              let expected = MMIOAccess(
                address: place, width: width, isWrite: wnr == 1, register: UInt8(srt), isSignExtended: sse == 1,
                isSixtyFourBit: sf == 1)
              #expect(exit(ESR.dataAbort(sas: sas, sse: sse, srt: srt, sf: sf, wnr: wnr)) == .memory(expected))
            }
          }
        }
      }
    }
  }

  @Test("Translation, access flag and permission faults of every level are stage 2's")
  func levels() {
    for kind: UInt64 in [0b0001, 0b0010, 0b0011] {
      for level: UInt64 in 0...3 {
        guard case .memory = exit(ESR.dataAbort(dfsc: kind << 2 | level)) else {
          Issue.record("DFSC \(kind << 2 | level)")
          continue
        }
      }
    }
  }

  @Test("Without ISV there is an address and a direction, whatever the other bits say")
  func undescribed() {
    let bits = (sas: UInt64(3), sse: UInt64(1), srt: UInt64(9))
    for wnr: UInt64 in 0...1 {
      let raw = ESR.dataAbort(isv: 0, sas: bits.sas, sse: bits.sse, srt: bits.srt, wnr: wnr)
      #expect(exit(raw) == .undescribedMemory(place, isWrite: wnr == 1))
    }
  }

  @Test("Cache maintenance is no store")
  func cacheMaintenance() {
    #expect(exit(ESR.dataAbort(isv: 0, cm: 1, wnr: 1)) == .cacheMaintenance)
    #expect(exit(ESR.dataAbort(isv: 0, cm: 1, wnr: 1, dfsc: 0b001111)) == .cacheMaintenance)
  }

  @Test("A walk of the guest's own tables outside its memory is the guest's own abort")
  func tableWalk() {
    for wnr: UInt64 in 0...1 {
      #expect(exit(ESR.dataAbort(isv: 0, s1ptw: 1, wnr: wnr)) == .abort(.dataAbort(isWrite: wnr == 1)))
      #expect(exit(ESR.dataAbort(isv: 1, s1ptw: 1, wnr: wnr)) == .abort(.dataAbort(isWrite: wnr == 1)))
    }
    #expect(exit(ESR.dataAbort(isv: 0, cm: 1, s1ptw: 1, wnr: 1)) == .abort(.dataAbort(isWrite: true)))
  }

  @Test("What stage 2 did not raise goes to the guest: external aborts, on walks too, alignment, address size")
  func external() {
    for dfsc: UInt64 in [0b010000, 0b010100, 0b010111, 0b011000, 0b100001, 0b110000, 0b000000] {
      #expect(exit(ESR.dataAbort(ea: 1, wnr: 1, dfsc: dfsc)) == .abort(.dataAbort(isWrite: true)), "DFSC \(dfsc)")
    }
  }

  @Test("HPFAR_EL2 lacks the address of a permission fault, but not of one on a table walk")
  func faultAddress() {
    for level: UInt64 in 0...3 {
      #expect(Syndrome(rawValue: ESR.dataAbort(dfsc: 0b001100 | level)).lacksGuestPhysicalAddress)
      #expect(!Syndrome(rawValue: ESR.dataAbort(s1ptw: 1, dfsc: 0b001100 | level)).lacksGuestPhysicalAddress)
      #expect(!Syndrome(rawValue: ESR.dataAbort(dfsc: 0b000100 | level)).lacksGuestPhysicalAddress)
      #expect(!Syndrome(rawValue: ESR.dataAbort(dfsc: 0b001000 | level)).lacksGuestPhysicalAddress)
    }
    #expect(Syndrome(rawValue: ESR.dataAbort()).isDataAbort)
    #expect(!Syndrome(rawValue: ESR.value(0x20)).isDataAbort)
  }

  @Test("The address is asked for only where the exit has one")
  func laziness() {
    var count = 0
    func address() -> GuestPhysicalAddress {
      count += 1
      return place
    }
    _ = Syndrome(rawValue: ESR.value(0x16)).exit(at: address())
    _ = Syndrome(rawValue: ESR.value(0x01)).exit(at: address())
    _ = Syndrome(rawValue: ESR.value(0x20)).exit(at: address())
    #expect(count == 0)
    _ = Syndrome(rawValue: ESR.dataAbort()).exit(at: address())
    #expect(count == 1)
  }
}
