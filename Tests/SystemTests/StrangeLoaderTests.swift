import Foundation
import Testing
import Toolkit

/// Loaders that do not keep to the boot protocol. A few instructions stand in for each of them.
@Suite("A loader that is not quite right")
struct StrangeLoaderTests {
  /// Where the stand-in lies, and where it jumps to: a multiple of 4 KiB and of nothing more.
  private static let place = 0x4f00_0000
  private static let image = 0x4028_1000

  @Test(
    "puts the image at any multiple of 4 KiB, across 1 GiB too, and Linux boots", arguments: [0x8_1000, 0x3ff8_1000])
  func anyPage(offset: UInt64) async throws {
    var choice = Booting.Choice(processors: 2)
    choice.options = ["-m", "2G"]
    let system = Booting.own("metronome", on: "[1]")
    try await Booting.boot(system, choice, textOffset: offset) { console in
      try await console.expect("loaded at 0x\(String(0x4000_0000 + offset, radix: 16))", from: "tvisor")
      try await console.expect("2 of 2 CPUs are up", from: "tvisor")
      try await console.expectTicking()
    }
  }

  @Test(
    "puts the tree at an address that is no multiple of 8, or into the rest of the image's 2 MiB",
    arguments: [0x4900_0004, 0x4040_0000])
  func oddTree(address: Int) async throws {
    try await Self.boot(tree: address) { console in
      try await console.expect("loaded at 0x40281000", from: "tvisor")
      try await console.expectTicking()
    }
  }

  /// What is said of a tree that is not there.
  struct Missing: Sendable, CustomTestStringConvertible {
    var address: Int
    var words: String
    var testDescription: String { words }
  }

  @Test(
    "gives no tree, or one where none is: a UART that can be known without says so",
    arguments: [
      Missing(address: 0, words: "no device tree; the loader has to give its address in register x0"),
      // Nothing is there at all.
      Missing(address: 0x3000_0000_0000, words: "no device tree at 0x300000000000; the loader"),
      // Memory, but no tree.
      Missing(address: 0x4c00_0000, words: "no device tree at 0x4c000000; the loader"),
      Missing(
        address: image + 0x100,
        words: "no device tree at 0x40281100: the image itself is there, in its 2 MiB; the loader"),
    ])
  func noTree(missing: Missing) async throws {
    try await Self.boot(tree: missing.address, putsTree: false) { console in
      try await console.expect(missing.words, from: "tvisor")
      try await console.expect("stopped", from: "tvisor")
    }
  }

  /// The Raspberry Pi's older firmware: the image at 0x80000, the tree at 0x100, behind the spin table in page 0, and every CPU
  /// but the first polling there.
  @Test("puts tree and spin table into page 0, as the Raspberry Pi's older firmware does")
  func pageZero() async throws {
    let project = try Project.locate()
    let board = try project.board(named: "raspberry-pi-3")
    try await project.provideTree(of: board)
    let emulation = try Emulation(board)
    let files = try await Self.files(of: emulation, system: Booting.own("metronome", on: "[3]"), bundleAt: 0x800_0000)
    defer { files.remove() }
    // In: EL3. CPU 0 goes to the image, the others to what they find at 0xd8 + 8n.
    var code: [UInt32] = [
      0xd538_00a3,  // mrs x3, mpidr_el1
      0x9240_0463,  // and x3, x3, #3
      0xd280_1b04,  // mov x4, #0xd8
      0xd2a0_0101,  // mov x1, #0x80000
      0xb400_0063,  // cbz x3, +12
      0xf863_7881,  // ldr x1, [x4, x3, lsl #3]
      0xb4ff_ffe1,  // cbz x1, -4
      0xd280_2000,  // mov x0, #0x100
    ]
    code += [
      0xd280_b622,  // mov x2, #0x5b1: SCR_EL3.RW, HCE, SMD and NS
      0xd51e_1102,  // msr scr_el3, x2
      0xd280_7922,  // mov x2, #0x3c9: EL2h, all interrupts masked
      0xd51e_4002,  // msr spsr_el3, x2
      0xd51e_4021,  // msr elr_el3, x1
      0xd69f_03e0,  // eret
    ]
    try files.write(code)
    let stand = 0x600_0000
    var arguments = ["-M", "raspi3b", "-nodefaults", "-display", "none", "-serial", "null", "-serial", "stdio"]
    arguments += ["-device", "loader,file=\(ImageBuilder(project: project).image("armv8")),addr=0x80000,force-raw=on"]
    arguments += ["-device", "loader,file=\(files.tree),addr=0x100,force-raw=on"]
    arguments += ["-device", "loader,file=\(files.bundle),addr=0x8000000,force-raw=on"]
    arguments += ["-device", "loader,file=\(files.code),addr=\(stand),force-raw=on"]
    for cpu in 0..<4 { arguments += ["-device", "loader,addr=\(stand),cpu-num=\(cpu)"] }
    try await QEMUSession.run(Command("qemu-system-aarch64", arguments)) { console in
      try await console.expect("loaded at 0x80000", from: "tvisor")
      try await console.expect("4 of 4 CPUs are up", from: "tvisor")
      try await console.expectTicking()
    }
  }

