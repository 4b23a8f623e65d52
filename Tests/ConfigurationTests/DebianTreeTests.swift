import Architecture
import DeviceTree
import Drivers
import Foundation
import TestSupport
import Testing

@testable import Configuration

/// Every device tree in Debian's arm64 and armmp-lpae kernel packages. Skipped, and said to be, where the set-up did not
/// fetch them (`boot/setup/setup.sh --tests`).
@Suite(
  "The device trees of Debian's kernels", .timeLimited,
  .enabled(if: DebianTrees.areThere, "fetched by the set-up with --tests"))
struct DebianTreeTests {
  @Test("each is read without a trap: what TVisor needs is found, or there is a reason that says why not")
  func everyTree() throws {
    var table = CountTable()
    let paths = DebianTrees.paths
    #expect(paths.count > 1000)
    for path in paths {
      let package = path.contains("/arm64/") ? "arm64" : "armhf"
      try DebianTrees.withTree(path) {
        table.count($0, named: path.dropFirst(DebianTrees.folder.count + 1), in: package)
      }
    }
    print(table.text)
    // Every 64-bit core has the architected timer, and nearly all have a GIC that can be virtualized.
    #expect(table["CPUs: found", "arm64"] == table["trees", "arm64"])
    #expect(table["interrupt controller: GICv2", "arm64"] + table["interrupt controller: GICv3", "arm64"] > 500)
    #expect(table["timer: found", "arm64"] > 550)
    #expect(table["console: with a driver", "arm64"] > 300)
    #expect(table["console: with a driver", "armhf"] > 300)
    // Of the machines that TVisor could run on, nearly all have a console that it has a driver for.
    #expect(table.fittingCount > 700)
    #expect(table.spokenCount * 100 >= table.fittingCount * 95)
  }

  /// What boards' manuals say of them.
  struct Known: Sendable, CustomTestStringConvertible {
    var file: String
    var console: UInt64
    var model: String
    var interrupt: UInt32?
    var cpuCount: Int
    var testDescription: String { file }
  }

  @Test(
    "boards that are known have what their manuals say",
    arguments: [
      // BCM2711 ARM Peripherals §1.2.4 and §6.2.4: legacy master addresses 0x7e… are 0xfe…; VideoCore interrupt 29 is SPI 93.
      Known(
        file: "arm64/broadcom/bcm2711-rpi-4-b.dtb", console: 0xfe21_5040, model: "brcm,bcm2835-aux-uart",
        interrupt: 32 + 93, cpuCount: 4),
      // BCM2837: the same peripherals are at 0x3f…, and its interrupt is 29 of bank 1 (BCM2835 ARM Peripherals §7.5), the
      // banks of 32 counted from the first shared one.
      Known(
        file: "arm64/broadcom/bcm2837-rpi-3-b.dtb", console: 0x3f21_5040, model: "brcm,bcm2835-aux-uart",
        interrupt: 32 + 32 + 29, cpuCount: 4),
      // BCM2836: the PL011's interrupt is 25 of bank 2, 57 of all.
      Known(
        file: "armhf/bcm2836-rpi-2-b.dtb", console: 0x3f20_1000, model: "arm,pl011", interrupt: 32 + 64 + 25,
        cpuCount: 4),
      // DUI 0447 (V2M-P1), memory map and interrupts: UART 0 at 0x1c090000, motherboard's interrupt 5, which the bus maps.
      Known(
        file: "armhf/vexpress-v2p-ca15-tc1.dtb", console: 0x1c09_0000, model: "arm,pl011", interrupt: 32 + 5,
        cpuCount: 2),
      // UG1085 (Zynq UltraScale+), table 10-1 and 13-1: UART 0 at 0xff000000, interrupt 53.
      Known(
        file: "arm64/xilinx/zynqmp-zcu102-rev1.0.dtb", console: 0xff00_0000, model: "cdns,uart-r1p12", interrupt: 53,
        cpuCount: 4),
      // IMX8MPRM: UART 2 at 0x30890000, interrupt 27 of the GIC's shared ones.
      Known(
        file: "arm64/freescale/imx8mp-evk.dtb", console: 0x3089_0000, model: "fsl,imx6q-uart", interrupt: 32 + 27,
        cpuCount: 4),
      // Allwinner H3 datasheet §4.1 and §4.3: UART 0 at 0x01c28000, interrupt 32 of the GIC.
      Known(
        file: "armhf/sun8i-h3-orangepi-pc.dtb", console: 0x1c2_8000, model: "snps,dw-apb-uart", interrupt: 32,
        cpuCount: 4
      ),
      // IMX7DRM: UART 1 at 0x30860000, interrupt 26 of the GIC's shared ones.
      Known(
        file: "armhf/imx7d-sdb.dtb", console: 0x3086_0000, model: "fsl,imx6q-uart", interrupt: 32 + 26, cpuCount: 2),
      // The alias serial0 is a disabled UART; the debug UART, number 5, is at 0x1e784000, interrupt 8 of the shared ones.
      Known(
        file: "armhf/aspeed-ast2600-evb.dtb", console: 0x1e78_4000, model: "snps,dw-apb-uart", interrupt: 32 + 8,
        cpuCount: 2),
    ])
  func known(board: Known) throws {
    try DebianTrees.withTree("\(DebianTrees.folder)/\(board.file)") { tree in
      let console = try #require(try ConsoleDescription(in: tree))
      #expect(console.registers.start.rawValue == board.console)
      #expect(DebianTrees.driver(of: console) == board.model)
      #expect(console.interrupt?.identifier == board.interrupt)
      #expect(try MachineDescription.checkCPUs(in: tree) == board.cpuCount)
    }
  }
}

