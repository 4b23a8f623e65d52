import Foundation
import Testing
import Toolkit

/// The first 64 bytes of an arm64 Image as Linux's booting document gives them, then some code.
func linuxImage(textOffset: UInt64 = 0, imageSize: UInt64 = 0x100_0000, count: Int = 128) -> Data {
  var bytes = Data(count: count)
  for index in 0..<8 {
    bytes[8 + index] = UInt8(truncatingIfNeeded: textOffset >> UInt64(8 * index))
    bytes[16 + index] = UInt8(truncatingIfNeeded: imageSize >> UInt64(8 * index))
  }
  bytes.replaceSubrange(56..<60, with: [0x41, 0x52, 0x4D, 0x64])
  return bytes
}

/// A 64-bit ELF with one segment of four bytes in the file and `memorySize` in memory, as the ELF-64 format lays it out.
func elf(
  machine: UInt16 = 183, entry: UInt64 = 0x4020_0002, virtual: UInt64 = 0x4020_0000, physical: UInt64 = 0x4020_0000,
  memorySize: UInt64 = 16
) -> Data {
  var bytes = Data([0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0] + [UInt8](repeating: 0, count: 8))
  func put<Number: FixedWidthInteger>(_ value: Number) {
    for shift in stride(from: 0, to: Number.bitWidth, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
  }
  put(UInt16(2))
  put(machine)
  put(UInt32(1))
  put(entry)
  put(UInt64(64))  // program headers
  put(UInt64(0))
  put(UInt32(0))
  for half in [64, 56, 1, 64, 0, 0] as [UInt16] { put(half) }
  put(UInt32(1))
  put(UInt32(5))
  for word in [120, virtual, physical, 4, memorySize, 8] { put(word) }
  bytes.append(contentsOf: [1, 2, 3, 4])
  return bytes
}

@Suite("A guest's image")
struct GuestImageTests {
  @Test("is told by its first bytes")
  func kinds() {
    #expect(ImageKind(of: linuxImage()) == .linux)
    #expect(ImageKind(of: elf()) == .elf)
    #expect(ImageKind(of: Data([0x1F, 0x8B, 8, 0])) == .gzip)
    #expect(ImageKind(of: Data([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0])) == .wrapped("an xz archive"))
    #expect(ImageKind(of: Data("MZ\0\0zimg".utf8)) == .wrapped("an EFI zboot image"))
    #expect(ImageKind(of: Data([0x27, 0x05, 0x19, 0x56])) == .wrapped("a U-Boot uImage"))
    #expect(ImageKind(of: Data()) == .unknown)
    #expect(ImageKind(of: Data("hello".utf8)) == .unknown)
  }

  @Test("a Linux Image says its offset and the memory that it needs")
  func linuxHeader() throws {
    let header = try #require(LinuxImage(linuxImage(textOffset: 0x8_0000, imageSize: 0x123_0000)))
    #expect(header.textOffset == 0x8_0000)
    #expect(header.imageSize == 0x123_0000)
  }

  @Test("a Linux Image of size zero lies at the old offset of 0x80000")
  func oldLinux() throws {
    let header = try #require(LinuxImage(linuxImage(textOffset: 0, imageSize: 0)))
    #expect(header.textOffset == 0x8_0000)
    #expect(header.imageSize == 128)
  }

  @Test("moving a Linux Image changes nothing but its offset")
  func moved() throws {
    let image = linuxImage(textOffset: 0x20_0000)
    let moved = LinuxImage.moved(image, toTextOffset: 0x100_0000)
    #expect(LinuxImage(moved)?.textOffset == 0x100_0000)
    #expect(LinuxImage.moved(moved, toTextOffset: 0x20_0000) == image)
  }

  @Test("an ELF gives its segments and its entry")
  func segments() throws {
    let file = try ELFFile(elf())
    #expect(file.machine == 183)
    #expect(file.entry == 0x4020_0002)
    let segment = try #require(file.segments.first)
    #expect(file.segments.count == 1)
    #expect((segment.physicalAddress, segment.virtualAddress) == (0x4020_0000, 0x4020_0000))
    #expect(segment.data == Data([1, 2, 3, 4]))
    #expect(segment.memorySize == 16)
    #expect(file.rawImage == Data([1, 2, 3, 4]))
  }

  @Test("an ELF that is cut anywhere is refused, never misread", arguments: 0..<124)
  func cut(count: Int) {
    #expect(throws: Failure.self) { try ELFFile(elf().prefix(count)) }
  }

  @Test("an ELF whose segment has more bytes than memory is refused")
  func overfull() {
    #expect(throws: Failure.self) { try ELFFile(elf(memorySize: 3)) }
  }
}
