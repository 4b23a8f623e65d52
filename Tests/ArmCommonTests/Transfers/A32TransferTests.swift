import Architecture
import ArmCommon
import TestSupport
import Testing

// Encodings from an assembler, what they do from the manual (DDI 0406C, A8.8).

@Suite("Loads and stores of A32", .timeLimited)
struct A32TransferTests {
  private static let described1: [Row] = [
    Row(0xe592_100c, "ldr r1, [r2, #12]", load(.word, .one(1), 2, 12)),
    Row(0xe512_1fff, "ldr r1, [r2, #-4095]", load(.word, .one(1), 2, -4095)),
    Row(0xe5b2_1004, "ldr r1, [r2, #4]!", load(.word, .one(1), 2, 4, .preIndexed)),
    Row(0xe412_1004, "ldr r1, [r2], #-4", load(.word, .one(1), 2, -4, .postIndexed)),
    Row(0xe4b2_1004, "ldrt r1, [r2], #4", load(.word, .one(1), 2, 4, .postIndexed)),
    Row(0xe4d2_1001, "ldrb r1, [r2], #1", load(.byte, .one(1), 2, 1, .postIndexed)),
    Row(0xe4f2_1001, "ldrbt r1, [r2], #1", load(.byte, .one(1), 2, 1, .postIndexed)),
    Row(0xe58e_d008, "str r13, [r14, #8]", store(.word, .one(13), 14, 8)),
    Row(0xe562_1001, "strb r1, [r2, #-1]!", store(.byte, .one(1), 2, -1, .preIndexed)),
    Row(0xe422_1008, "strt r1, [r2], #-8", store(.word, .one(1), 2, -8, .postIndexed)),
    Row(0xe52d_4004, "push {r4}", store(.word, .one(4), 13, -4, .preIndexed)),
    Row(0xe49d_4004, "pop {r4}", load(.word, .one(4), 13, 4, .postIndexed)),
    Row(0xe59f_1010, "ldr r1, [pc, #16]", loadLiteral(.word, 1, 16)),
    Row(0x1592_1000, "ldrne r1, [r2]", load(.word, .one(1), 2)),
    Row(0xe792_1003, "ldr r1, [r2, r3]", indexed(false, .word, 1, 2, 3)),
    Row(0xe712_1103, "ldr r1, [r2, -r3, lsl #2]", indexed(false, .word, 1, 2, 3, .left, 2, subtracted: true)),
    Row(0xe792_1023, "ldr r1, [r2, r3, lsr #32]", indexed(false, .word, 1, 2, 3, .logicalRight, 32)),
    Row(0xe7b2_1043, "ldr r1, [r2, r3, asr #32]!", indexed(false, .word, 1, 2, 3, .arithmeticRight, 32, .preIndexed)),
    Row(0xe692_13e3, "ldr r1, [r2], r3, ror #7", indexed(false, .word, 1, 2, 3, .rotateRight, 7, .postIndexed)),
    Row(0xe792_1063, "ldr r1, [r2, r3, rrx]", indexed(false, .word, 1, 2, 3, .rotateRight, 0)),
    Row(0xe762_1003, "strb r1, [r2, -r3]!", indexed(true, .byte, 1, 2, 3, .left, 0, .preIndexed, subtracted: true)),
    Row(
      0xe602_10c3, "str r1, [r2], -r3, asr #1",
      indexed(true, .word, 1, 2, 3, .arithmeticRight, 1, .postIndexed, subtracted: true)),
    Row(0xe6e2_1f83, "strbt r1, [r2], r3, lsl #31", indexed(true, .byte, 1, 2, 3, .left, 31, .postIndexed)),
    Row(0xe1d2_1fbf, "ldrh r1, [r2, #255]", load(.halfword, .one(1), 2, 255)),
    Row(0xe162_10b2, "strh r1, [r2, #-2]!", store(.halfword, .one(1), 2, -2, .preIndexed)),
    Row(0xe0d2_10d1, "ldrsb r1, [r2], #1", load(.byte, .one(1), 2, 1, .postIndexed, signed: true)),
    Row(0xe192_10f3, "ldrsh r1, [r2, r3]", indexed(false, .halfword, 1, 2, 3, signed: true)),
    Row(0xe0f2_10b2, "ldrht r1, [r2], #2", load(.halfword, .one(1), 2, 2, .postIndexed)),
    Row(
      0xe022_10b3, "strht r1, [r2], -r3", indexed(true, .halfword, 1, 2, 3, .left, 0, .postIndexed, subtracted: true)),
    Row(0xe1df_10b4, "ldrh r1, [pc, #4]", loadLiteral(.halfword, 1, 4)),
  ]

