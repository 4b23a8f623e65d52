import Foundation
import TestSupport
import Testing
import Toolkit

@Suite("An SD card", .timeLimited)
struct CardTests {
  private static func write(_ board: String = "raspberry-pi-4", to folder: String) throws -> [String] {
    let project = try Project.locate()
    let writer = try CardWriter(project: project, board: project.board(named: board))
    return try writer.write(image: Data([1]), bundle: Data([2]), tree: Data([3]), to: folder)
  }

  private static func read(_ name: String, in scratch: Scratch) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: "\(scratch.path)/\(name)"))
  }

  @Test(
    "of a Raspberry Pi has the image, the bundle and the tree under the names that config.txt gives the firmware",
    arguments: ["raspberry-pi-2", "raspberry-pi-3", "raspberry-pi-4"])
  func files(board: String) throws {
    let scratch = try Scratch()
    let names = try Self.write(board, to: scratch.path)
    let configuration = try Self.read("config.txt", in: scratch)
    let lines = String(decoding: configuration, as: UTF8.self).split(separator: "\n").map { String($0) }
    #expect(lines.contains(board == "raspberry-pi-2" ? "arm_64bit=0" : "arm_64bit=1"))
    #expect(lines.contains("enable_uart=1"))
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
    "puts the 64-bit image at a multiple of 2 MiB and the bundle behind all of the image's memory",
    arguments: ["raspberry-pi-3", "raspberry-pi-4"])
  func addresses(board: String) throws {
    let scratch = try Scratch()
    _ = try Self.write(board, to: scratch.path)
    let text = String(decoding: try Self.read("config.txt", in: scratch), as: UTF8.self)
    let kernel = try #require(text.firstMatch(of: /kernel_address=0x([0-9a-f]+)/).flatMap { UInt64($0.1, radix: 16) })
    let bundle = try #require(text.firstMatch(of: /initramfs .* 0x([0-9a-f]+)/).flatMap { UInt64($0.1, radix: 16) })
    #expect(kernel % (2 << 20) == 0)
    #expect(bundle >= kernel + 2 << 20)
  }

  @Test("names the vendor's firmware, which is not among the files")
  func firmware() throws {
    let scratch = try Scratch()
    let names = try Self.write(to: scratch.path)
    let text = String(decoding: try Self.read("README-TVISOR.txt", in: scratch), as: UTF8.self)
    for file in ["start4.elf", "fixup4.dat"] {
      #expect(text.contains(file))
      #expect(!names.contains(file))
    }
    #expect(text.contains("https://github.com/raspberrypi/firmware"))
  }

  @Test("is refused for what is only QEMU's, with the boards that are there")
  func refusal() throws {
    let project = try Project.locate()
    let board = try project.board(named: "versal")
    let error = #expect(throws: Failure.self) { try CardWriter(project: project, board: board) }
    #expect(error?.description.hasPrefix("versal has no tree of its own for a loader; these have: ") == true)
    #expect(error?.description.contains("raspberry-pi-4") == true)
  }

  @Test("of a board that has none is what its loader loads, and a text that says how")
  func otherLoaders() throws {
    let scratch = try Scratch()
    #expect(
      try Self.write("zcu102", to: scratch.path) == [
        "tvisor-armv8.img", "bundle.dtb", "zynqmp-zcu102-rev1.0.dtb", "README-TVISOR.txt",
      ])
    let text = try String(decoding: Self.read("README-TVISOR.txt", in: scratch), as: UTF8.self)
    #expect(text.contains("booti IMAGE BUNDLE:SIZE TREE"))
  }
}
