import Foundation
import Scheduling
import TestSupport
import Testing
import Toolkit

/// A file that says all there is to say.
private let complete = """
  cpus:
    - {cpu: 0, policy: round-robin, slice: 1ms}
  vms:
    - name: debian
      isa: aarch64
      memory: 256MiB
      vcpus: [0, 1]
      image: Image
      initrd: initramfs
      bootargs: console=ttyAMA0
      on-reset: stop
      devices: [/pl061@9030000, {path: /pl011@9000000, clock: 48MHz}]
      placement: identity
      dma: at-risk
      interrupts: [40]
    - name: rom
      memory: 128MiB
      vcpus: [0]
      firmware: rom.bin
    - name: bytes
      memory: 0x200000
      vcpus: [0]
      raw: {path: guest.bin, address: 0x4008_0000, entry: 0x40080040}
  """

/// The names of all policies, as messages list them.
private let policies = (0..<PolicyKind.count).compactMap { PolicyKind(number: $0).map { "\($0.name)" } }
  .joined(separator: ", ")

/// The first line and the column of each mistake, with its message.
private func mistakes(in text: String) -> [String] {
  do {
    _ = try SystemFile(parsing: SourceText(path: "s.yaml", text: text))
    return []
  } catch let problems as Problems {
    return problems.problems.map { "\($0.position.line):\($0.position.column) \($0.message)" }
  } catch {
    return ["\(error)"]
  }
}

/// A VM with one more line.
private func machine(_ line: String) -> String {
  "vms:\n  - name: a\n    memory: 64MiB\n    vcpus: [0]\n    \(line)\n"
}

@Suite("A system file", .timeLimited)
struct SystemFileTests {
  @Test("is read with all that it says")
  func everything() throws {
    let system = try SystemFile(parsing: SourceText(path: "s.yaml", text: complete))
    #expect(system.processors.map(\.number.value) == [0])
    #expect(system.processors[0].slice?.value == 1_000_000)
    #expect(system.machines.map(\.name.value) == ["debian", "rom", "bytes"])
    let debian = system.machines[0]
    #expect(debian.memory.value == 268_435_456)
    #expect(debian.virtualCPUs.map(\.processor.value) == [0, 1])
    #expect(debian.initialRAMDisk?.value == "initramfs")
    #expect(debian.bootArguments?.value == "console=ttyAMA0")
    #expect(debian.onReset?.value == .stop)
    #expect(debian.devices.map(\.path.value) == ["/pl061@9030000", "/pl011@9000000"])
    #expect(debian.devices.map { $0.clock?.value } == [nil, 48_000_000])
    #expect(debian.placement?.value == .identity)
    #expect(debian.dma?.value == .atRisk)
    #expect(system.machines[1].placement == nil)
    #expect(debian.interrupts.map(\.value) == [40])
    guard case .raw(let path, let address, let entry) = system.machines[2].payload else {
      Issue.record("the third VM is raw")
      return
    }
    #expect((path.value, address.value, entry?.value) == ("guest.bin", 0x4008_0000, 0x4008_0040))
  }

  @Test("remembers where each value stands")
  func positions() throws {
    let system = try SystemFile(parsing: SourceText(path: "s.yaml", text: complete))
    #expect(system.machines[0].memory.position == Position(line: 6, column: 13))
    #expect(system.machines[0].virtualCPUs[1].processor.position == Position(line: 7, column: 16))
    #expect(system.machines[1].position == Position(line: 16, column: 5))
  }

