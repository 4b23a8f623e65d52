import Architecture
import TestSupport
import Testing

@testable import Virtualization

@Suite("Random numbers", .timeLimited)
struct RandomTests {
  /// RFC 8439, 2.3.2.
  @Test("ChaCha20's block function gives the RFC's example")
  func example() {
    let key: [8 of UInt32] = [
      0x0302_0100, 0x0706_0504, 0x0b0a_0908, 0x0f0e_0d0c, 0x1312_1110, 0x1716_1514, 0x1b1a_1918, 0x1f1e_1d1c,
    ]
    let block = ChaCha20.block(key: key, counter: 1, nonce: [0x0900_0000, 0x4a00_0000, 0])
    let expected: [UInt32] = [
      0xe4e7_f110, 0x1559_3bd1, 0x1fdd_0f50, 0xc471_20a3, 0xc7f4_d1c7, 0x0368_c033, 0x9aaa_2204, 0x4e6c_d4c3,
      0x4664_82d2, 0x09aa_9f07, 0x05d7_c214, 0xa202_8bd9, 0xd19c_12b5, 0xb94e_16de, 0xe883_d0cb, 0x4e3c_50a2,
    ]
    #expect((0..<16).map { block[$0] } == expected)
  }

  /// RFC 8439, A.1, test vectors 1 and 2: key and nonce of zeros, counters 0 and 1.
  @Test("ChaCha20's block function gives the RFC's blocks of zeros")
  func zeros() {
    let first: [UInt32] = [
      0xade0_b876, 0x903d_f1a0, 0xe56a_5d40, 0x28bd_8653, 0xb819_d2bd, 0x1aed_8da0, 0xccef_36a8, 0xc70d_778b,
      0x7c59_41da, 0x8d48_5751, 0x3fe0_2477, 0x374a_d8b8, 0xf4b8_436a, 0x1ca1_1815, 0x69b6_87c3, 0x8665_eeb2,
    ]
    let second: [UInt32] = [
      0xbee7_079f, 0x7a38_5155, 0x7c97_ba98, 0x0d08_2d73, 0xa029_0fcb, 0x6965_e348, 0x3e53_c612, 0xed7a_ee32,
      0x7621_b729, 0x434e_e69c, 0xb033_71d5, 0xd539_d874, 0x281f_ed31, 0x45fb_0a51, 0x1f0a_e1ac, 0x6f4d_794b,
    ]
    for (counter, expected) in [(0, first), (1, second)] as [(UInt32, [UInt32])] {
      let block = ChaCha20.block(key: .init(repeating: 0), counter: counter, nonce: [0, 0, 0])
      #expect((0..<16).map { block[$0] } == expected)
    }
  }

  private func numbers(_ source: inout RandomSource, at now: UInt64) -> [UInt32] {
    let words = source.next(at: now)
    return (0..<8).map { words[$0] }
  }

  private func seeded(_ word: UInt32, isRepeatable: Bool = false) -> RandomSource {
    var source = RandomSource(isRepeatable: isRepeatable)
    source.mix(.init(repeating: word), at: 5, isRandom: true)
    return source
  }

  /// A block's first half is the next key, its second half goes out.
  @Test("the key is erased with each request: the second half of a block goes out, the first is the next key")
  func erasure() {
    var source = RandomSource()
    let first = ChaCha20.block(key: .init(repeating: 0), counter: 0, nonce: [7, 1, 0])
    #expect(numbers(&source, at: 1 << 32 | 7) == (8..<16).map { first[$0] })
    var key: [8 of UInt32] = .init(repeating: 0)
    for index in 0..<8 { key[index] = first[index] }
    let second = ChaCha20.block(key: key, counter: 0, nonce: [9, 0, 0])
    #expect(numbers(&source, at: 9) == (8..<16).map { second[$0] })
  }

  @Test("what comes depends on every seed, on the time, and on what came before; a source made of it is another one")
  func dependence() {
    var (a, b, c) = (seeded(1), seeded(2), seeded(1))
    let first = numbers(&a, at: 10)
    #expect(first != numbers(&b, at: 10))
    #expect(first != numbers(&c, at: 11))
    #expect(first != numbers(&a, at: 10))
    var d = seeded(1)
    var (child, other) = (d.source(1), d.source(2))
    #expect(child.isSeeded)
    let third = numbers(&child, at: 10)
    #expect(third != numbers(&other, at: 10) && third != numbers(&d, at: 10))
    var (e, f) = (seeded(1), seeded(1))
    e.mix(.init(repeating: 0), at: 6, isRandom: false)
    #expect(numbers(&e, at: 10) != numbers(&f, at: 10))
  }