  private static let described2: [Row] = [
    Row(0xe1c4_20d8, "ldrd r2, r3, [r4, #8]", load(.word, .two(2, 3), 4, 8)),
    Row(0xe044_20d8, "ldrd r2, r3, [r4], #-8", load(.word, .two(2, 3), 4, -8, .postIndexed)),
    Row(0xe1e4_c0d8, "ldrd r12, sp, [r4, #8]!", load(.word, .two(12, 13), 4, 8, .preIndexed)),
    Row(0xe184_20f5, "strd r2, r3, [r4, r5]", indexedPair(true, .word, .two(2, 3), 4, 5)),
    Row(0xe144_2fff, "strd r2, r3, [r4, #-255]", store(.word, .two(2, 3), 4, -255)),
    Row(0xe890_4006, "ldm r0, {r1, r2, r14}", multiple(false, 0x4006, 0)),
    Row(0xe8b0_0006, "ldm r0!, {r1, r2}", multiple(false, 0x0006, 0, back: 8)),
    Row(0xe990_0006, "ldmib r0, {r1, r2}", multiple(false, 0x0006, 0, start: 4)),
    Row(0xe830_000e, "ldmda r0!, {r1, r2, r3}", multiple(false, 0x000e, 0, start: -8, back: -12)),
    Row(0xe910_000e, "ldmdb r0, {r1, r2, r3}", multiple(false, 0x000e, 0, start: -12)),
    Row(0xe8a0_0003, "stm r0!, {r0, r1}", multiple(true, 0x0003, 0, back: 8)),
    Row(0xe9a0_7ffe, "stmib r0!, {r1-r14}", multiple(true, 0x7ffe, 0, start: 4, back: 56)),
    Row(0xe92d_4030, "push {r4, r5, lr}", multiple(true, 0x4030, 13, start: -12, back: -12)),
    Row(0xe8bd_0030, "pop {r4, r5}", multiple(false, 0x0030, 13, back: 8)),
    Row(0xe890_0003, "ldm r0, {r0, r1}", multiple(false, 0x0003, 0)),
    Row(0xe192_1c9f, "lda r1, [r2]", load(.word, .one(1), 2)),
    Row(0xe1d2_1c9f, "ldab r1, [r2]", load(.byte, .one(1), 2)),
    Row(0xe1f2_1c9f, "ldah r1, [r2]", load(.halfword, .one(1), 2)),
    Row(0xe182_fc91, "stl r1, [r2]", store(.word, .one(1), 2)),
    Row(0xe1c2_fc91, "stlb r1, [r2]", store(.byte, .one(1), 2)),
    Row(0xe1e2_fc91, "stlh r1, [r2]", store(.halfword, .one(1), 2)),
    Row(0xf5d1_f004, "pld [r1, #4]", .prefetch(byteCount: 4)),
    Row(0xf7d1_f182, "pld [r1, r2, lsl #3]", .prefetch(byteCount: 4)),
    Row(0xf591_f000, "pldw [r1]", .prefetch(byteCount: 4)),
    Row(0xf451_f004, "pli [r1, #-4]", .prefetch(byteCount: 4)),
    Row(0xf5df_f008, "pld [pc, #8]", .prefetch(byteCount: 4)),
    Row(0xe1c3_20d0, "ldrd r2, r3, [r3] is fine", load(.word, .two(2, 3), 3)),
  ]

