public import Foundation

/// The header of an arm64 Linux Image (Documentation/arch/arm64/booting.rst of Linux, "Call the kernel image").
public struct LinuxImage: Equatable, Sendable {
  /// How far from a 2 MiB-aligned base the image must lie.
  public var textOffset: UInt64
  /// Bytes of memory that it uses from there, with its zeroed part.
  public var imageSize: UInt64

  /// Reads the header; nil where the bytes are no arm64 Image.
  public init?(_ bytes: Data) {
    let file = ByteReader(bytes)
    guard file.has(Array("ARM\u{64}".utf8), at: 56), let offset = file.integer(at: 8, as: UInt64.self),
      let size = file.integer(at: 16, as: UInt64.self)
    else { return nil }
    // Kernels before 3.17 leave the size zero, and then the offset means 0x80000 whatever it says.
    textOffset = size == 0 ? 0x80000 : offset
    imageSize = max(size, UInt64(bytes.count))
  }

  /// The same image with another text offset in its header, which makes a loader place it elsewhere.
  public static func moved(_ bytes: Data, toTextOffset offset: UInt64) -> Data {
    var copy = Data(bytes)
    for index in 0..<8 { copy[8 + index] = UInt8(truncatingIfNeeded: offset >> UInt64(8 * index)) }
    return copy
  }
}
