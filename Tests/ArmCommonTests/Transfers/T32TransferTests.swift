import Architecture
import ArmCommon
import TestSupport
import Testing

// Encodings from an assembler, what they do from the manual (DDI 0406C, A8.8).

@Suite("Loads and stores of T32", .timeLimited)
struct T32TransferTests {
  private static let described1: [Row] = [
    Row(0x49ff, "ldr.n r1, [pc, #1020]", loadLiteral(.word, 1, 1020, bytes: 2)),
    Row(0x50d1, "str.n r1, [r2, r3]", indexed(true, .word, 1, 2, 3, bytes: 2)),
    Row(0x52d1, "strh.n r1, [r2, r3]", indexed(true, .halfword, 1, 2, 3, bytes: 2)),
    Row(0x54d1, "strb.n r1, [r2, r3]", indexed(true, .byte, 1, 2, 3, bytes: 2)),
    Row(0x56d1, "ldrsb.n r1, [r2, r3]", indexed(false, .byte, 1, 2, 3, signed: true, bytes: 2)),
    Row(0x58d1, "ldr.n r1, [r2, r3]", indexed(false, .word, 1, 2, 3, bytes: 2)),
    Row(0x5ad1, "ldrh.n r1, [r2, r3]", indexed(false, .halfword, 1, 2, 3, bytes: 2)),
    Row(0x5cd1, "ldrb.n r1, [r2, r3]", indexed(false, .byte, 1, 2, 3, bytes: 2)),
    Row(0x5ed1, "ldrsh.n r1, [r2, r3]", indexed(false, .halfword, 1, 2, 3, signed: true, bytes: 2)),
    Row(0x67c7, "str.n r7, [r0, #124]", store(.word, .one(7), 0, 124, bytes: 2)),
    Row(0x6847, "ldr.n r7, [r0, #4]", load(.word, .one(7), 0, 4, bytes: 2)),
    Row(0x77c7, "strb.n r7, [r0, #31]", store(.byte, .one(7), 0, 31, bytes: 2)),
    Row(0x7847, "ldrb.n r7, [r0, #1]", load(.byte, .one(7), 0, 1, bytes: 2)),
    Row(0x87c7, "strh.n r7, [r0, #62]", store(.halfword, .one(7), 0, 62, bytes: 2)),
    Row(0x8847, "ldrh.n r7, [r0, #2]", load(.halfword, .one(7), 0, 2, bytes: 2)),
    Row(0x93ff, "str.n r3, [sp, #1020]", store(.word, .one(3), 13, 1020, bytes: 2)),
    Row(0x9b02, "ldr.n r3, [sp, #8]", load(.word, .one(3), 13, 8, bytes: 2)),
    Row(0xb581, "push {r0, r7, lr}", multiple(true, 0x4081, 13, start: -12, back: -12, bytes: 2)),
    Row(0xbc81, "pop {r0, r7}", multiple(false, 0x0081, 13, back: 8, bytes: 2)),
    Row(0xc318, "stm r3!, {r3, r4}", multiple(true, 0x0018, 3, back: 8, bytes: 2)),
    Row(0xcb11, "ldm r3!, {r0, r4}", multiple(false, 0x0011, 3, back: 8, bytes: 2)),
    Row(0xcb09, "ldm r3, {r0, r3}", multiple(false, 0x0009, 3, bytes: 2)),
    Row(0xf8d2_1fff, "ldr.w r1, [r2, #4095]", load(.word, .one(1), 2, 4095)),
    Row(0xf852_1cff, "ldr r1, [r2, #-255]", load(.word, .one(1), 2, -255)),
    Row(0xf852_1b04, "ldr r1, [r2], #4", load(.word, .one(1), 2, 4, .postIndexed)),
    Row(0xf852_1d04, "ldr r1, [r2, #-4]!", load(.word, .one(1), 2, -4, .preIndexed)),
    Row(0xf852_1e04, "ldrt r1, [r2, #4]", load(.word, .one(1), 2, 4)),
    Row(0xf852_103c, "ldr.w r1, [r2, r12, lsl #3]", indexed(false, .word, 1, 2, 12, .left, 3)),
    Row(0xf85f_1004, "ldr.w r1, [pc, #-4]", loadLiteral(.word, 1, -4)),
    Row(0xf8d2_d000, "ldr.w sp, [r2]", load(.word, .one(13), 2)),
  ]

