internal import Foundation

/// U-Boot's image format of old (include/image.h of U-Boot, `struct legacy_img_hdr`): 64 bytes, all numbers big-endian, then the data.
struct LegacyImage {
  private var data: Data
  private var architecture: UInt8
  private var type: UInt8

  /// An initial RAM disk. A bundle needs it: it is a flattened tree, which U-Boot would take for a FIT image of its own.
  init(initialRAMDisk: Data, is64Bit: Bool) {
    data = initialRAMDisk
    architecture = Self.architecture(is64Bit)
    type = 3
  }

  /// A script for U-Boot's `source`: a list of the sizes of its parts, of which there is one, and a zero; then the text.
  init(script: String, is64Bit: Bool) {
    let text = Data(script.utf8)
    data = Self.bytes(of: UInt32(text.count)) + Self.bytes(of: 0) + text
    architecture = Self.architecture(is64Bit)
    type = 6
  }

  private static func architecture(_ is64Bit: Bool) -> UInt8 { is64Bit ? 22 : 2 }

  /// The file. Its time is the epoch, so that the same script is the same file.
  var bytes: Data {
    var header = Self.bytes(of: 0x2705_1956)
    header += Self.bytes(of: 0)  // the header's own checksum, reckoned with zero here
    header += Self.bytes(of: 0)  // time
    header += Self.bytes(of: UInt32(data.count))
    header += Self.bytes(of: 0) + Self.bytes(of: 0)  // load address and entry
    header += Self.bytes(of: CRC32.of(data))
    header += Data([5, architecture, type, 0])  // Linux; no compression
    header += Data("TVisor".utf8) + Data(count: 32 - 6)
    header.replaceSubrange(4..<8, with: Self.bytes(of: CRC32.of(header)))
    return header + data
  }

  private static func bytes(of number: UInt32) -> Data {
    Data((0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * UInt32($0))) })
  }
}

/// The checksum of Ethernet, zip and U-Boot (polynomial 0x04c11db7, bits reversed).
enum CRC32 {
  private static let table: [UInt32] = (0..<256 as Range<UInt32>).map { byte in
    (0..<8).reduce(byte) { value, _ in value & 1 == 0 ? value >> 1 : value >> 1 ^ 0xedb8_8320 }
  }

  /// The checksum of some bytes.
  static func of(_ data: Data) -> UInt32 {
    let table = Self.table
    return unsafe data.withUnsafeBytes { bytes in
      var value = ~0 as UInt32
      for index in 0..<bytes.count { value = unsafe value >> 8 ^ table[Int((value ^ UInt32(bytes[index])) & 0xff)] }
      return ~value
    }
  }
}
