internal import Foundation

/// A file's bytes, read in little endian with every offset checked.
struct ByteReader: Sendable {
  let bytes: Data

  init(_ bytes: Data) {
    self.bytes = bytes
  }

  var count: Int { bytes.count }

  /// An integer at a byte offset; nil where the file ends before it does.
  func integer<Value: FixedWidthInteger>(at offset: UInt64, as _: Value.Type = Value.self) -> Value? {
    guard let raw = slice(at: offset, count: UInt64(Value.bitWidth / 8)) else { return nil }
    return raw.reversed().reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
  }

  /// Some bytes; nil where the file does not have all of them.
  func slice(at offset: UInt64, count: UInt64) -> Data? {
    let (end, overflow) = offset.addingReportingOverflow(count)
    guard !overflow, end <= UInt64(bytes.count) else { return nil }
    return bytes[bytes.startIndex + Int(offset)..<bytes.startIndex + Int(end)]
  }

  /// The text at an offset up to its zero byte, and of what has none the beginning.
  func text(at offset: UInt64) -> String? {
    guard offset < UInt64(bytes.count) else { return nil }
    let rest = bytes[(bytes.startIndex + Int(offset))...]
    return String(decoding: rest.prefix(4096).prefix { $0 != 0 }, as: UTF8.self)
  }

  /// True where these bytes stand at an offset.
  func has(_ magic: [UInt8], at offset: UInt64) -> Bool {
    slice(at: offset, count: UInt64(magic.count)).map { Array($0) == magic } ?? false
  }
}
