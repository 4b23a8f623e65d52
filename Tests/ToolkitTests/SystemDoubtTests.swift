import Foundation
import TestSupport
import Testing
import Toolkit

@Suite("What a system file says and nobody means", .timeLimited)
struct SystemDoubtTests {
  /// The warnings about a VM, with other lines for it and for the CPUs.
  private static func warnings(_ line: String, cpus: String = "", isImage: Bool = true) async throws -> [String] {
    let folder = try Scratch()
    try folder.write(linuxImage(imageSize: 0x20_0000), to: "Image")
    let payload = isImage ? "image: Image" : "raw: {path: Image, address: 0x4020_0000}"
    let text = "\(cpus)vms:\n  - name: a\n    memory: 64MiB\n    \(payload)\n    \(line)\n"
    let system = try SystemFile(parsing: SourceText(path: "\(folder.path)/s.yaml", text: text))
    let bundler = Bundler(project: Project(root: URL(fileURLWithPath: folder.path)))
    let found = try await bundler.check(bundler.bundle(system)).warnings
    return found.map { "\($0.position.line):\($0.position.column) \($0.message)" }
  }

  @Test("is a warning: a console that the guest has not, at the command line")
  func console() async throws {
    #expect(try await Self.warnings("vcpus: [0]\n    bootargs: console=ttyAMA0 quiet").isEmpty)
    #expect(
      try await Self.warnings("vcpus: [0]\n    bootargs: quiet console=ttyS0,115200n8") == [
        "6:15 bootargs: the guest has no 'ttyS0'; its UART is ttyAMA0 (a PL011 at 0x9000000)"
      ])
    #expect(try await Self.warnings("vcpus: [0]\n    bootargs: console=ttyS0", isImage: false).isEmpty)
  }

  @Test("is a warning: a NUL in the command line")
  func nul() async throws {
    #expect(
      try await Self.warnings("vcpus: [0]\n    bootargs: \"quiet\\0 loud\"") == [
        "6:15 bootargs: a kernel reads up to the NUL in it; take that out"
      ])
  }

  @Test("is a warning: a priority under a policy that has none")
  func priority() async throws {
    let line = "vcpus: [{cpu: 0, priority: 7}]"
    #expect(
      try await Self.warnings(line) == [
        "5:32 priority: CPU 0 has round-robin, which asks for none; it counts under fixed-priority"
      ])
    #expect(try await Self.warnings(line, cpus: "cpus: [{cpu: 0, policy: fixed-priority}]\n").isEmpty)
  }
}

@Suite("A CPU model", .timeLimited)
struct CPUModelTests {
  @Test("is known for the instruction set of its EL2 and of its guests")
  func known() throws {
    #expect(CPUModel.named("cortex-a53,pmu=off")?.runsAArch32Guests == true)
    #expect(CPUModel.named("cortex-a76")?.runsAArch32Guests == false)
    #expect(CPUModel.named("cortex-a15")?.is64Bit == false)
    #expect(CPUModel.named("cortex-a9")?.canVirtualize == false)
    #expect(CPUModel.named("cortex-b1") == nil)
  }

  @Test("that is not for a board's image is refused, and so are too many CPUs for a GICv2")
  func refused() throws {
    let project = try Project.locate()
    let board = try project.board(named: "qemu-virt-armv8")
    let message = "take one of cortex-a53, cortex-a57, cortex-a72, cortex-a76, max, or another board"
    #expect(throws: Failure("cortex-a15 is 32-bit at EL2, and the board's image is for armv8; \(message)")) {
      try Emulation(board, model: "cortex-a15")
    }
    let narrow = try project.board(named: "qemu-virt-armv7")
    #expect(throws: Failure.self) { try Emulation(narrow, model: "cortex-a53") }
    #expect(throws: Failure.self) { try Emulation(narrow, model: "cortex-a9") }
    #expect(throws: Failure("a GICv2 has at most 8 CPUs, not 9; take a GICv3, or fewer CPUs")) {
      try Emulation(board, gicVersion: 2, processorCount: 9)
    }
    #expect(throws: Never.self) { try Emulation(board, model: "cortex-a57,cntfrq=1000000000") }
    for board in try project.boards() { #expect(throws: Never.self) { try Emulation(board) } }
  }

  @Test("one command line makes the machine that is checked and the one that boots")
  func oneCommandLine() throws {
    var emulation = try Emulation(Project.locate().board(named: "raspberry-pi-4"))
    emulation.otherPorts = ["file:x"]
    emulation.options = ["-serial", "file:y"]
    let boots = emulation.command(booting: Emulation.Boot(kernel: "k"), console: .pipe).arguments
    let checked = emulation.command(writingDeviceTreeTo: "t.dtb", booting: "k").arguments
    func ports(_ arguments: [String]) -> Int { arguments.count { $0 == "-serial" } }
    #expect(ports(boots) == 3)
    #expect(ports(checked) == 3)
    #expect(checked[1] == "raspi4b,dumpdtb=t.dtb")
    #expect(checked.suffix(2) == ["-serial", "file:y"])
  }
}
