public import Foundation

/// The header of a 32-bit Arm Linux zImage: a kernel that decompresses itself (Documentation/arch/arm/booting.rst of Linux;
/// the header is that of arch/arm/boot/compressed/head.S).
public struct ZImage: Equatable, Sendable {
  /// Where it must run, or 0 where it runs anywhere.
  public var start: UInt64
  /// Bytes of memory from the start of RAM (its first 128 MiB) that the decompressed kernel takes, with its zeroed part.
  public var kernelSize: UInt64
  /// Bytes behind the image that the decompressor takes for itself: heap and stack.
  public var scratchSize: UInt64

  /// Reads the header; nil where the bytes are no little-endian zImage.
  public init?(_ bytes: Data) {
    let file = ByteReader(bytes)
    guard file.integer(at: 0x24, as: UInt32.self) == 0x016f_2818, let start = file.integer(at: 0x28, as: UInt32.self),
      let end = file.integer(at: 0x2c, as: UInt32.self), end > start
    else { return nil }
    if let mark = file.integer(at: 0x30, as: UInt32.self), mark == 0x0102_0304 { return nil }
    self.start = UInt64(start)
    let table = Self.table(file)
    kernelSize = table?.kernelSize ?? Self.guess(bytes)
    scratchSize = (table?.heapSize ?? 0x1_0000) + 0x1_0000
  }

  /// What the table of newer kernels says about the decompressed kernel.
  private static func table(_ file: ByteReader) -> (kernelSize: UInt64, heapSize: UInt64)? {
    guard file.integer(at: 0x34, as: UInt32.self) == 0x4545_4545, let table = file.integer(at: 0x38, as: UInt32.self),
      // Words: the entry's size, its tag, where the size stands, the zeroed part, the offset in RAM, the heap.
      file.integer(at: UInt64(table) + 4, as: UInt32.self) == 0x5a53_4c4b,
      let words = file.integer(at: UInt64(table), as: UInt32.self), words >= 5,
      let place = file.integer(at: UInt64(table) + 8, as: UInt32.self),
      let size = file.integer(at: UInt64(place), as: UInt32.self),
      let zeroed = file.integer(at: UInt64(table) + 12, as: UInt32.self),
      let offset = file.integer(at: UInt64(table) + 16, as: UInt32.self)
    else { return nil }
    let heap = words >= 6 ? file.integer(at: UInt64(table) + 20, as: UInt32.self) : nil
    return (UInt64(size) + UInt64(zeroed) + UInt64(offset), UInt64(heap ?? 0x1_0000))
  }

  /// A kernel compresses to a fifth at best.
  private static func guess(_ bytes: Data) -> UInt64 { UInt64(bytes.count) * 5 }
}