  private static let refused1: [Row] = [
    Row(0xed91_0b00, "vldr d0, [r1]", .refused(.floatingPoint)),
    Row(0xed81_0a01, "vstr s0, [r1, #4]", .refused(.floatingPoint)),
    Row(0xecb0_0b08, "vldmia r0!, {d0-d3}", .refused(.floatingPoint)),
    Row(0xed2d_8b02, "vpush {d8}", .refused(.floatingPoint)),
    Row(0xf421_070f, "vld1.8 {d0}, [r1]", .refused(.floatingPoint)),
    Row(0xf481_0b0d, "vst4.32 {d0[0], d1[0], d2[0], d3[0]}, [r1]!", .refused(.floatingPoint)),
    Row(0xe192_1f9f, "ldrex r1, [r2]", .refused(.exclusive)),
    Row(0xe182_0f91, "strex r0, r1, [r2]", .refused(.exclusive)),
    Row(0xe1b2_0f9f, "ldrexd r0, r1, [r2]", .refused(.exclusive)),
    Row(0xe1e2_0f91, "strexh r0, r1, [r2]", .refused(.exclusive)),
    Row(0xe192_1e9f, "ldaex r1, [r2]", .refused(.exclusive)),
    Row(0xe1c2_0e91, "stlexb r0, r1, [r2]", .refused(.exclusive)),
    Row(0xe1b2_0e9f, "ldaexd r0, r1, [r2]", .refused(.exclusive)),
    Row(0xe102_0091, "swp r0, r1, [r2]", .refused(.exclusive)),
    Row(0xe142_0091, "swpb r0, r1, [r2]", .refused(.exclusive)),
    Row(0xe591_f000, "ldr pc, [r1]", .refused(.programCounter)),
    Row(0xe581_f000, "str pc, [r1]", .refused(.programCounter)),
    Row(0xe890_8002, "ldm r0, {r1, pc}", .refused(.programCounter)),
    Row(0xe8bd_8010, "pop {r4, pc}", .refused(.programCounter)),
    Row(0xe880_8002, "stm r0, {r1, pc}", .refused(.programCounter)),
    Row(0xe8d0_0006, "ldm r0, {r1, r2}^", .refused(.otherMode)),
    Row(0xe8c0_0006, "stm r0, {r1, r2}^", .refused(.otherMode)),
    Row(0xe8fd_8001, "ldm sp!, {r0, pc}^", .refused(.otherMode)),
    Row(0xf8bd_0a00, "rfeia sp!", .refused(.otherMode)),
    Row(0xf96d_0513, "srsdb sp!, #19", .refused(.otherMode)),
    Row(0xecb0_5e01, "ldc p14, c5, [r0], #4", .refused(.coprocessor)),
    Row(0xed80_5e00, "stc p14, c5, [r0]", .refused(.coprocessor)),
    Row(0xfdd2_3100, "ldc2l p1, c3, [r2]", .refused(.coprocessor)),
    Row(0xe5b1_1004, "ldr r1, [r1, #4]!", .refused(.unpredictable)),
    Row(0xe5bf_1004, "ldr r1, [pc, #4]!", .refused(.unpredictable)),
  ]

  private static let refused2: [Row] = [
    Row(0xe792_100f, "ldr r1, [r2, pc]", .refused(.unpredictable)),
    Row(0xe5d2_f000, "ldrb pc, [r2]", .refused(.unpredictable)),
    Row(0xe1c4_30d0, "ldrd r3, r4, [r4]", .refused(.unpredictable)),
    Row(0xe1c2_e0d0, "ldrd lr, pc, [r2]", .refused(.unpredictable)),
    Row(0xe184_20d2, "ldrd r2, r3, [r4, r2]", .refused(.unpredictable)),
    Row(0xe0e4_20d8, "ldrd, P = 0, W = 1", .refused(.unpredictable)),
    Row(0xe8b0_0003, "ldm r0!, {r0, r1}", .refused(.unpredictable)),
    Row(0xe8a2_0006, "stm r2!, {r1, r2}", .refused(.unpredictable)),
    Row(0xe890_0000, "ldm r0, {}", .refused(.unpredictable)),
    Row(0xe89f_0001, "ldm pc, {r0}", .refused(.unpredictable)),
    Row(0xe192_10bf, "ldrh r1, [r2, pc]", .refused(.unpredictable)),
    Row(0xe320_f000, "nop", .refused(.unrecognized)),
    Row(0xe081_0002, "add r0, r1, r2", .refused(.unrecognized)),
    Row(0xe000_0291, "mul r0, r1, r2", .refused(.unrecognized)),
    Row(0xe081_0392, "umull r0, r1, r2, r3", .refused(.unrecognized)),
    Row(0xea00_0000, "b .+8", .refused(.unrecognized)),
    Row(0xee10_0f10, "mrc p15, 0, r0, c0, c0, 0", .refused(.unrecognized)),
    Row(0xec51_0f0e, "mrrc p15, 0, r0, r1, c14", .refused(.unrecognized)),
    Row(0xec51_0b10, "vmov r0, r1, d0", .refused(.unrecognized)),
    Row(0xe7a2_0151, "sbfx r0, r1, #2, #3", .refused(.unrecognized)),
    Row(0xef00_0000, "svc #0", .refused(.unrecognized)),
    Row(0xf57f_f05f, "dmb sy", .refused(.unrecognized)),
    Row(0xef00_0001, "swi #1", .refused(.unrecognized)),
    Row(0xe6ef_0071, "uxtb r0, r1", .refused(.unrecognized)),
  ]

  @Test("What the manual describes comes out so")
  func described() {
    for row in Self.described1 + Self.described2 {
      #expect(DecodedTransfer(a32: row.word) == row.expected, "\(row.text)")
    }
  }

  @Test("What is no plain load or store of general registers is refused, and it says why")
  func refused() {
    for row in Self.refused1 + Self.refused2 {
      #expect(DecodedTransfer(a32: row.word) == row.expected, "\(row.text)")
    }
  }
}