/// Where the set-up put them.
enum DebianTrees {
  static let folder =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path + "/.build-setup/all-trees"

  static var areThere: Bool { FileManager.default.fileExists(atPath: folder) }

  static var paths: [String] {
    let files = FileManager.default.enumerator(atPath: folder)
    return (files?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(".dtb") }.sorted().map {
      "\(folder)/\($0)"
    }
  }

  /// Calls `body` with the tree in a file, copied to a multiple of 8, as trees must lie.
  static func withTree(_ path: String, _ body: (DeviceTree) throws -> Void) throws {
    let data = try #require(FileManager.default.contents(atPath: path))
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: data.count, alignment: 8)
    defer { unsafe copy.deallocate() }
    unsafe copy.copyBytes(from: data)
    try body(unsafe DeviceTree(unsafeBytes: UnsafeRawBufferPointer(copy)))
  }

  /// The name by which there is a driver for the console.
  static func driver(of console: ConsoleDescription) -> String? {
    ConsoleModel.first { console.node.isCompatible(with: Text($0)) }.map { "\($0.compatible)" }
  }
}

/// How often what was found, for each package.
private struct CountTable {
  private var counts: [String: [String: Int]] = [:]
  private var examples: [String: Substring] = [:]
  private var name: Substring = ""

  /// Trees with an interrupt controller that can be virtualized and a timer, and those of them with a console for which there is
  /// a driver.
  private(set) var fittingCount = 0
  private(set) var spokenCount = 0

  subscript(what: String, package: String) -> Int { counts[what]?[package] ?? 0 }

  /// Asks a tree for each thing by itself, and for all together.
  mutating func count(_ tree: DeviceTree, named name: Substring, in package: String) {
    self.name = name
    add("trees", package)
    if (try? InterruptControllerDescription(in: tree)) != nil, (try? TimerDescription(in: tree)) != nil {
      fittingCount += 1
      if let console = try? ConsoleDescription(in: tree), DebianTrees.driver(of: console) != nil { spokenCount += 1 }
    }
    tally("console", package) { () throws(MachineProblem) in
      guard let console = try ConsoleDescription(in: tree) else { return "none named" }
      return DebianTrees.driver(of: console) == nil ? "without a driver" : "with a driver"
    }
    tally("interrupt controller", package) { () throws(MachineProblem) in
      switch try InterruptControllerDescription(in: tree) {
      case .gicv2: "GICv2"
      case .gicv3: "GICv3"
      case .bcm2836: "BCM2836"
      }
    }
    tally("timer", package) { () throws(MachineProblem) in
      _ = try TimerDescription(in: tree)
      return "found"
    }
    tally("memory", package) { () throws(MachineProblem) in
      try MachineDescription.checkMemory(in: tree)
      return "found"
    }
    tally("CPUs", package) { () throws(MachineProblem) in
      _ = try MachineDescription.checkCPUs(in: tree)
      return "found"
    }
    tally("whole machine", package) { () throws(MachineProblem) in
      _ = try MachineDescription(tree)
      return "runs TVisor"
    }
  }

  private mutating func tally(_ what: String, _ package: String, _ find: () throws(MachineProblem) -> String) {
    do throws(MachineProblem) {
      add("\(what): \(try find())", package)
    } catch {
      add("\(what): \(error.reason)", package)
    }
  }

  private mutating func add(_ what: String, _ package: String) {
    counts[what, default: [:]][package, default: 0] += 1
    if examples[what] == nil { examples[what] = name }
  }

  var text: String {
    let rows = counts.keys.sorted().map { key in
      "\(key.padding(toLength: 64, withPad: " ", startingAt: 0))\(self[key, "arm64"])\t\(self[key, "armhf"])\t"
        + "\(examples[key] ?? "")"
    }
    return (["\("".padding(toLength: 64, withPad: " ", startingAt: 0))arm64\tarmhf\tfor example"] + rows).joined(
      separator: "\n")
  }
}

extension MachineProblem {
  /// The kind of problem and the property, without the node and names that differ from board to board.
  fileprivate var reason: String {
    let kind = "\(kind)".prefix { $0 != "(" }
    // What was looked for, without the words in brackets that explain it.
    let subject = subject.string.prefix { $0 != "(" }
    return node == nil ? "\(kind) \(subject)" : "\(kind)\(property.map { " " + $0.string } ?? "")"
  }
}
