import Foundation
import TestSupport
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

/// A 32-bit ELF for Arm with one segment of four bytes in the file and eight in memory, and one Thumb function's symbol, as
/// the ELF-32 format lays it out.
func elf32(machine: UInt16 = 40) -> Data {
  var bytes = Data([0x7F, 0x45, 0x4C, 0x46, 1, 1, 1, 0] + [UInt8](repeating: 0, count: 8))
  func put(_ values: UInt32...) { for value in values { put(value, bytes: 4) } }
  func put(half values: UInt16...) { for value in values { put(UInt32(value), bytes: 2) } }
  func put(_ value: UInt32, bytes count: Int) {
    for byte in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(8 * byte))) }
  }
  put(half: 2, machine)
  put(1, 0x4020_0002, 52, 88, 0)  // version, entry, program headers, section headers, flags
  put(half: 52, 32, 1, 40, 3, 0)
  put(1, 84, 0x4020_0000, 0x4020_0000, 4, 8, 5, 4)  // the segment, whose bytes follow
  bytes.append(contentsOf: [1, 2, 3, 4])
  put(0, 1, 6, 0x4020_0000, 84, 8, 0, 0, 4, 0)  // sections: .text without a name, symbols, strings
  put(0, 2, 0, 0, 208, 32, 2, 0, 4, 16)
  put(0, 3, 0, 0, 240, 6, 0, 0, 1, 0)
  for value in [1, 0x4020_0001, 4] as [UInt32] { put(value) }  // main, Thumb
  bytes.append(contentsOf: [0x12, 0, 1, 0])
  for value in [1, 0x4020_0000, 0] as [UInt32] { put(value) }  // an undefined symbol
  bytes.append(contentsOf: [0x12, 0, 0, 0])
  bytes.append(contentsOf: Array("\0main\0".utf8))
  return bytes
}

/// A zImage whose table says that a kernel of `size` bytes comes out of it, with `zeroed` more, at `offset` from RAM's start.
func zImage(start: UInt32 = 0, size: UInt32? = 0x100_0000, zeroed: UInt32 = 0x10_0000, offset: UInt32 = 0x20_8000)
  -> Data
{
  var words = [UInt32](repeating: 0xe1a0_0000, count: 32)
  words[9] = 0x016f_2818
  words[10] = start
  words[11] = start + 128
  words[12] = 0x0403_0201
  if let size {
    words[13] = 0x4545_4545
    words[14] = 64
    words.replaceSubrange(16..<23, with: [6, 0x5a53_4c4b, 120, zeroed, offset, 0x4_0000, 0])
    words[30] = size
  }
  return words.reduce(into: Data()) { data, word in
    for shift in [0, 8, 16, 24] as [UInt32] { data.append(UInt8(truncatingIfNeeded: word >> shift)) }
  }
}

@Suite("A guest's image", .timeLimited)
struct GuestImageTests {
  @Test("is told by its first bytes")
  func kinds() {
    #expect(ImageKind(of: linuxImage()) == .linux)
    #expect(ImageKind(of: elf()) == .elf)
    #expect(ImageKind(of: elf32()) == .elf)
    #expect(ImageKind(of: zImage()) == .zImage)
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

  @Test("a placement has room for its bytes at least, and for what is zeroed behind them")
  func placements() {
    #expect(Placement(address: 8, data: Data(count: 4)).size == 4)
    #expect(Placement(address: 8, data: Data(count: 4), size: 2).size == 4)
    #expect(Placement(address: 8, data: Data(count: 4), size: 16).end == 24)
    #expect(Placement(address: .max - 1, data: Data(count: 4)).end == .max)
  }

  @Test("an ELF file that is not linked is no program, and of a raw image the gaps are zeros")
  func elfFiles() throws {
    var object = elf()
    object[16] = 1  // ET_REL
    #expect(throws: Failure.self) { try ELFFile(object) }
    object[16] = 3  // ET_DYN
    #expect(try ELFFile(object).segments.count == 1)
    var file = try ELFFile(elf(memorySize: 4))
    for (address, data) in [(0x4020_0008, Data([9])), (0x4030_0000, Data())] as [(UInt64, Data)] {
      var segment = file.segments[0]
      segment.physicalAddress = address
      segment.data = data
      file.segments.append(segment)
    }
    #expect(file.rawImage == Data([1, 2, 3, 4, 0, 0, 0, 0, 9]))
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

  @Test("a 32-bit ELF gives its segments, its entry and its functions' even addresses")
  func segments32() throws {
    let file = try ELFFile(elf32())
    #expect((file.machine, file.entry) == (40, 0x4020_0002))
    let segment = try #require(file.segments.first)
    #expect((segment.physicalAddress, segment.virtualAddress, segment.memorySize) == (0x4020_0000, 0x4020_0000, 8))
    #expect(segment.data == Data([1, 2, 3, 4]))
    let main = try #require(file.symbols.first)
    #expect(file.symbols.count == 1)
    #expect((main.name, main.address, main.size) == ("main", 0x4020_0000, 4))
    #expect(file.symbol(at: 0x4020_0002)?.offset == 2)
  }

  @Test("a 32-bit ELF that is cut before its symbols end is refused, never misread", arguments: 0..<240)
  func cut32(count: Int) {
    #expect(throws: Failure.self) { try ELFFile(elf32().prefix(count)) }
  }

  @Test("a zImage says what its kernel takes, or is taken to compress to a fifth")
  func zImageHeader() throws {
    let told = try #require(ZImage(zImage()))
    #expect(told.start == 0)
    #expect(told.kernelSize == 0x100_0000 + 0x10_0000 + 0x20_8000)
    // The heap that the table tells, and the stack behind it.
    #expect(told.scratchSize == 0x4_0000 + 0x1_0000)
    let untold = try #require(ZImage(zImage(size: nil)))
    #expect(untold.kernelSize == 5 * 128)
    #expect(untold.scratchSize == 0x1_0000 + 0x1_0000)
    #expect(ZImage(zImage().prefix(0x2f)) == nil)
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
