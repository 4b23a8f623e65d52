import Architecture
import Configuration
import DeviceTree
import TestSupport
import Testing

typealias Content = (inout DeviceTreeWriter) throws(DeviceTreeError) -> Void

@Suite("Machines that TVisor cannot run on", .timeLimited)
struct MachineProblemTests {
  /// What the problem of a changed virt says.
  private func problem(_ changes: [String: Content], gic: GICVersion = .v2) throws -> String? {
    let tree = try VirtMachine(gic: gic, changes: changes).makeTree()
    do throws(MachineProblem) {
      _ = try MachineDescription(tree)
      return nil
    } catch {
      var transcript = Transcript()
      error.write(to: &transcript)
      return transcript.text
    }
  }

  private let nothing: Content = { (_) throws(DeviceTreeError) in }

  @Test("an unchanged machine has no problem")
  func unchanged() throws {
    #expect(try problem([:]) == nil)
    #expect(try problem([:], gic: .v3) == nil)
  }

  @Test("what is missing is named")
  func missing() throws {
    #expect(
      try problem(["memory@40000000": nothing])
        == "memory (a node with device_type = \"memory\"): missing from the machine's device tree")
    #expect(
      try problem(["cpus": nothing]) == "an enabled CPU (/cpus/cpu@...): missing from the machine's device tree")
    #expect(
      try problem(["timer": nothing])
        == "the architected timer (arm,armv8-timer or arm,armv7-timer): missing from the machine's device tree")
    #expect(
      try problem(["intc@8000000": nothing])
        == "an interrupt controller (GICv2 or GICv3): missing from the machine's device tree")
  }

  @Test("an interrupt controller that cannot be virtualized is named")
  func otherController() throws {
    let other: Content = { (node) throws(DeviceTreeError) in
      try node.property("phandle", 0x8003)
      try node.property("interrupt-controller")
      try node.property("#interrupt-cells", 2)
      try node.property("compatible", "nvidia,tegra20-ictlr")
    }
    #expect(
      try problem(["intc@8000000": other])
        == "/intc@8000000: the interrupt controller is a nvidia,tegra20-ictlr, "
        + "and a GICv2 with virtualization or a GICv3 is needed")
  }

  @Test("no console, no PSCI and no bundle are no problem")
  func optional() throws {
    let tree = try VirtMachine(changes: ["aliases": nothing, "chosen": nothing, "psci": nothing]).makeTree()
    let machine = try MachineDescription(tree)
    #expect(machine.console == nil)
    #expect(machine.firmware == nil)
    #expect(machine.bundle == nil)
    // Nobody starts CPUs by PSCI where the tree has none.
    #expect(machine.cpu(0)?.start == .unknown)
  }

  @Test("a CPU's affinity is as wide as /cpus says")
  func affinities() throws {
    func cpus(_ cells: [UInt32]) -> [String: Content] {
      [
        "cpus": { (node) throws(DeviceTreeError) in
          try node.property("#address-cells", 1)
          try node.property("#size-cells", 0)
          try node.node("cpu", at: 0) { (cpu) throws(DeviceTreeError) in
            try cpu.property("device_type", "cpu")
            try cpu.property("reg", cells: cells.span)
          }
        }
      ]
    }
    #expect(try problem(cpus([0])) == nil)
    #expect(
      try problem(cpus([0, 0])) == "/cpus/cpu@0 reg: has a length or content that its binding does not allow")
    #expect(try problem(cpus([]))?.hasPrefix("/cpus/cpu@0 reg: ") == true)
  }

  @Test("memory that wraps around or is malformed is refused")
  func memory() throws {
    func memory(_ numbers: [UInt64], extra: UInt32? = nil) -> [String: Content] {
      [
        "memory@40000000": { (node) throws(DeviceTreeError) in
          try node.property("device_type", "memory")
          let cells = numbers.flatMap { [UInt32($0 >> 32), UInt32($0 & 0xffff_ffff)] } + (extra.map { [$0] } ?? [])
          try node.property("reg", cells: cells.span)
        }
      ]
    }
    let place = "/memory@40000000 reg: "
    #expect(
      try problem(memory([0xffff_ffff_ffff_f000, 0x1000]))
        == place + "the range is empty or passes the end of the address space")
    #expect(
      try problem(memory([0x4000_0000, .max])) == place + "the range is empty or passes the end of the address space")
    #expect(
      try problem(memory([0x4000_0000, 0x2000], extra: 1))
        == place + "has a length or content that its binding does not allow")
    #expect(try problem(memory([0, 0]))?.hasPrefix("memory (") == true)
  }

  @Test("a GIC without virtualization or with too few regions is refused")
  func interruptController() throws {
    func controller(_ compatible: Text, _ numbers: [2 of UInt64]) -> [String: Content] {
      [
        "intc@8000000": { (node) throws(DeviceTreeError) in
          try node.property("phandle", 0x8003)
          try node.property("interrupt-controller")
          try node.property("#interrupt-cells", 3)
          try node.property("compatible", compatible)
          try node.property("#redistributor-regions", 2)
          try node.property("reg", numbers: [0x800_0000, 0x1_0000, numbers[0], numbers[1]])
          try node.property("interrupts", cells: [1, 9, 4])
        }
      ]
    }
    let place = "/intc@8000000 "
    #expect(
      try problem(controller("arm,gic-400", [0x801_0000, 0x2000]))
        == place + "reg: no virtual CPU interface (GICH, GICV); start QEMU's virt with virtualization=on")
    #expect(
      try problem(controller("arm,gic-400", [0x801_0000, 0]))
        == place + "reg: the range is empty or passes the end of the address space")
    #expect(
      try problem(controller("arm,gic-v3", [0x80a_0000, 0x2_0000]))
        == place + "reg: fewer regions than the 3 that the binding asks for")
  }

  @Test(
    "where a real GIC's tree leaves out what it always has, the message says where that is; QEMU's virt is not spoken of"
  )
  func realController() throws {
    // GIC-400 (DDI 0471B, table 3-1): from its base, distributor 0x1000, CPU interface 0x2000, GICH 0x4000, GICV 0x6000.
    func problem(_ compatible: Text) throws -> String {
      let tree = try makeTree { (root) throws(DeviceTreeError) in
        try root.property("#size-cells", 1)
        try root.property("#address-cells", 1)
        try root.node("interrupt-controller", at: 0xa002_1000) { (node) throws(DeviceTreeError) in
          try node.property("compatible", compatible)
          try node.property("interrupt-controller")
          try node.property("#interrupt-cells", 3)
          try node.property("reg", cells: [0xa002_1000, 0x1000, 0xa002_2000, 0x2000])
        }
      }
      do throws(MachineProblem) {
        _ = try InterruptControllerDescription(in: tree)
        return ""
      } catch {
        var transcript = Transcript()
        error.write(to: &transcript)
        return transcript.text
      }
    }
    let plain = "/interrupt-controller@a0021000 reg: no virtual CPU interface (GICH, GICV)"
    #expect(try problem("arm,cortex-a9-gic") == plain)
    for kind in ["arm,gic-400", "arm,cortex-a7-gic", "arm,cortex-a15-gic"] as [Text] {
      #expect(
        try problem(kind) == plain
          + "; this kind of GIC has them: an overlay in board.yaml can add to reg 0xa0024000 and "
          + "0xa0026000, 0x2000 each, and interrupts = <1 9 0xf04>")
    }
  }

  @Test("the maintenance interrupt must be there and private")
  func maintenance() throws {
    func controller(_ interrupts: [3 of UInt32]?, stride: UInt32 = 0x2_0000) -> [String: Content] {
      [
        "intc@8000000": { (node) throws(DeviceTreeError) in
          try node.property("phandle", 0x8003)
          try node.property("interrupt-controller")
          try node.property("#interrupt-cells", 3)
          try node.property("compatible", "arm,gic-v3")
          try node.property("redistributor-stride", stride)
          try node.property("reg", numbers: [0x800_0000, 0x1_0000, 0x80a_0000, 0xf6_0000])
          if let interrupts { try node.property("interrupts", cells: interrupts) }
        }
      ]
    }
    let place = "/intc@8000000 "
    #expect(try problem(controller([1, 9, 4])) == nil)
    #expect(try problem(controller(nil)) == place + "interrupts: fewer interrupts than the 1 that are needed")
    #expect(try problem(controller([0, 9, 4])) == place + "interrupts: must be a private interrupt (PPI)")
    #expect(
      try problem(controller([1, 9, 4], stride: 0x1_0000))
        == place + "redistributor-stride: has a length or content that its binding does not allow")
  }

  @Test("a timer without the hypervisor's interrupt is refused")
  func timer() throws {
    let changes: [String: Content] = [
      "timer": { (node) throws(DeviceTreeError) in
        try node.property("compatible", "arm,armv8-timer")
        try node.property("interrupts", cells: [1, 13, 4, 1, 14, 4, 1, 11, 4])
      }
    ]
    #expect(try problem(changes) == "/timer interrupts: fewer interrupts than the 4 that are needed")
  }

  @Test("a timer that is there and disabled is not called missing")
  func disabledTimer() throws {
    let changes: [String: Content] = [
      "timer": { (node) throws(DeviceTreeError) in
        try node.property("compatible", "arm,armv7-timer")
        try node.property("interrupts", cells: [1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4])
        try node.property("status", "disabled")
      }
    ]
    #expect(
      try problem(changes)
        == "/timer: is disabled; where the machine has it, the tree must say status = \"okay\" (an overlay in board.yaml can)"
    )
  }

  @Test("PSCI without a way to call it and half a bundle are refused")
  func chosen() throws {
    #expect(
      try problem(["psci": { (node) throws(DeviceTreeError) in try node.property("compatible", "arm,psci") }])
        == "/psci method: missing from the machine's device tree")
    let odd: Content = { (node) throws(DeviceTreeError) in
      try node.property("compatible", "arm,psci")
      try node.property("method", "svc")
    }
    #expect(try problem(["psci": odd]) == "/psci method: PSCI is called neither by \"smc\" nor by \"hvc\"")
    #expect(
      try problem(["chosen": { (node) throws(DeviceTreeError) in try node.property("linux,initrd-start", 1) }])
        == "/chosen linux,initrd-end: missing from the machine's device tree")
    let backwards: Content = { (node) throws(DeviceTreeError) in
      try node.property("linux,initrd-start", u64: 0x4800_0000)
      try node.property("linux,initrd-end", u64: 0x4800_0000)
    }
    #expect(
      try problem(["chosen": backwards])
        == "/chosen linux,initrd-end: the range is empty or passes the end of the address space")
  }

  @Test("damaged trees never trap: a machine is refused or described")
  func damaged() throws {
    let sample = try VirtMachine().makeBlob()
    let buffer = unsafe makeBuffer(byteCount: sample.count)
    var generator = SplitMix(state: 0x6d61_6368)
    var described = 0
    var refused = 0
    for _ in 0..<10_000 {
      unsafe buffer.copyBytes(from: sample)
      for _ in 0...Int(generator.next() % 3) {
        let place = Int(generator.next() % UInt64(sample.count))
        unsafe buffer[place] = UInt8(truncatingIfNeeded: generator.next())
      }
      guard let tree = try? unsafe DeviceTree(unsafeBytes: UnsafeRawBufferPointer(buffer)) else { continue }
      do throws(MachineProblem) {
        let machine = try MachineDescription(tree)
        var free: UInt64 = 0
        machine.forEachFreeRange(alignedTo: 0x20_0000, excluding: Span()) { free &+= $0.size }
        if machine.cpus.reduce(0, { count, _ in count + 1 }) == machine.cpuCount { described += 1 }
      } catch {
        var transcript = Transcript()
        error.write(to: &transcript)
        if !transcript.bytes.isEmpty { refused += 1 }
      }
    }
    #expect(described > 1000)
    #expect(refused > 500)
  }
}