  @Test("what shall come again does not depend on the time")
  func repeatable() {
    var (a, b) = (seeded(3, isRepeatable: true), seeded(3, isRepeatable: true))
    var (c, d) = (a.source(1), b.source(1))
    #expect(numbers(&a, at: 100) == numbers(&b, at: 200))
    #expect(numbers(&c, at: 100) == numbers(&d, at: 200))
  }

  @Test("a source is seeded by what is random, and by nothing else")
  func seeding() {
    var source = RandomSource()
    source.mix(.init(repeating: 9), at: 1, isRandom: false)
    #expect(!source.isSeeded && !source.source(1).isSeeded)
    source.mix(.init(repeating: 9), at: 1, isRandom: true)
    #expect(source.isSeeded && source.source(1).isSeeded)
  }
}

/// SMCCC TRNG 1.0 (DEN 0098).
@Suite("Random numbers from the firmware", .timeLimited)
struct RandomCallTests {
  private let call = Exit.call(.hypervisorCall, immediate: 0)

  private func board(_ instructionSet: InstructionSet = .aarch64, isSeeded: Bool = true) throws -> Board {
    let board = try Board()
    board.machine.power.instructionSet = instructionSet
    if isSeeded { board.machine.random.mix(.init(repeating: 77), at: 1, isRandom: true) }
    return board
  }

  private func ask(_ board: Board, _ function: UInt64, _ argument: UInt64 = 0) -> [UInt64] {
    #expect(board.handle(call, [0: function, 1: argument]) == .resume)
    return (0..<4).map { board.register($0) }
  }

  @Test("it is version 1.0, has its four functions in the 32-bit form and one in the 64-bit form, and a UUID")
  func version() throws {
    let board = try board()
    #expect(ask(board, 0x8400_0050) == [0x1_0000, 0, 0, 0])
    for function: UInt64 in 0x8400_0050...0x8400_0053 { #expect(ask(board, 0x8400_0051, function)[0] == 0) }
    #expect(ask(board, 0x8400_0051, 0xc400_0053)[0] == 0)
    for function: UInt64 in [0xc400_0050, 0x8400_0054, 0x8400_0000, 0] {
      #expect(ask(board, 0x8400_0051, function)[0] == ~0, "NOT_SUPPORTED")
    }
    #expect(ask(board, 0x8400_0052)[0] != ~0 & 0xffff_ffff)
    for function: UInt64 in [0x8400_0054, 0xc400_0050, 0xc400_0052] { #expect(ask(board, function)[0] == ~0) }
  }

  @Test("as many bits come as are asked for, the lowest in register 3, and never more")
  func bits() throws {
    let board = try board()
    for (function, width) in [(0x8400_0053, 32), (0xc400_0053, 64)] as [(UInt64, UInt64)] {
      for bits in 1...3 * width {
        let answer = ask(board, function, bits)
        #expect(answer[0] == 0)
        for place in 0..<3 as Range<UInt64> {
          let value = answer[3 - Int(place)]
          let count = bits > place * width ? min(bits - place * width, width) : 0
          if count == 0 { #expect(value == 0) } else if count < 64 { #expect(value >> count == 0) }
        }
      }
      // INVALID_PARAMETERS.
      for bits in [0, 3 * width + 1, 0xffff_ffff] { #expect(ask(board, function, bits)[0] == 0 &- 2) }
      var seen: Set<[UInt64]> = []
      for _ in 0..<100 { #expect(seen.insert(ask(board, function, 3 * width)).inserted) }
    }
    // The upper half of an argument of the 32-bit form says nothing.
    #expect(ask(board, 0x8400_0053, 0xffff_ffff_0000_0020)[0] == 0)
  }

  @Test("a guest in AArch32 has no 64-bit form")
  func narrow() throws {
    let board = try board(.aarch32)
    #expect(ask(board, 0x8400_0050)[0] == 0x1_0000)
    #expect(ask(board, 0xc400_0053, 64)[0] == ~0)
    #expect(ask(board, 0x8400_0051, 0xc400_0053)[0] == ~0)
    #expect(ask(board, 0x8400_0053, 96)[0] == 0)
  }

  @Test("without anything random the interface is not there")
  func unseeded() throws {
    let board = try board(isSeeded: false)
    for function: UInt64 in [0x8400_0050, 0x8400_0051, 0x8400_0052, 0x8400_0053, 0xc400_0053] {
      #expect(ask(board, function, 32)[0] == ~0)
    }
  }
}
