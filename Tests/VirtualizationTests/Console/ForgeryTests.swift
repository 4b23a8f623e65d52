import Architecture
import TestSupport
import Testing

@testable import Virtualization

/// A terminal as wide as it takes, with what the console lets pass and what it should not: rows of characters.
private struct Terminal: ByteSink {
  private(set) var rows: [[Character]] = [[]]
  private var row = 0
  private var column = 0
  private var sequence: [UInt8]?
  private var character: [UInt8] = []

  mutating func write(_ byte: UInt8) {
    if sequence != nil {
      sequence?.append(byte)
      if sequence!.count == 2 ? byte != 0x5b : 0x40...0x7e ~= byte { perform() }
      return
    }
    switch byte {
    case 0x1b, 0x9b: sequence = byte == 0x1b ? [byte] : [0x1b, 0x5b]
    case 0x0a...0x0c, 0x84, 0x85: move(to: row + 1, byte == 0x85 ? 0 : column)
    case 0x0d: column = 0
    case 0x08: column = max(0, column - 1)
    case 0x8d: move(to: max(0, row - 1), column)
    case 0x20...0x7e: put(Character(UnicodeScalar(byte)))
    case 0xa0...:
      character.append(byte)
      if let text = String(validating: character, as: UTF8.self) {
        put(text.first!)
        character = []
      }
    // Continuation bytes that are C1 controls elsewhere.
    case 0x80...0x9f where !character.isEmpty:
      character.append(byte)
      if let text = String(validating: character, as: UTF8.self) {
        put(text.first!)
        character = []
      }
    default: break
    }
  }

  private mutating func put(_ character: Character) {
    while rows[row].count <= column { rows[row].append(" ") }
    rows[row][column] = character
    column += 1
  }

  private mutating func move(to newRow: Int, _ newColumn: Int) {
    (row, column) = (newRow, newColumn)
    while rows.count <= row { rows.append([]) }
  }

  private mutating func perform() {
    let bytes = sequence!
    sequence = nil
    let number = Int(String(decoding: bytes.dropFirst(2).dropLast(), as: UTF8.self)) ?? 0
    let most = max(number, 1)
    switch bytes.last! {
    case 0x41: move(to: max(0, row - most), column)
    case 0x42: move(to: row + most, column)
    case 0x43: column += most
    case 0x44: column = max(0, column - most)
    case 0x47: column = most - 1
    case 0x48: move(to: 0, 0)
    case 0x4b where number == 0: rows[row].removeLast(max(0, rows[row].count - column))
    case 0x4b: rows[row] = []
    case 0x4a where number != 0: rows[row] = []
    case 0x4a:
      rows[row].removeLast(max(0, rows[row].count - column))
      rows.removeLast(rows.count - row - 1)
    case 0x50 where column < rows[row].count: rows[row].removeSubrange(column..<min(column + most, rows[row].count))
    default: break
    }
  }
}

@Suite("Forged console lines", .timeLimited)
struct ForgeryTests {
  /// What a hostile guest sends: bits of sequences, controls, its own letter, and others' names.
  private static let pieces: [[UInt8]] =
    [
      "\u{1b}[A", "\u{1b}[2K", "\u{1b}[1J", "\u{1b}[H", "\u{1b}[9D", "\u{1b}[2D", "\u{1b}[C", "\u{1b}[K", "\u{1b}[J",
      "\u{1b}[3P", "\u{1b}M", "\u{1b}[", "\u{1b}", "\u{8}", "\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}\u{8}", "\r", "\n",
      "\u{b}", "\u{1b}[G", "\u{1b}[31m", "[tvisor] ", "[rt] ", "é", "\t", "D", "m", "[",
    ].map { Array($0.utf8) } + [[0x9b], [0x8d], [0x85], [0xc2], [0x84], [0xc2, 0x9b]]

  @Test("Nobody writes over, or as, anybody else, whatever it sends", arguments: [true, false])
  func forging(isColoured: Bool) throws {
    for seed in 0..<(200 as UInt64) {
      var arena = TestArena()
      var console = try ConsoleMultiplexer(vmCount: 2, isColoured: isColoured, in: &arena) { index in
        index == 0 ? ConsoleName("linux") : ConsoleName("rt")
      }
      var terminal = Terminal()
      var dice = Dice(seed: seed)
      for _ in 0..<60 {
        for _ in 0..<dice.below(12) {
          for byte in Self.pieces[dice.below(Self.pieces.count)] + (dice.below(2) == 0 ? Array("q".utf8) : []) {
            console.output(byte, from: 0, to: &terminal)
          }
        }
        for byte in "good\n".utf8 where dice.below(3) > 0 || byte == 0x0a {
          console.output(byte, from: 1, to: &terminal)
        }
        if dice.below(4) == 0 { console.report("well\n", to: &terminal) }
      }
      for row in terminal.rows.map({ String($0) }) where !row.isEmpty {
        if row.hasPrefix("[tvisor] ") {
          #expect(row == "[tvisor] well", "seed \(seed)")
        } else if row.hasPrefix("[rt] ") {
          #expect(row.dropFirst(5).allSatisfy { "good".contains($0) }, "seed \(seed): \(row)")
        } else {
          #expect(row.hasPrefix("[linux]"), "seed \(seed): \(row)")
        }
      }
    }
  }
}

/// Chance that comes again.
private struct Dice {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

  mutating func below(_ limit: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % limit
  }
}
