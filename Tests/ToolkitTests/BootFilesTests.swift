import DeviceTree
import Foundation
import TestSupport
import Testing
import Toolkit

@Suite("Boot files", .timeLimited)
struct BootFilesTests {
  private static func write(
    _ board: String = "raspberry-pi-4", bundle: Data = Data([2]), tree: Data? = Data([3]), to folder: String
  ) throws -> [String] {
    let project = try Project.locate()
    let board = try project.board(named: board)
    let places = board.card == nil ? LoadPlaces(from: 0x4020_0000, bundleSize: 5 << 20) : nil
    return try BootFiles(project: project, board: board).write(
      image: Data([1]), bundle: bundle, tree: tree, at: places, to: folder)
  }

  private static func read(_ name: String, in scratch: Scratch) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: "\(scratch.path)/\(name)"))
  }

  private static func text(_ name: String, in scratch: Scratch) throws -> String {
    String(decoding: try read(name, in: scratch), as: UTF8.self)
  }

  @Test(
    "of a Raspberry Pi have the image, the bundle and the tree under the names that config.txt gives the firmware",
    arguments: ["raspberry-pi-2", "raspberry-pi-3", "raspberry-pi-4"])
  func files(board: String) throws {
    let scratch = try Scratch()
    let names = try Self.write(board, to: scratch.path)
    let lines = try Self.text("config.txt", in: scratch).split(separator: "\n").map { String($0) }
    #expect(lines.contains(board == "raspberry-pi-2" ? "arm_64bit=0" : "arm_64bit=1"))
    #expect(lines.contains("enable_uart=1"))
    // Nobody asks for more than the lowest frequency later.
    #expect(lines.contains("force_turbo=1"))
    func name(_ pattern: Regex<(Substring, Substring)>) throws -> String {
      let found = lines.compactMap { $0.wholeMatch(of: pattern)?.1 }.first
      return String(try #require(found))
    }
    #expect(try Self.read(name(/kernel=(.*)/), in: scratch) == Data([1]))
    #expect(try Self.read(name(/initramfs ([^ ]*) .*/), in: scratch) == Data([2]))
    #expect(try Self.read(name(/device_tree=(.*)/), in: scratch) == Data([3]))
    #expect(names.count == 5)
  }

  @Test(
    "of a Raspberry Pi put the 64-bit image at a multiple of 2 MiB and the bundle behind all of the image's memory",
    arguments: ["raspberry-pi-3", "raspberry-pi-4"])
  func addresses(board: String) throws {
    let scratch = try Scratch()
    _ = try Self.write(board, to: scratch.path)
    let text = try Self.text("config.txt", in: scratch)
    let kernel = try #require(text.firstMatch(of: /kernel_address=0x([0-9a-f]+)/).flatMap { UInt64($0.1, radix: 16) })
    let bundle = try #require(text.firstMatch(of: /initramfs .* 0x([0-9a-f]+)/).flatMap { UInt64($0.1, radix: 16) })
    #expect(kernel % (2 << 20) == 0)
    #expect(bundle >= kernel + 2 << 20)
    let tree = try #require(
      text.firstMatch(of: /device_tree_address=0x([0-9a-f]+)/).flatMap { UInt64($0.1, radix: 16) })
    #expect(tree % 8 == 0 && tree >= kernel + 2 << 20 && tree + 2 << 20 <= bundle)
  }

  @Test("name the vendor's firmware, which is not among them")
  func firmware() throws {
    let scratch = try Scratch()
    let names = try Self.write(to: scratch.path)
    let text = try Self.text("README-TVISOR.txt", in: scratch)
    for file in ["start4.elf", "fixup4.dat"] {
      #expect(text.contains(file))
      #expect(!names.contains(file))
    }
    #expect(text.contains("https://github.com/raspberrypi/firmware"))
  }

  @Test("for U-Boot have the board's tree where it has one of its own, and U-Boot's where not")
  func trees() throws {
    let scratch = try Scratch()
    let names = try Self.write("zcu102", to: scratch.path)
    let rest = ["boot.scr", "tvisor.itb", "extlinux/extlinux.conf", "README-TVISOR.txt"]
    let firmware = ["tvisor.efi", "EFI/BOOT/BOOTAA64.EFI", "bundle.img", "startup.nsh", "grub.cfg"]
    #expect(names == ["tvisor-armv8.img", "bundle.uimg", "zynqmp-zcu102-rev1.0.dtb"] + rest + firmware)
    #expect(try Self.text("boot.scr", in: scratch).contains("booti 0x40200000 0x40800000 0x40600000"))
    #expect(try Self.text("extlinux/extlinux.conf", in: scratch).contains("\n  fdt /zynqmp-zcu102-rev1.0.dtb\n"))
    #expect(try Self.text("README-TVISOR.txt", in: scratch).contains("U-Boot"))
    let other = try Scratch()
    #expect(try Self.write("qemu-virt-armv7", tree: nil, to: other.path) == ["tvisor-armv7.img", "bundle.uimg"] + rest)
    #expect(try Self.text("boot.scr", in: other).contains("bootz 0x40200000 0x40800000 ${fdtcontroladdr}"))
    #expect(try !Self.text("extlinux/extlinux.conf", in: other).contains("fdt"))
  }

  @Test(
    "for EFI firmware have the image and the bundle as they are, and name the tree where the board has one of its own",
    arguments: [("zcu102", "zynqmp-zcu102-rev1.0.dtb"), ("qemu-virt-armv8", nil)])
  func firmware(of board: String, tree: String?) throws {
    let scratch = try Scratch()
    _ = try Self.write(board, tree: tree.map { _ in Data([3]) }, to: scratch.path)
    for name in ["tvisor.efi", "EFI/BOOT/BOOTAA64.EFI"] { #expect(try Self.read(name, in: scratch) == Data([1])) }
    #expect(try Self.read("bundle.img", in: scratch) == Data([2]))
    let named = tree.map { " dtb=\\\($0)" } ?? ""
    let command = "tvisor.efi initrd=\\bundle.img" + named
    #expect(try Self.text("startup.nsh", in: scratch).hasSuffix("\n\(command)\n"))
    #expect(try Self.text("README-TVISOR.txt", in: scratch).contains(command))
    let entry = tree.map { "  devicetree /\($0)\n" } ?? ""
    #expect(
      try Self.text("grub.cfg", in: scratch).contains("\n\(entry)  linux /tvisor.efi\n  initrd /bundle.img\n}\n"))
  }

  @Test("for EFI firmware are not written for a 32-bit board, whose image it does not start, and the guide says so")
  func noFirmware() throws {
    let scratch = try Scratch()
    let names = try Self.write("qemu-virt-armv7", tree: nil, to: scratch.path)
    #expect(!names.contains { $0.lowercased().hasSuffix(".efi") || $0 == "startup.nsh" || $0 == "grub.cfg" })
    #expect(try Self.text("README-TVISOR.txt", in: scratch).contains("a 32-bit image is none"))
  }

  /// From include/image.h of U-Boot: the header's fields, big-endian, and both checksums.
  @Test(
    "for U-Boot have headers that it takes: a script, and the bundle as a RAM disk",
    arguments: [("boot.scr", 6), ("bundle.uimg", 3)])
  func header(name: String, type: UInt8) throws {
    let scratch = try Scratch()
    _ = try Self.write("zcu102", to: scratch.path)
    let bytes = try Self.read(name, in: scratch)
    func word(_ place: Int) -> UInt32 { bytes[place..<place + 4].reduce(0) { $0 << 8 | UInt32($1) } }
    #expect(word(0) == 0x2705_1956)
    #expect(word(12) == UInt32(bytes.count - 64))
    #expect(Array(bytes[28..<32]) == [5, 22, type, 0])
    #expect(word(24) == Self.checksum(bytes[64...]))
    #expect(word(4) == Self.checksum(bytes[..<4] + Data(count: 4) + bytes[8..<64]))
    #expect(Self.checksum(Data("123456789".utf8)) == 0xcbf4_3926)
    if type == 6 { #expect(word(64) == UInt32(bytes.count - 72) && word(68) == 0) }
  }

  /// CRC-32 bit by bit, as IEEE 802.3 defines it.
  private static func checksum(_ bytes: Data) -> UInt32 {
    var value = ~0 as UInt32
    for byte in bytes {
      for bit in 0..<8 as Range<UInt8> {
        let differs = (value ^ UInt32(byte >> bit)) & 1 == 1
        value = differs ? value >> 1 ^ 0xedb8_8320 : value >> 1
      }
    }
    return ~value
  }

  @Test(
    "for U-Boot lie apart, with room for a tree that grows, and the image at a multiple of 2 MiB",
    arguments: [1, 2 << 20, 100 << 20])
  func places(size: Int) {
    let places = LoadPlaces(from: 0x8000_0001, bundleSize: size)
    #expect(places.image % (2 << 20) == 0 && places.image >= 0x8000_0001)
    #expect(places.tree >= places.image + 2 << 20)
    #expect(places.bundle >= places.tree + 1 << 20)
    #expect(places.whole >= places.bundle + UInt64(size) + 64)
    #expect(places.end >= places.whole + UInt64(size) + 4 << 20)
  }

  @Test(
    "for U-Boot in one file have the bundle at a multiple of eight, where it is not copied at start-up",
    arguments: ["zcu102", "qemu-virt-armv7"])
  func alignment(board: String) throws {
    for title in ["a bundle", "another bundle"] {
      let scratch = try Scratch()
      _ = try Self.write(board, bundle: Data("\(title) that is found again".utf8), to: scratch.path)
      let file = try Self.read("tvisor.itb", in: scratch)
      let place = try #require(file.range(of: Data("\(title) that is".utf8))?.lowerBound)
      #expect(place % 8 == 0)
    }
  }

  @Test("are written again over their own, and not over somebody else's menu, script, program or configuration")
  func overwriting() throws {
    for (board, name) in [
      ("zcu102", "extlinux/extlinux.conf"), ("zcu102", "boot.scr"), ("raspberry-pi-4", "config.txt"),
      ("zcu102", "startup.nsh"), ("zcu102", "grub.cfg"), ("zcu102", "EFI/BOOT/BOOTAA64.EFI"),
    ] {
      let scratch = try Scratch()
      _ = try Self.write(board, to: scratch.path)
      _ = try Self.write(board, to: scratch.path)
      let path = "\(scratch.path)/\(name)"
      try Data("somebody else's".utf8).write(to: URL(fileURLWithPath: path))
      #expect(throws: Failure("\(path) is not from `tvisor boot-files`: take it away, or give another folder")) {
        try Self.write(board, to: scratch.path)
      }
      #expect(try Self.text(name, in: scratch) == "somebody else's")
    }
  }

  @Test("are the same bytes each time")
  func reproducible() throws {
    let (first, second) = (try Scratch(), try Scratch())
    for name in try Self.write("zcu102", to: first.path) {
      _ = try Self.write("zcu102", to: second.path)
      #expect(try Self.read(name, in: first) == Self.read(name, in: second), "\(name)")
    }
  }
}
