import Architecture
import ArmCommon
import TestSupport
import Testing

// Encodings from an assembler, what they do from the manual (DDI 0487, C6.2).

@Suite("Loads and stores of A64", .timeLimited)
struct A64TransferTests {
  private static let described1: [Row] = [
    Row(0xb940_0c41, "ldr w1, [x2, #12]", load(.word, .one(1), 2, 12)),
    Row(0xf947_fc41, "ldr x1, [x2, #4088]", load(.doubleword, .one(1), 2, 4088, wide: true)),
    Row(0x397f_ffbe, "ldrb w30, [x29, #4095]", load(.byte, .one(30), 29, 4095)),
    Row(0x797f_fc20, "ldrh w0, [x1, #8190]", load(.halfword, .one(0), 1, 8190)),
    Row(0x39c0_0483, "ldrsb w3, [x4, #1]", load(.byte, .one(3), 4, 1, signed: true)),
    Row(0x3980_0483, "ldrsb x3, [x4, #1]", load(.byte, .one(3), 4, 1, signed: true, wide: true)),
    Row(0x79c0_0483, "ldrsh w3, [x4, #2]", load(.halfword, .one(3), 4, 2, signed: true)),
    Row(0x7980_0483, "ldrsh x3, [x4, #2]", load(.halfword, .one(3), 4, 2, signed: true, wide: true)),
    Row(0xb980_0483, "ldrsw x3, [x4, #4]", load(.word, .one(3), 4, 4, signed: true, wide: true)),
    Row(0xb900_005f, "str wzr, [x2]", store(.word, .one(31), 2)),
    Row(0xf900_0507, "str x7, [x8, #8]", store(.doubleword, .one(7), 8, 8)),
    Row(0x3900_0d07, "strb w7, [x8, #3]", store(.byte, .one(7), 8, 3)),
    Row(0x7900_0d07, "strh w7, [x8, #6]", store(.halfword, .one(7), 8, 6)),
    Row(0xb840_4441, "ldr w1, [x2], #4", load(.word, .one(1), 2, 4, .postIndexed)),
    Row(0xf850_0c41, "ldr x1, [x2, #-256]!", load(.doubleword, .one(1), 2, -256, .preIndexed, wide: true)),
    Row(0x385f_f441, "ldrb w1, [x2], #-1", load(.byte, .one(1), 2, -1, .postIndexed)),
    Row(0xb88f_fc41, "ldrsw x1, [x2, #255]!", load(.word, .one(1), 2, 255, .preIndexed, signed: true, wide: true)),
    Row(0xb80f_f441, "str w1, [x2], #255", store(.word, .one(1), 2, 255, .postIndexed)),
    Row(0xf81f_8c41, "str x1, [x2, #-8]!", store(.doubleword, .one(1), 2, -8, .preIndexed)),
    Row(0x7800_2441, "strh w1, [x2], #2", store(.halfword, .one(1), 2, 2, .postIndexed)),
    Row(0x3801_0c41, "strb w1, [x2, #16]!", store(.byte, .one(1), 2, 16, .preIndexed)),
    Row(0xb85f_f041, "ldur w1, [x2, #-1]", load(.word, .one(1), 2, -1)),
    Row(0x789f_e041, "ldursh x1, [x2, #-2]", load(.halfword, .one(1), 2, -2, signed: true, wide: true)),
    Row(0xf800_7041, "stur x1, [x2, #7]", store(.doubleword, .one(1), 2, 7)),
    Row(0xb840_4841, "ldtr w1, [x2, #4]", load(.word, .one(1), 2, 4)),
    Row(0x38c0_0841, "ldtrsb w1, [x2]", load(.byte, .one(1), 2, signed: true)),
    Row(0x781f_c841, "sttrh w1, [x2, #-4]", store(.halfword, .one(1), 2, -4)),
    Row(0xb863_6841, "ldr w1, [x2, x3]", loadExtended(.word, 1, 2, 3, .doubleword, 0)),
    Row(0xf863_7841, "ldr x1, [x2, x3, lsl #3]", loadExtended(.doubleword, 1, 2, 3, .doubleword, 3, wide: true)),
    Row(0xb863_5841, "ldr w1, [x2, w3, uxtw #2]", loadExtended(.word, 1, 2, 3, .unsignedWord, 2)),
  ]

