import ARMv7
import TestSupport
import Testing

private func skip(_ address: UInt32, _ state: UInt32, il: UInt32 = 1) -> SkippedInstruction {
  SkippedInstruction(programCounter: address, state: state, syndrome: HSR.value(0x03, il: il))
}

@Suite("The way on behind an instruction of ARMv7", .timeLimited)
struct SkippedInstructionTests {
  @Test("A32 is four bytes, T32 two or four by IL, up to the end of the space")
  func length() {
    #expect(skip(0x1000, 0x1d3).programCounter == 0x1004)
    #expect(skip(0x1000, 0x1d3, il: 0).programCounter == 0x1004)
    #expect(skip(0xffff_fffc, 0x1d3).programCounter == 0)
    #expect(skip(0x1002, 0x1f3, il: 0).programCounter == 0x1004)
    #expect(skip(0x1002, 0x1f3, il: 1).programCounter == 0x1006)
  }

  @Test("A length that is known otherwise counts instead of IL")
  func knownLength() {
    #expect(SkippedInstruction(programCounter: 0x1000, state: 0x1f3, byteCount: 2).programCounter == 0x1002)
    #expect(SkippedInstruction(programCounter: 0x1000, state: 0x1f3, byteCount: 4).programCounter == 0x1004)
    #expect(SkippedInstruction(programCounter: 0x1000, state: 0x1d3, byteCount: 4).programCounter == 0x1004)
  }

  /// CPSR in SVC mode with T32, `flags`, and ITSTATE `block`: IT[7:2] in 15:10, IT[1:0] in 26:25.
  private func state(_ block: UInt32, flags: UInt32 = 0) -> UInt32 {
    flags << 28 | (block & 3) << 25 | (block >> 2) << 10 | 0x1f3
  }

  @Test("An IT block goes on by one instruction and ends after the last")
  func block() {
    let steps: [UInt32] = [0b0000_0101, 0b0000_1010, 0b0001_0100, 0b0000_1000]
    for index in 0..<3 {
      #expect(skip(0x1000, state(steps[index], flags: 5)).state == state(steps[index + 1], flags: 5))
    }
    #expect(skip(0x1000, state(steps[3])).state == state(0))
    #expect(skip(0x1000, state(0b1111_1000)).state == state(0))
    #expect(skip(0x1000, state(0b1110_0100)).state == state(0b1110_1000))
    #expect(skip(0x1000, state(0)).state == state(0))
  }

  @Test("Everything else in CPSR stays, in A32 all of it")
  func others() {
    let kept: UInt32 = 0xf80f_03ff & ~(3 << 25)
    #expect(skip(0x1000, kept).state == kept)
    #expect(skip(0x1000, 0xffff_ffdf).state == 0xffff_ffdf)
  }
}
