import ARMv8
import TestSupport
import Testing

private func skip(_ address: UInt64, _ state: UInt64, il: UInt64 = 1) -> SkippedInstruction {
  SkippedInstruction(programCounter: address, state: state, syndrome: ESR.value(0x01, il: il))
}

@Suite("The way on behind an instruction", .timeLimited)
struct SkippedInstructionTests {
  @Test("An AArch64 instruction is four bytes, up to the end of the space")
  func plain() {
    #expect(skip(0x1000, 0b00101).programCounter == 0x1004)
    #expect(skip(0xffff_ffff_ffff_fffc, 0b00101).programCounter == 0)
    #expect(skip(0x1000, 0xf000_03c5).state == 0xf000_03c5)
  }

  @Test("BTYPE and SS become zero, and nothing else changes")
  func finished() {
    let before: UInt64 = 0x20_0c05
    #expect(skip(0x1000, before).state == 0b00101)
    let everything: UInt64 = 0xffff_ffff_ffff_ffef
    let kept: UInt64 = 0xffff_ffff_ffdf_f3ef
    #expect(skip(0x1000, everything).state == kept)
  }

  @Test("In T32 the syndrome says how long the instruction was; A32 is four bytes")
  func length() {
    let thumb: UInt64 = 0b11_0000
    #expect(skip(0x1000, thumb, il: 0).programCounter == 0x1002)
    #expect(skip(0x1002, thumb, il: 1).programCounter == 0x1006)
    #expect(skip(0x1000, 0b1_0000, il: 1).programCounter == 0x1004)
    #expect(skip(0x1000, 0b00101, il: 0).programCounter == 0x1004)
  }

  /// CPSR with T32 and ITSTATE `block` at its places: IT[7:2] in 15:10, IT[1:0] in 26:25.
  private func state(_ block: UInt64, flags: UInt64 = 0) -> UInt64 {
    flags << 28 | (block & 3) << 25 | (block >> 2) << 10 | 0b11_0000
  }

  @Test("An IT block goes on by one instruction and ends after the last")
  func block() {
    // ITTET EQ: IT = 0b0000_0101; then the condition's low bit moves up by one each time.
    let steps: [UInt64] = [0b0000_0101, 0b0000_1010, 0b0001_0100, 0b0000_1000]
    #expect(skip(0x1000, state(steps[0], flags: 5)).state == state(steps[1], flags: 5))
    #expect(skip(0x1000, state(steps[1], flags: 5)).state == state(steps[2], flags: 5))
    // The last instruction of a block has IT[3:0] = 1000.
    #expect(skip(0x1000, state(0b1011_1000)).state == state(0))
    #expect(skip(0x1000, state(0b1111_1000)).state == state(0))
    #expect(skip(0x1000, state(0b1110_0100)).state == state(0b1110_1000))
    #expect(skip(0x1000, state(0)).state == state(0))
  }

  @Test("Bits 15 to 10 of an A32 program stay as they are")
  func noThumb() {
    let state: UInt64 = 0x3_0210
    #expect(skip(0x1000, state).state == state)
  }
}