  private static let described2: [Row] = [
    Row(0x7863_d841, "ldrh w1, [x2, w3, sxtw #1]", loadExtended(.halfword, 1, 2, 3, .signedWord, 1)),
    Row(0x3863_e841, "ldrb w1, [x2, x3, sxtx]", loadExtended(.byte, 1, 2, 3, .doubleword, 0)),
    Row(0x1800_0101, "ldr w1, .+32", loadLiteral(.word, 1, 32)),
    Row(0x5880_0001, "ldr x1, .-1048576", loadLiteral(.doubleword, 1, -1048576, wide: true)),
    Row(0x987f_ffe1, "ldrsw x1, .+1048572", loadLiteral(.word, 1, 1048572, signed: true, wide: true)),
    Row(0x295f_8861, "ldp w1, w2, [x3, #252]", load(.word, .two(1, 2), 3, 252)),
    Row(0xa960_0861, "ldp x1, x2, [x3, #-512]", load(.doubleword, .two(1, 2), 3, -512, wide: true)),
    Row(0xa8df_fc61, "ldp x1, xzr, [x3], #504", load(.doubleword, .two(1, 31), 3, 504, .postIndexed, wide: true)),
    Row(0x29e0_0861, "ldp w1, w2, [x3, #-256]!", load(.word, .two(1, 2), 3, -256, .preIndexed)),
    Row(0x6940_8861, "ldpsw x1, x2, [x3, #4]", load(.word, .two(1, 2), 3, 4, signed: true, wide: true)),
    Row(0xa841_0861, "ldnp x1, x2, [x3, #16]", load(.doubleword, .two(1, 2), 3, 16, wide: true)),
    Row(0x2900_0461, "stp w1, w1, [x3]", store(.word, .two(1, 1), 3)),
    Row(0xa981_7c7f, "stp xzr, xzr, [x3, #16]!", store(.doubleword, .two(31, 31), 3, 16, .preIndexed)),
    Row(0xa8bf_0861, "stp x1, x2, [x3], #-16", store(.doubleword, .two(1, 2), 3, -16, .postIndexed)),
    Row(0x2801_0861, "stnp w1, w2, [x3, #8]", store(.word, .two(1, 2), 3, 8)),
    Row(0x88df_fc41, "ldar w1, [x2]", load(.word, .one(1), 2)),
    Row(0x08df_fc41, "ldarb w1, [x2]", load(.byte, .one(1), 2)),
    Row(0xc8df_fc41, "ldar x1, [x2]", load(.doubleword, .one(1), 2, wide: true)),
    Row(0x489f_fc41, "stlrh w1, [x2]", store(.halfword, .one(1), 2)),
    Row(0xc89f_fc41, "stlr x1, [x2]", store(.doubleword, .one(1), 2)),
    Row(0x88df_7c41, "ldlar w1, [x2]", load(.word, .one(1), 2)),
    Row(0x889f_7c41, "stllr w1, [x2]", store(.word, .one(1), 2)),
    Row(0xb8bf_c041, "ldapr w1, [x2]", load(.word, .one(1), 2)),
    Row(0x38bf_c041, "ldaprb w1, [x2]", load(.byte, .one(1), 2)),
    Row(0x995f_c041, "ldapur w1, [x2, #-4]", load(.word, .one(1), 2, -4)),
    Row(0x1980_4041, "ldapursb x1, [x2, #4]", load(.byte, .one(1), 2, 4, signed: true, wide: true)),
    Row(0xd900_8041, "stlur x1, [x2, #8]", store(.doubleword, .one(1), 2, 8)),
    Row(0xf980_0440, "prfm pldl1keep, [x2, #8]", .prefetch(byteCount: 4)),
    Row(0xf89f_f040, "prfum pldl1keep, [x2, #-1]", .prefetch(byteCount: 4)),
    Row(0xf8a3_6851, "prfm pstl1strm, [x2, x3]", .prefetch(byteCount: 4)),
  ]

  private static let described3: [Row] = [
    Row(0xd800_0040, "prfm pldl1keep, .+8", .prefetch(byteCount: 4))
  ]

