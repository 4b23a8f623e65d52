internal import Architecture
internal import Configuration
internal import DeviceTree

/// Collects what target code writes byte by byte.
struct TextSink: ByteSink {
  private var bytes: [UInt8] = []

  /// What was written so far.
  var text: String { String(decoding: bytes, as: UTF8.self) }

  mutating func write(_ byte: UInt8) { bytes.append(byte) }
}

extension DeviceTreeError {
  /// The error in words.
  var text: String {
    var sink = TextSink()
    write(to: &sink)
    return sink.text
  }
}

extension MachineProblem {
  /// The problem in words.
  var text: String {
    var sink = TextSink()
    write(to: &sink)
    return sink.text
  }
}