  private static let described2: [Row] = [
    Row(0xf892_1001, "ldrb.w r1, [r2, #1]", load(.byte, .one(1), 2, 1)),
    Row(0xf812_1901, "ldrb r1, [r2], #-1", load(.byte, .one(1), 2, -1, .postIndexed)),
    Row(0xf83a_900b, "ldrh.w r9, [r10, r11]", indexed(false, .halfword, 9, 10, 11)),
    Row(0xf912_1c01, "ldrsb.w r1, [r2, #-1]", load(.byte, .one(1), 2, -1, signed: true)),
    Row(0xf9b2_1004, "ldrsh.w r1, [r2, #4]", load(.halfword, .one(1), 2, 4, signed: true)),
    Row(0xf932_1f02, "ldrsh r1, [r2, #2]!", load(.halfword, .one(1), 2, 2, .preIndexed, signed: true)),
    Row(0xf912_1e03, "ldrsbt r1, [r2, #3]", load(.byte, .one(1), 2, 3, signed: true)),
    Row(0xf89f_1007, "ldrb.w r1, [pc, #7]", loadLiteral(.byte, 1, 7)),
    Row(0xf8c2_1ffc, "str.w r1, [r2, #4092]", store(.word, .one(1), 2, 4092)),
    Row(0xf842_1904, "str r1, [r2], #-4", store(.word, .one(1), 2, -4, .postIndexed)),
    Row(0xf802_1f01, "strb r1, [r2, #1]!", store(.byte, .one(1), 2, 1, .preIndexed)),
    Row(0xf822_1013, "strh.w r1, [r2, r3, lsl #1]", indexed(true, .halfword, 1, 2, 3, .left, 1)),
    Row(0xf822_1e02, "strht r1, [r2, #2]", store(.halfword, .one(1), 2, 2)),
    Row(0xe9d2_15ff, "ldrd r1, r5, [r2, #1020]", load(.word, .two(1, 5), 2, 1020)),
    Row(0xe872_1502, "ldrd r1, r5, [r2], #-8", load(.word, .two(1, 5), 2, -8, .postIndexed)),
    Row(0xe9df_1502, "ldrd r1, r5, [pc, #8]", literal(.word, .two(1, 5), 8)),
    Row(0xe962_1502, "strd r1, r5, [r2, #-8]!", store(.word, .two(1, 5), 2, -8, .preIndexed)),
    Row(0xe9c2_1100, "strd r1, r1, [r2]", store(.word, .two(1, 1), 2)),
    Row(0xe8b0_0106, "ldm.w r0!, {r1, r2, r8}", multiple(false, 0x0106, 0, back: 12)),
    Row(0xe910_0006, "ldmdb r0, {r1, r2}", multiple(false, 0x0006, 0, start: -8)),
    Row(0xe888_4006, "stm.w r8, {r1, r2, lr}", multiple(true, 0x4006, 8)),
    Row(0xe92d_0110, "push.w {r4, r8}", multiple(true, 0x0110, 13, start: -8, back: -8)),
    Row(0xf84d_8d04, "push.w {r8}", store(.word, .one(8), 13, -4, .preIndexed)),
    Row(0xf85d_8b04, "pop.w {r8}", load(.word, .one(8), 13, 4, .postIndexed)),
    Row(0xe8d2_1faf, "lda r1, [r2]", load(.word, .one(1), 2)),
    Row(0xe8d2_1f8f, "ldab r1, [r2]", load(.byte, .one(1), 2)),
    Row(0xe8d2_1f9f, "ldah r1, [r2]", load(.halfword, .one(1), 2)),
    Row(0xe8c2_1faf, "stl r1, [r2]", store(.word, .one(1), 2)),
    Row(0xe8c2_1f8f, "stlb r1, [r2]", store(.byte, .one(1), 2)),
    Row(0xe8c2_1f9f, "stlh r1, [r2]", store(.halfword, .one(1), 2)),
  ]