  @Test("shows a mistake with file, line, column, the line itself and a caret")
  func caret() {
    let error = #expect(throws: Problems.self) {
      try SystemFile(parsing: SourceText(path: "demo/s.yaml", text: machine("memroy: 1GiB\n    image: x")))
    }
    #expect(
      error?.description == """
        demo/s.yaml:5:5: error: unknown key 'memroy' in a VM; did you mean 'memory'?
          5 |     memroy: 1GiB
            |     ^
        1 error
        """)
  }

  @Test(
    "has each mistake reported at its place",
    arguments: [
      (machine("image: x\n    on-reset: restrat"), "6:15 'restrat' is no on-reset; did you mean 'restart'?"),
      (machine("image: x\n    on-reset: explode"), "6:15 'explode' is no on-reset; known are: restart, stop"),
      (machine("image: x\n    isa: riscv64"), "6:10 'riscv64' is no isa; known are: aarch32, aarch64"),
      (machine("image: [x]"), "5:12 'image' must be a single value, not a list"),
      (machine("image:"), "5:11 'image' must be a single value, not nothing"),
      (
        machine("bootargs: x"),
        "2:5 the VM has nothing to run; add 'image' (Linux Image, zImage or ELF), 'raw' or 'firmware'"
      ),
      (
        machine("image: x\n    firmware: y"),
        "6:15 a VM runs one thing, not image and firmware; keep one of them"
      ),
      (machine("raw: {path: x}"), "5:10 'raw' needs 'address'; add for example `address: 0x4008_0000`"),
      (
        machine("firmware: x\n    initrd: y"),
        "6:13 firmware takes no 'initrd'; remove it, or boot an 'image' instead of 'firmware'"
      ),
      (
        machine("image: x\n    devices: [uart]"),
        "6:15 'uart' is no path in a device tree; begin it with '/'"
      ),
      (
        machine("image: x\n    devices: [{path: /uart, clock: 48}]"),
        "6:36 cannot read '48'; write clock: a frequency such as 48MHz"
      ),
      (
        machine("image: x\n    devices: [{path: /uart, clock: 5GHz}]"),
        "6:36 'clock' goes from 1Hz to 4294967295Hz; write for example `clock: 48MHz`"
      ),
      (machine("image: x\n    dma: yes"), "6:10 'yes' is no dma; known are: at-risk"),
      (
        "cpus: [{cpu: 0, slice: 1}]\n" + machine("image: x"),
        "1:24 cannot read '1'; write slice: a time such as 500us, 1ms or 2s"
      ),
      (
        "cpus: [{cpu: 0, slice: 1us}]\n" + machine("image: x"),
        "1:24 'slice' goes from 10us to 10s; write for example `slice: 1ms`"
      ),
      (
        "cpus: [{cpu: 0}, {cpu: 0}]\n" + machine("image: x"),
        "1:24 CPU 0 is described twice; put all about it in one entry"
      ),
      (
        "cpus: [{cpu: 0, policy: edf}]\n" + machine("image: x"),
        "1:25 'edf' is no policy; known are: \(policies)"
      ),
      ("vms: []\n", "1:6 there is no VM; give at least one"),
      ("vms: 3\n", "1:6 'vms' must be a list of VMs, not '3'"),
      ("- vms\n", "1:1 a system must be a mapping of `key: value` lines, not a list"),
      ("", "1:1 the file is empty; see the demo's system.yaml for an example"),
    ])
  func single(text: String, expected: String) {
    #expect(mistakes(in: text) == [expected])
  }

  @Test("has all its mistakes reported at once, in the order of the lines")
  func all() {
    let found = mistakes(
      in: """
        vms:
          - name: tvisor
            memory: 256MB
            vcpus: [0, one]
            image: Image
          - name: b c
            memory: 64MiB
            vcpus: []
            image: Image
        extra: 1
        """)
    #expect(
      found == [
        "3:13 cannot read '256MB'; write memory: a size such as 64KiB, 256MiB or 1GiB",
        "4:16 cannot read 'one'; write a number such as 0",
        "6:11 'b c' is no VM name; use up to 31 letters, digits, '.', '_' and '-'",
        "8:12 a VM needs a vCPU; write for example [0] for one on CPU 0",
        "10:1 unknown key 'extra' in a system; known are: cpus, vms",
      ])
  }

  @Test("has lists of bounded length, and what is beyond is shown where it begins")
  func longLists() {
    let list = Array(repeating: "0", count: 65).joined(separator: ", ")
    let text = "vms:\n  - name: a\n    memory: 64MiB\n    image: x\n    vcpus: [\(list)]\n"
    #expect(mistakes(in: text) == ["5:205 'vcpus' has 65 entries; give at most 64"])
  }

  @Test("is refused before a parser sees it where it lies so deep that one would run out of stack")
  func depth() {
    let deep = "lists and mappings lie too deep in one another; keep to a few levels"
    #expect(mistakes(in: String(repeating: "[", count: 65)) == ["1:65 \(deep)"])
    #expect(mistakes(in: String(repeating: "[", count: 64)).allSatisfy { !$0.hasSuffix(deep) })
    // What is closed and was not open makes no room.
    #expect(mistakes(in: String(repeating: "]", count: 9) + String(repeating: "{", count: 65)) == ["1:74 \(deep)"])
    let indented = String(repeating: " ", count: 200) + "x"
    #expect(mistakes(in: indented) == ["1:201 this is indented too deep; keep to a few levels"])
    #expect(mistakes(in: String(indented.dropFirst())).allSatisfy { !$0.contains("indented too deep") })
  }

  @Test("shows of a very long line what is about the place, with tabs as they are, and the caret below it")
  func longLine() {
    let text = String(repeating: "x", count: 400) + "HERE" + String(repeating: "y", count: 400)
    let problem = Problem(file: "f", position: Position(line: 7, column: 401), message: "no", excerpt: text)
    let lines = problem.description.split(separator: "\n").map(String.init)
    #expect(lines.count == 3 && lines[0] == "f:7:401: error: no")
    #expect(lines[1].count < 400 && lines[1].contains("…x") && lines[1].hasSuffix("y…"))
    // The caret stands in the column of the place.
    #expect(
      lines[2].firstIndex(of: "^").map { lines[2].distance(from: lines[2].startIndex, to: $0) }
        == lines[1].range(of: "HERE").map { lines[1].distance(from: lines[1].startIndex, to: $0.lowerBound) })
    let tabbed = Problem(file: "f", position: Position(line: 7, column: 4), message: "no", excerpt: "\ta\tb")
    #expect(tabbed.description == "f:7:4: error: no\n  7 | \ta\tb\n    | \t \t^")
  }

  @Test("cannot give two VMs one name, or the hypervisor's")
  func names() {
    let two =
      "vms:\n"
      + ["a", "a", "tvisor"].map {
        "  - {name: \($0), memory: 64MiB, vcpus: [0], image: x}\n"
      }.joined()
    #expect(
      mistakes(in: two) == [
        "3:12 two VMs are named 'a'; give each its own name",
        "4:12 'tvisor' is the hypervisor's own name on the console; choose another",
      ])
  }

  @Test("that is no YAML is refused where it stops being YAML")
  func notYAML() {
    let found = mistakes(in: "vms:\n  - name: [a\n")
    #expect(found.count == 1)
    #expect(found[0].hasPrefix("3:1 this is not YAML ("))
    #expect(
      mistakes(in: "vms:\n  - name: a\n    memory: 64MiB\n    name: b\n")
        == ["2:5 the key 'name' is given twice in this mapping; keep one"])
  }
}
