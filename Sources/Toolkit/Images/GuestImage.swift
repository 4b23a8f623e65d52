public import Foundation

/// What kind of file a guest's image is, by its first bytes.
public enum ImageKind: Equatable, Sendable {
  /// An arm64 Linux Image.
  case linux
  /// A 32-bit Arm Linux zImage.
  case zImage
  /// An ELF executable.
  case elf
  /// gzip around something else.
  case gzip
  /// A zip, xz, zstd or U-Boot wrapping that TVisor does not open, by name.
  case wrapped(String)
  /// Nothing that is known.
  case unknown

  /// Looks at a file's first bytes.
  public init(of bytes: Data) {
    let file = ByteReader(bytes)
    if file.has([0x1F, 0x8B], at: 0) {
      self = .gzip
    } else if ELFFile.isELF(bytes) {
      self = .elf
    } else if LinuxImage(bytes) != nil {
      self = .linux
    } else if ZImage(bytes) != nil {
      self = .zImage
    } else if file.has([0xFD, 0x37, 0x7A, 0x58, 0x5A], at: 0) {
      self = .wrapped("an xz archive")
    } else if file.has([0x28, 0xB5, 0x2F, 0xFD], at: 0) {
      self = .wrapped("a zstd archive")
    } else if file.has([0x27, 0x05, 0x19, 0x56], at: 0) {
      self = .wrapped("a U-Boot uImage")
    } else if file.has(Array("zimg".utf8), at: 4) {
      self = .wrapped("an EFI zboot image")
    } else {
      self = .unknown
    }
  }
}

/// Bytes for one guest-physical address.
public struct Placement: Equatable, Sendable {
  /// The guest-physical address.
  public var address: UInt64
  /// The bytes.
  public var data: Data
  /// Bytes of memory from the address that belong to it, at least the data's count.
  public var size: UInt64

  /// Puts bytes at an address.
  public init(address: UInt64, data: Data, size: UInt64? = nil) {
    self.address = address
    self.data = data
    self.size = max(size ?? 0, UInt64(data.count))
  }

  /// The first address after it; the last of all where it would pass that.
  public var end: UInt64 { address.saturating(plus: size) }
}
