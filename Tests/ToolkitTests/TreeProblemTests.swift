import Configuration
import DeviceTree
import Foundation
import TestSupport
import Testing
import Toolkit

typealias NodeContent = @Sendable (inout DeviceTreeWriter) throws(DeviceTreeError) -> Void

/// A small machine's tree, with other content for some nodes, or with none of them.
func machineTree(changing changes: [String: NodeContent?] = [:]) throws -> Data {
  let usual: [(String, NodeContent)] = [
    (
      "psci",
      { (node) throws(DeviceTreeError) in
        try node.property("method", "smc")
        try node.property("compatible", "arm,psci-1.0")
      }
    ),
    (
      "memory@40000000",
      { (node) throws(DeviceTreeError) in
        try node.property("device_type", "memory")
        try node.property("reg", cells: [0, 0x4000_0000, 0, 0x2000_0000])
      }
    ),
    (
      "serial@9000000",
      { (node) throws(DeviceTreeError) in
        try node.property("compatible", "arm,pl011")
        try node.property("interrupts", cells: [0, 1, 4])
        try node.property("reg", cells: [0, 0x900_0000, 0, 0x1000])
      }
    ),
    (
      "intc@8000000",
      { (node) throws(DeviceTreeError) in
        try node.property("phandle", 1)
        try node.property("interrupt-controller")
        try node.property("#interrupt-cells", 3)
        try node.property("interrupts", cells: [1, 9, 4])
        try node.property("compatible", "arm,gic-v3")
        try node.property("reg", numbers: [0x800_0000, 0x1_0000, 0x80a_0000, 0xf6_0000])
      }
    ),
    (
      "cpus",
      { (node) throws(DeviceTreeError) in
        try node.property("#size-cells", 0)
        try node.property("#address-cells", 1)
        try node.node("cpu", at: 0) { (cpu) throws(DeviceTreeError) in
          try cpu.property("reg", 0)
          try cpu.property("enable-method", "psci")
          try cpu.property("compatible", "arm,cortex-a53")
          try cpu.property("device_type", "cpu")
        }
      }
    ),
    (
      "timer",
      { (node) throws(DeviceTreeError) in
        try node.property("interrupts", cells: [1, 13, 0xf04, 1, 14, 0xf04, 1, 11, 0xf04, 1, 10, 0xf04])
        try node.property("compatible", "arm,armv8-timer")
      }
    ),
    ("chosen", { (node) throws(DeviceTreeError) in try node.property("stdout-path", "/serial@9000000") }),
  ]
  return Data(
    try makeBlob { (root) throws(DeviceTreeError) in
      try root.property("#address-cells", 2)
      try root.property("#size-cells", 2)
      try root.property("interrupt-parent", 1)
      for (name, content) in usual {
        let content = changes[name] ?? content
        guard let content else { continue }
        try root.begin(Array(name.utf8).span)
        try content(&root)
        try root.end()
      }
    })
}

@Suite("A tree that describes no machine for TVisor", .timeLimited)
struct TreeProblemTests {
  private static func property(_ name: Text, _ value: Text) -> NodeContent {
    return { (node) throws(DeviceTreeError) in try node.property(name, value) }
  }

  /// Each kind of problem, by a node's other content, with the words that its message has.
  private static let problems: [(node: String, content: NodeContent?, words: String)] = [
    ("memory@40000000", nil, "memory (a node with device_type"),
    ("cpus", nil, "/cpus: missing"),
    ("timer", nil, "the architected timer"),
    ("intc@8000000", property("compatible", "x,y"), "an interrupt controller"),
    (
      "memory@40000000",
      { (node) throws(DeviceTreeError) in
        try node.property("device_type", "memory")
        try node.property("reg", cells: [0xffff_ffff, 0xffff_f000, 0, 0x1000])
      }, "/memory@40000000 reg: the range is empty or passes the end of the address space"
    ),
    (
      "memory@40000000",
      { (node) throws(DeviceTreeError) in
        try node.property("device_type", "memory")
        try node.property("reg", cells: [0, 0x4000_0000, 1])
      }, "/memory@40000000 reg: has a length or content that its binding does not allow"
    ),
    (
      "intc@8000000",
      { (node) throws(DeviceTreeError) in
        try node.property("phandle", 1)
        try node.property("interrupt-controller")
        try node.property("#interrupt-cells", 3)
        try node.property("compatible", "nvidia,tegra20-ictlr")
      }, "/intc@8000000: the interrupt controller is a nvidia,tegra20-ictlr, and"
    ),
    (
      "intc@8000000",
      { (node) throws(DeviceTreeError) in
        try node.property("phandle", 1)
        try node.property("interrupt-controller")
        try node.property("#interrupt-cells", 3)
        try node.property("compatible", "arm,gic-v3")
        try node.property("reg", numbers: [0x800_0000, 0x1_0000])
      }, "/intc@8000000 reg: fewer regions than the 2 that the binding asks for"
    ),
    (
      "intc@8000000",
      { (node) throws(DeviceTreeError) in
        try node.property("phandle", 1)
        try node.property("interrupt-controller")
        try node.property("#interrupt-cells", 3)
        try node.property("compatible", "arm,gic-400")
        try node.property("reg", numbers: [0x800_0000, 0x1_0000, 0x801_0000, 0x2000])
      }, "/intc@8000000 reg: no virtual CPU interface"
    ),
    (
      "intc@8000000",
      { (node) throws(DeviceTreeError) in
        try node.property("phandle", 1)
        try node.property("interrupt-controller")
        try node.property("#interrupt-cells", 3)
        try node.property("interrupts", cells: [0, 9, 4])
        try node.property("compatible", "arm,gic-v3")
        try node.property("reg", numbers: [0x800_0000, 0x1_0000, 0x80a_0000, 0xf6_0000])
      }, "/intc@8000000 interrupts: must be a private interrupt (PPI)"
    ),
    (
      "timer",
      { (node) throws(DeviceTreeError) in
        try node.property("compatible", "arm,armv8-timer")
        try node.property("interrupts", cells: [1, 13, 4])
      }, "/timer interrupts: fewer interrupts than the"
    ),
    ("psci", property("compatible", "arm,psci-1.0"), "/psci"),
    (
      "timer",
      { (node) throws(DeviceTreeError) in
        try node.property("compatible", "arm,armv8-timer")
        try node.property("status", "disabled")
      }, "/timer: is disabled"
    ),
  ]