  private static let refused1: [Row] = [
    Row(0x3dc0_0020, "ldr q0, [x1]", .refused(.floatingPoint)),
    Row(0xbc40_4420, "ldr s0, [x1], #4", .refused(.floatingPoint)),
    Row(0xfc22_6820, "str d0, [x1, x2]", .refused(.floatingPoint)),
    Row(0xad40_0420, "ldp q0, q1, [x1]", .refused(.floatingPoint)),
    Row(0x6d81_0420, "stp d0, d1, [x1, #16]!", .refused(.floatingPoint)),
    Row(0x9c00_0080, "ldr q0, .+16", .refused(.floatingPoint)),
    Row(0x3c00_0020, "stur b0, [x1]", .refused(.floatingPoint)),
    Row(0x4c40_7020, "ld1 { v0.16b }, [x1]", .refused(.floatingPoint)),
    Row(0x4c9f_0820, "st4 { v0.4s, v1.4s, v2.4s, v3.4s }, [x1], #64", .refused(.floatingPoint)),
    Row(0x4d40_cc20, "ld1r { v0.2d }, [x1]", .refused(.floatingPoint)),
    Row(0x885f_7c41, "ldxr w1, [x2]", .refused(.exclusive)),
    Row(0x8800_7c41, "stxr w0, w1, [x2]", .refused(.exclusive)),
    Row(0xc87f_8861, "ldaxp x1, x2, [x3]", .refused(.exclusive)),
    Row(0x0800_fc41, "stlxrb w0, w1, [x2]", .refused(.exclusive)),
    Row(0x88a0_7c41, "cas w0, w1, [x2]", .refused(.exclusive)),
    Row(0x4820_7c82, "casp x0, x1, x2, x3, [x4]", .refused(.exclusive)),
    Row(0xb820_0041, "ldadd w0, w1, [x2]", .refused(.exclusive)),
    Row(0xf8e0_8041, "swpal x0, x1, [x2]", .refused(.exclusive)),
    Row(0xb820_303f, "stset w0, [x1]", .refused(.exclusive)),
    Row(0x3820_6041, "ldumaxb w0, w1, [x2]", .refused(.exclusive)),
    Row(0xb940_03e1, "ldr w1, [sp]", .refused(.stackPointer)),
    Row(0xf81f_0fe1, "str x1, [sp, #-16]!", .refused(.stackPointer)),
    Row(0xa8c1_7bfd, "ldp x29, x30, [sp], #16", .refused(.stackPointer)),
    Row(0xf862_6be1, "ldr x1, [sp, x2]", .refused(.stackPointer)),
    Row(0x88df_ffe1, "ldar w1, [sp]", .refused(.stackPointer)),
    Row(0xb840_13e1, "ldur w1, [sp, #1]", .refused(.stackPointer)),
    Row(0xb840_4421, "ldr w1, [x1], #4", .refused(.unpredictable)),
    Row(0xf800_8c21, "str x1, [x1, #8]!", .refused(.unpredictable)),
    Row(0xa940_0461, "ldp x1, x1, [x3]", .refused(.unpredictable)),
    Row(0xa8c1_0c62, "ldp x2, x3, [x3], #16", .refused(.unpredictable)),
  ]

  private static let refused2: [Row] = [
    Row(0xa981_0863, "stp x3, x2, [x3, #16]!", .refused(.unpredictable)),
    Row(0xd503_201f, "nop", .refused(.unrecognized)),
    Row(0x8b02_0020, "add x0, x1, x2", .refused(.unrecognized)),
    Row(0x1400_0002, "b .+8", .refused(.unrecognized)),
    Row(0xf820_0420, "ldraa x0, [x1]", .refused(.unrecognized)),
    Row(0xd50b_7420, "dc zva, x0", .refused(.unrecognized)),
    Row(0xd538_0000, "mrs x0, midr_el1", .refused(.unrecognized)),
    Row(0x1e62_2820, "fadd d0, d1, d2", .refused(.unrecognized)),
    Row(0xd65f_03c0, "ret", .refused(.unrecognized)),
    Row(0x6900_0441, "stgp", .refused(.unrecognized)),
    Row(0xc940_0000, "pair, opc 3 is not plain", .refused(.unrecognized)),
    Row(0xf8c0_0420, "size 3, opc 3, post", .refused(.unrecognized)),
  ]

  @Test("What the manual describes comes out so")
  func described() {
    for row in Self.described1 + Self.described2 + Self.described3 {
      #expect(DecodedTransfer(a64: row.word) == row.expected, "\(row.text)")
    }
  }

  @Test("What is no plain load or store of general registers is refused, and it says why")
  func refused() {
    for row in Self.refused1 + Self.refused2 {
      #expect(DecodedTransfer(a64: row.word) == row.expected, "\(row.text)")
    }
  }
}
