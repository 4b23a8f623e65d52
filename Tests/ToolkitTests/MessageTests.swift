import Foundation
import TestSupport
import Testing
import Toolkit

/// What the tool says where a person has made a mistake that is easily made.
@Suite("A message", .timeLimited)
struct MessageTests {
  /// All that is wrong with a system on QEMU's virt, or by itself.
  private static func mistakes(
    _ text: String, files: [String: Data] = [:], isOnBoard: Bool = false
  ) async throws -> [String] {
    let folder = try Scratch()
    for (name, data) in files { try folder.write(data, to: name) }
    let project = try Project.locate()
    let bundler = Bundler(project: project)
    do {
      let system = try SystemFile(parsing: SourceText(path: "\(folder.path)/s.yaml", text: text))
      let bundle = try await bundler.bundle(system)
      let board = isOnBoard ? try Emulation(project.board(named: "qemu-virt-armv8"), gicVersion: 2) : nil
      _ = try await bundler.check(bundle, on: board)
      return []
    } catch let problems as Problems {
      return problems.problems.filter { !$0.isWarning }.map {
        "\($0.position.line):\($0.position.column) \($0.message.replacing(folder.path.replacing("//", with: "/"), with: ""))"
      }
    }
  }

  @Test("about too little memory names the VM that has the most, at its line")
  func greatest() async throws {
    let text = """
      vms:
        - {name: small, memory: 16MiB, vcpus: [0], firmware: rom}
        - {name: big, memory: 8GiB, vcpus: [0], firmware: rom}
      """
    let found = try await Self.mistakes(text, files: ["rom": Data(count: 8)], isOnBoard: true)
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix("3:25 memory: all VMs together need 8") == true)
    #expect(found.first?.hasSuffix("give them less, first of all 'big', which has the most") == true)
  }

  @Test("about a device of a shared page comes once, with how many there are besides")
  func sharedPage() async throws {
    let text = """
      vms:
        - name: a
          memory: 16MiB
          vcpus: [0]
          firmware: rom
          dma: at-risk
          devices: [/virtio_mmio@a003200]
      """
    #expect(
      try await Self.mistakes(text, files: ["rom": Data(count: 8)], isOnBoard: true) == [
        "7:15 devices: /virtio_mmio@a003200 has registers in the same 4 KiB as /virtio_mmio@a003000 and 6 more; "
          + "give all of them to the VM, or none"
      ])
    let console = text.replacing("virtio_mmio@a003200", with: "pl011@9000000")
    #expect(
      try await Self.mistakes(console, files: ["rom": Data(count: 8)], isOnBoard: true) == [
        "7:15 devices: the hypervisor uses it itself, as the console; leave it out"
      ])
  }

  @Test("about more vCPUs than a GICv2 serves says so")
  func virtualCPUs() async throws {
    let text = "vms: [{name: a, memory: 2MiB, vcpus: [0, 0, 0, 0, 0, 0, 0, 0, 0], firmware: rom}]\n"
    #expect(
      try await Self.mistakes(text, files: ["rom": Data(count: 8)], isOnBoard: true) == [
        "1:39 vcpus: a GICv2 serves at most 8; give the VM fewer, or take a GICv3"
      ])
  }

  @Test("about an ELF outside of the VM's RAM has both ranges")
  func elfOutside() async throws {
    let file = elf(entry: 0x8000_0000, virtual: 0x8000_0000, physical: 0x8000_0000, memorySize: 1 << 40)
    #expect(
      try await Self.mistakes("vms: [{name: a, memory: 64MiB, vcpus: [0], image: a.elf}]\n", files: ["a.elf": file])
        == [
          "1:51 a.elf is linked to 0x80000000 up to 0x10080000000, and the VM's RAM goes from 0x40000000 to 0x44000000; "
            + "give it more memory, or link the ELF elsewhere"
        ])
  }

  @Test("about a file that cannot be read says why, and only once")
  func unreadable() async throws {
    let text = """
      vms:
        - {name: a, memory: 64MiB, vcpus: [0], image: nope}
        - {name: b, memory: 64MiB, vcpus: [0], image: nope}
        - {name: c, memory: 64MiB, vcpus: [0], image: /}
        - {name: d, memory: 64MiB, vcpus: [0], image: /dev/zero}
      """
    #expect(
      try await Self.mistakes(text) == [
        "2:49 cannot read 'nope' (/nope): there is no such file or folder; paths start from the system file's folder",
        "4:49 cannot read '/' (/): it is a folder", "5:49 cannot read '/dev/zero' (/dev/zero): it is no regular file",
      ])
  }

  @Test("about '<<' comes once")
  func merge() async throws {
    let text = """
      vms:
        - &a {name: a, memory: 2MiB, vcpus: [0], firmware: rom}
        - {<<: *a, name: b}
        - {<<: *a, name: c}
      """
    let found = try await Self.mistakes(text).filter { $0.contains("<<") }
    #expect(found == ["3:6 TVisor's files have no '<<'; write out what it would bring"])
  }

  @Test("about a folder or a file that cannot be written is in plain words")
  func writing() throws {
    let folder = try Scratch()
    try folder.write(Data(), to: "file")
    #expect(throws: Failure("cannot write \(folder.path)/a/b: there is no such file or folder")) {
      try Files.write("x", to: "\(folder.path)/a/b")
    }
    #expect(throws: Failure("cannot write \(folder.path): it is a folder")) { try Files.write("x", to: folder.path) }
    #expect(throws: Failure("cannot make the folder \(folder.path)/file: there is a file of that name")) {
      try Files.makeFolder("\(folder.path)/file")
    }
    #expect(throws: Failure("cannot make the folder \(folder.path)/file/a: a part of the path is no folder")) {
      try Files.makeFolder("\(folder.path)/file/a")
    }
    try Files.makeFolder("\(folder.path)/x/y")
    try Files.write("long text", to: "\(folder.path)/x/y/z")
    try Files.write("short", to: "\(folder.path)/x/y/z")
    #expect(try Files.contents(of: "\(folder.path)/x/y/z") == Data("short".utf8))
  }

  @Test("about a very long line shows the part about the place, and of very many mistakes the first")
  func long() throws {
    let text = "vms: [{name: \(String(repeating: "x", count: 5_000)), memory: 2MiB, vcpus: [0], image: x}]\n"
    let error = #expect(throws: Problems.self) { try SystemFile(parsing: SourceText(path: "s.yaml", text: text)) }
    let lines = error?.description.split(separator: "\n") ?? []
    #expect(lines.allSatisfy { $0.count < 700 })
    let many = (0..<300).map { "k\($0): 1\n" }.joined()
    let refused = #expect(throws: Problems.self) { try SystemFile(parsing: SourceText(path: "s.yaml", text: many)) }
    #expect(refused?.description.contains("\n… and 251 more\n301 errors") == true)
  }
}

@Suite("A checkout that was moved", .timeLimited)
struct MovedCheckoutTests {
  @Test("begins its build folder anew, and one that was not keeps it")
  func place() async throws {
    let folder = try Scratch()
    let project = try Project.locate()
    try folder.write(Files.contents(of: project.path("Makefile")), to: "Makefile")
    func make() async throws { _ = try await Command("make", ["-s", "-C", folder.path, "place"]).output() }
    try await make()
    try folder.write(Data([1]), to: ".build-host/built")
    try await make()
    #expect(FileManager.default.fileExists(atPath: "\(folder.path)/.build-host/built"))
    try folder.write(Data("/elsewhere\n".utf8), to: ".build-host/checkout")
    try await make()
    #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/.build-host/built"))
  }
}