  @Test("is refused by the tool in the problem's own words, which name the node", arguments: problems.indices)
  func messages(index: Int) async throws {
    let (node, content, words) = Self.problems[index]
    let folder = try Scratch()
    try folder.write(Data(count: 8), to: "rom")
    let text = "vms: [{name: a, memory: 2MiB, vcpus: [0], firmware: rom}]\n"
    let system = try SystemFile(parsing: SourceText(path: "\(folder.path)/s.yaml", text: text))
    let project = try Project.locate()
    let bundler = Bundler(project: project)
    let bundle = try await bundler.bundle(system)
    let board = try project.board(named: "qemu-virt-armv8")
    #expect(throws: Never.self) { try bundler.check(bundle, on: board, describedBy: machineTree()) }
    // The tree is overwritten when it goes: what were left of a message that looked into it would be garbage.
    let error = #expect(throws: Failure.self) {
      try bundler.check(bundle, on: board, describedBy: machineTree(changing: [node: content]))
    }
    #expect(error?.description.hasPrefix("TVisor does not run on this qemu-virt-armv8: ") == true)
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
  }

  @Test("and bytes that are no tree are refused by the board's name")
  func noTree() async throws {
    let folder = try Scratch()
    try folder.write(Data(count: 8), to: "rom")
    let text = "vms: [{name: a, memory: 2MiB, vcpus: [0], firmware: rom}]\n"
    let system = try SystemFile(parsing: SourceText(path: "\(folder.path)/s.yaml", text: text))
    let project = try Project.locate()
    let bundler = Bundler(project: project)
    let bundle = try await bundler.bundle(system)
    let board = try project.board(named: "qemu-virt-armv8")
    #expect(throws: Failure("qemu-virt-armv8: device tree: no flattened device tree (magic number d00dfeed)")) {
      try bundler.check(bundle, on: board, describedBy: Data(count: 64))
    }
  }

  // Cortex-A53 TRM, ID_AA64PFR0_EL1.EL1 = 2: AArch64 or AArch32; Cortex-A75 TRM: EL1 is AArch64 alone.
  @Test("says which guests the machine's cores run", arguments: [("arm,cortex-a53", true), ("arm,cortex-a75", false)])
  func cores(core: String, runsAArch32: Bool) async throws {
    let folder = try Scratch()
    try folder.write(Data(count: 8), to: "rom")
    let project = try Project.locate()
    let bundler = Bundler(project: project)
    let board = try project.board(named: "qemu-virt-armv8")
    let tree = try machineTree(changing: [
      "cpus": { (node) throws(DeviceTreeError) in
        try node.property("#size-cells", 0)
        try node.property("#address-cells", 1)
        try node.node("cpu", at: 0) { (cpu) throws(DeviceTreeError) in
          try cpu.property("reg", 0)
          try cpu.property("enable-method", "psci")
          try cpu.property("compatible", string: Array(core.utf8).span)
          try cpu.property("device_type", "cpu")
        }
      }
    ])
    for isa in ["aarch64", "aarch32"] {
      let text = "vms: [{name: a, isa: \(isa), memory: 2MiB, vcpus: [0], firmware: rom}]\n"
      let bundle = try await bundler.bundle(
        SystemFile(parsing: SourceText(path: "\(folder.path)/s.yaml", text: text)))
      var problems: [String] = []
      do throws(any Error) {
        try bundler.check(bundle, on: board, describedBy: tree)
      } catch let found as Problems {
        problems = found.problems.map(\.message)
      }
      let isHosted = isa == "aarch64" || runsAArch32
      #expect(
        problems
          == (isHosted
            ? [] : ["isa: the machine's CPUs run no \(isa) guests; give the VM another image, or take another machine"])
      )
    }
  }
}
