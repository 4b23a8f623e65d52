import Architecture
import TestSupport
import Testing

private struct Text: ByteSink {
  var bytes: [UInt8] = []
  var string: String { String(decoding: bytes, as: UTF8.self) }
  mutating func write(_ byte: UInt8) { bytes.append(byte) }
}

@Suite("Text", .timeLimited)
struct ByteSinkTests {
  @Test(
    "Decimal numbers have no leading zero and reach the largest",
    arguments: [
      (0, "0"), (7, "7"), (10, "10"), (99, "99"), (100, "100"), (1_000_000_007, "1000000007"),
      (9_999_999_999_999_999_999, "9999999999999999999"), (10_000_000_000_000_000_000, "10000000000000000000"),
      (18_446_744_073_709_551_615, "18446744073709551615"),
    ] as [(UInt64, String)])
  func decimal(value: UInt64, expected: String) {
    var text = Text()
    text.write(decimal: value)
    #expect(text.string == expected)
  }

  @Test(
    "Hexadecimal numbers have at least the digits asked for, and always one",
    arguments: [
      (0, 1, "0x0"), (0, 0, "0x0"), (0, 4, "0x0000"), (0xabc, 1, "0xabc"), (0xabc, 3, "0xabc"),
      (0xabc, 8, "0x00000abc"),
      (0x1000, 2, "0x1000"), (.max, 1, "0xffffffffffffffff"), (0x0123_4567_89ab_cdef, 16, "0x0123456789abcdef"),
      (0x12, 18, "0x000000000000000012"), (5, -3, "0x5"),
    ] as [(UInt64, Int, String)])
  func hexadecimal(value: UInt64, digits: Int, expected: String) {
    var text = Text()
    text.write(hexadecimal: value, digits: digits)
    #expect(text.string == expected)
  }

  @Test("Literals and bytes go through as they are")
  func bytes() {
    var text = Text()
    text.write("a\tµ\n")
    let bytes: [UInt8] = [0, 0xff, 0x41]
    text.write(bytes.span)
    #expect(text.bytes == Array("a\tµ\n".utf8) + [0, 0xff, 0x41])
  }
}