  private static let described3: [Row] = [
    Row(0xf891_f004, "pld [r1, #4]", .prefetch(byteCount: 4)),
    Row(0xf811_fc04, "pld [r1, #-4]", .prefetch(byteCount: 4)),
    Row(0xf811_f032, "pld [r1, r2, lsl #3]", .prefetch(byteCount: 4)),
    Row(0xf8b1_f000, "pldw [r1]", .prefetch(byteCount: 4)),
    Row(0xf991_f004, "pli [r1, #4]", .prefetch(byteCount: 4)),
    Row(0xf89f_f008, "pld [pc, #8]", .prefetch(byteCount: 4)),
    Row(0xf911_fc04, "pli [r1, #-4]", .prefetch(byteCount: 4)),
    Row(0xc106, "stm r1!, {r1, r2} is fine", multiple(true, 0x0006, 1, back: 8, bytes: 2)),
  ]

  private static let refused1: [Row] = [
    Row(0xed91_0b00, "vldr d0, [r1]", .refused(.floatingPoint)),
    Row(0xed81_0a01, "vstr s0, [r1, #4]", .refused(.floatingPoint)),
    Row(0xecb0_0b08, "vldmia r0!, {d0-d3}", .refused(.floatingPoint)),
    Row(0xf921_070f, "vld1.8 {d0}, [r1]", .refused(.floatingPoint)),
    Row(0xf981_0b0d, "vst4.32 {d0[0], d1[0], d2[0], d3[0]}, [r1]!", .refused(.floatingPoint)),
    Row(0xf901_070f, "vst1.8 {d0}, [r1]", .refused(.floatingPoint)),
    Row(0xe852_1f00, "ldrex r1, [r2]", .refused(.exclusive)),
    Row(0xe842_1002, "strex r0, r1, [r2, #8]", .refused(.exclusive)),
    Row(0xe8d2_017f, "ldrexd r0, r1, [r2]", .refused(.exclusive)),
    Row(0xe8c2_1f40, "strexb r0, r1, [r2]", .refused(.exclusive)),
    Row(0xe8d2_1f5f, "ldrexh r1, [r2]", .refused(.exclusive)),
    Row(0xe8d2_1fef, "ldaex r1, [r2]", .refused(.exclusive)),
    Row(0xe8c2_1fc0, "stlexb r0, r1, [r2]", .refused(.exclusive)),
    Row(0xe8d2_01ff, "ldaexd r0, r1, [r2]", .refused(.exclusive)),
    Row(0xf8d1_f000, "ldr.w pc, [r1]", .refused(.programCounter)),
    Row(0xbd01, "pop {r0, pc}", .refused(.programCounter)),
    Row(0xe8bd_8010, "pop.w {r4, pc}", .refused(.programCounter)),
    Row(0xe8b0_8002, "ldm r0!, {r1, pc}", .refused(.programCounter)),
    Row(0xe8d0_f001, "tbb [r0, r1]", .refused(.programCounter)),
    Row(0xe8d0_f011, "tbh [r0, r1, lsl #1]", .refused(.programCounter)),
    Row(0xe9b0_c000, "rfeia r0!", .refused(.otherMode)),
    Row(0xe811_c000, "rfedb r1", .refused(.otherMode)),
    Row(0xe9ad_c013, "srsia sp!, #19", .refused(.otherMode)),
    Row(0xe80d_c013, "srsdb sp, #19", .refused(.otherMode)),
    Row(0xecb0_5e01, "ldc p14, c5, [r0], #4", .refused(.coprocessor)),
    Row(0xed80_5e00, "stc p14, c5, [r0]", .refused(.coprocessor)),
    Row(0xfd92_3100, "ldc2 p1, c3, [r2]", .refused(.coprocessor)),
    Row(0xf851_1b04, "ldr r1, [r1], #4", .refused(.unpredictable)),
    Row(0xf852_100f, "ldr r1, [r2, pc]", .refused(.unpredictable)),
    Row(0xf852_100d, "ldr r1, [r2, sp]", .refused(.unpredictable)),
  ]