  /// Boots the metronome on virt with the image and the tree where a stand-in for a loader says, which is entered at EL2.
  private static func boot(
    tree: Int, putsTree: Bool = true, _ body: @escaping @Sendable (QEMUSession) async throws -> Void
  ) async throws {
    let project = try Project.locate()
    let emulation = try Emulation(project.board(named: "qemu-virt-armv8"), gicVersion: 3, processorCount: 1)
    let files = try await files(of: emulation, system: Booting.own("metronome"), bundleAt: 0x4a00_0000)
    defer { files.remove() }
    // x0: the tree; x1: the image; br x1.
    try files.write(load(tree, into: 0) + load(image, into: 1) + [0xd61f_0020])
    var arguments = [
      "-M", "virt,virtualization=on,gic-version=3", "-cpu", "cortex-a53", "-m", "1024", "-nodefaults", "-display",
      "none",
      "-serial", "stdio",
    ]
    arguments += ["-device", "loader,file=\(ImageBuilder(project: project).image("armv8")),addr=\(image),force-raw=on"]
    if putsTree { arguments += ["-device", "loader,file=\(files.tree),addr=\(tree),force-raw=on"] }
    arguments += ["-device", "loader,file=\(files.bundle),addr=0x4a000000,force-raw=on"]
    arguments += ["-device", "loader,file=\(files.code),addr=\(place),force-raw=on"]
    arguments += ["-device", "loader,addr=\(place),cpu-num=0"]
    try await QEMUSession.run(Command("qemu-system-aarch64", arguments), body)
  }

  /// MOVZ and two MOVKs.
  private static func load(_ number: Int, into register: UInt32) -> [UInt32] {
    (0..<3 as Range<UInt32>).map { part in
      let piece = UInt32(truncatingIfNeeded: number >> Int(16 * part)) & 0xffff
      return (part == 0 ? 0xd280_0000 : 0xf280_0000) | part << 21 | piece << 5 | register
    }
  }

  /// What QEMU is given to load.
  private struct Files: Sendable {
    var name: String
    var tree: String { name + ".tree" }
    var bundle: String { name + ".bundle" }
    var code: String { name + ".code" }

    func write(_ code: [UInt32]) throws {
      try Toolkit.Files.write(unsafe code.withUnsafeBytes { unsafe Data($0) }, to: self.code)
    }

    func remove() { for file in [tree, bundle, code] { try? FileManager.default.removeItem(atPath: file) } }
  }

  /// The bundle of a system, and the tree of a board that says where the bundle is.
  private static func files(of emulation: Emulation, system: String, bundleAt place: Int) async throws -> Files {
    let project = try Project.locate()
    let bundler = Bundler(project: project)
    let source = SourceText(path: "system.yaml", text: "vms:\n" + system)
    let bundle = try await bundler.bundle(SystemFile(parsing: source))
    try Toolkit.Files.makeFolder(project.runs)
    let files = Files(name: "\(project.runs)/test-\(UUID().uuidString)")
    try Toolkit.Files.write(bundle.bytes, to: files.bundle)
    try await Toolkit.Files.write(Bundler.deviceTree(of: emulation), to: files.tree)
    for (name, address) in [("start", place), ("end", place + bundle.bytes.count)] {
      _ = try await Command("fdtput", ["-t", "i", files.tree, "/chosen", "linux,initrd-\(name)", "\(address)"]).output()
    }
    return files
  }
}