  private static let refused2: [Row] = [
    Row(0xf892_d000, "ldrb sp, [r2]", .refused(.unpredictable)),
    Row(0xf812_fb01, "ldrb pc, [r2], #1", .refused(.unpredictable)),
    Row(0xe9d2_1100, "ldrd r1, r1, [r2]", .refused(.unpredictable)),
    Row(0xe9d2_d100, "ldrd sp, r1, [r2]", .refused(.unpredictable)),
    Row(0xe9cf_1200, "strd r1, r2, [pc]", .refused(.unpredictable)),
    Row(0xe9f2_1200, "ldrd r1, r2, [r2]!", .refused(.unpredictable)),
    Row(0xe8b0_0003, "ldm r0!, {r0, r1}", .refused(.unpredictable)),
    Row(0xe890_0002, "ldm r0, {r1}", .refused(.unpredictable)),
    Row(0xe890_c002, "ldm r0, {r1, lr, pc}", .refused(.unpredictable)),
    Row(0xe880_2006, "stm r0, {r1, r2, sp}", .refused(.unpredictable)),
    Row(0xb400, "push {}", .refused(.unpredictable)),
    Row(0xc800, "ldm r0!, {}", .refused(.unpredictable)),
    Row(0xc206, "stm r2!, {r1, r2}", .refused(.unpredictable)),
    Row(0xbf00, "nop", .refused(.unrecognized)),
    Row(0xf3af_8000, "nop.w", .refused(.unrecognized)),
    Row(0xeb01_0002, "add.n r0, r1, r2", .refused(.unrecognized)),
    Row(0xeb09_080a, "add.w r8, r9, r10", .refused(.unrecognized)),
    Row(0xf000_b802, "b.w .+8", .refused(.unrecognized)),
    Row(0xee10_0f10, "mrc p15, 0, r0, c0, c0, 0", .refused(.unrecognized)),
    Row(0xec51_0f0e, "mrrc p15, 0, r0, r1, c14", .refused(.unrecognized)),
    Row(0xdf00, "svc #0", .refused(.unrecognized)),
    Row(0xb108, "cbz", .refused(.unrecognized)),
    Row(0xbf08, "it eq", .refused(.unrecognized)),
    Row(0xbe00, "bkpt #0", .refused(.unrecognized)),
    Row(0xf8c2_f000, "str pc, [r2]", .refused(.programCounter)),
    Row(0xf952_1000, "ldrsw, which T32 has not", .refused(.unrecognized)),
    Row(0xf872_1000, "size 3", .refused(.unrecognized)),
  ]

  /// DDI 0406C, A6.1: 11101, 11110 and 11111 in the upper five bits; 11100 is a branch of 16 bits.
  @Test("a halfword begins a long instruction by its upper five bits")
  func length() {
    for upper in 0..<32 as Range<UInt16> {
      #expect(DecodedTransfer.isLong(upper << 11 | 0x7ff) == (upper > 28), "\(upper)")
      #expect(DecodedTransfer.isLong(upper << 11) == (upper > 28), "\(upper)")
    }
  }

  @Test("What the manual describes comes out so")
  func described() {
    for row in Self.described1 + Self.described2 + Self.described3 {
      #expect(row.decodedThumb == row.expected, "\(row.text)")
    }
  }

  @Test("What is no plain load or store of general registers is refused, and it says why")
  func refused() {
    for row in Self.refused1 + Self.refused2 {
      #expect(row.decodedThumb == row.expected, "\(row.text)")
    }
  }
}
