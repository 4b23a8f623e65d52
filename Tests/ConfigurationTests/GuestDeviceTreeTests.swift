import Architecture
import Configuration
import DeviceTree
import TestSupport
import Testing

@Suite("A guest's device tree", .timeLimited)
struct GuestDeviceTreeTests {
  private func make(
    _ vm: SampleSystem.VM = .init(), gic: GICVersion = .v2, host: VirtMachine? = nil, seeds: UInt8? = nil
  ) throws -> DeviceTree {
    let description = try #require(SampleSystem(vms: [vm]).make().vm(0))
    let buffer = unsafe makeBuffer(byteCount: GuestDeviceTree.sizeBound(for: description))
    let written = try unsafe GuestDeviceTree.write(
      description, gic: gic, cpu: "arm,cortex-a53", host: host.map { try MachineDescription($0.makeTree()) },
      hasSeeds: seeds != nil, unsafeInto: buffer)
    #expect(written.byteCount <= buffer.count)
    #expect((written.seeds != nil) == (seeds != nil))
    if let places = written.seeds, let seeds {
      #expect(places.kaslr % 4 == 0 && places.random % 4 == 0)
      for offset in 0..<8 { unsafe buffer[places.kaslr + offset] = seeds + UInt8(offset) }
      for offset in 0..<32 { unsafe buffer[places.random + offset] = seeds + 100 + UInt8(offset) }
    }
    return try unsafe DeviceTree(unsafeBytes: UnsafeRawBufferPointer(rebasing: buffer[..<written.byteCount]))
  }

  @Test("seeds have the sizes that Linux takes, and are where the writer says that whoever starts the VM puts them")
  func seeds() throws {
    let chosen = try #require(make(seeds: 7).node(path: "/chosen"))
    #expect(chosen["kaslr-seed"]?.array == (7..<15).map { UInt8($0) })
    #expect(chosen["rng-seed"]?.array == (107..<139).map { UInt8($0) })
  }

  @Test("what the host's tree says of its timer that drivers have to know reaches the guest, and no more")
  func hostFacts() throws {
    typealias Content = (inout DeviceTreeWriter) throws(DeviceTreeError) -> Void
    let timerContent: Content = { (node) throws(DeviceTreeError) in
      try node.property("interrupts", cells: [1, 13, 0xf04, 1, 14, 0xf04, 1, 11, 0xf04, 1, 10, 0xf04])
      try node.property("compatible", "arm,armv8-timer")
      try node.property("clock-frequency", 8_333_333)
      try node.property("fsl,erratum-a008585")
      try node.property("arm,cpu-registers-not-fw-configured")
      try node.property("fsl,secret", 3)
    }
    let tree = try make(host: VirtMachine(changes: ["timer": timerContent]))
    let timer = try #require(tree.node(path: "/timer"))
    #expect(timer["clock-frequency"]?.u32 == 8_333_333)
    #expect(timer["fsl,erratum-a008585"]?.isEmpty == true)
    #expect(timer["arm,cpu-registers-not-fw-configured"] == nil && timer["fsl,secret"] == nil)
    // virt's own says nothing of the kind.
    #expect(try make(host: VirtMachine()).node(path: "/timer")?["clock-frequency"] == nil)
  }

  @Test("however much a host's tree says, the size bound holds")
  func manyFacts() throws {
    let content: (inout DeviceTreeWriter) throws(DeviceTreeError) -> Void = { (node) throws(DeviceTreeError) in
      try node.property("interrupts", cells: [1, 13, 0xf04, 1, 14, 0xf04, 1, 11, 0xf04, 1, 10, 0xf04])
      try node.property("compatible", "arm,armv8-timer")
      try node.property("clock-frequency", 1)
      for name in ["fsl,erratum-a008585", "hisilicon,erratum-161010101", "allwinner,erratum-unknown1"] as [Text] {
        try node.property(name)
      }
    }
    let vm = SampleSystem.VM(vcpus: [0], bootArguments: String(repeating: "x", count: 3000))
    let tree = try make(vm, host: VirtMachine(changes: ["timer": content]), seeds: 1)
    let timer = try #require(tree.node(path: "/timer"))
    #expect(timer["clock-frequency"] != nil && timer["allwinner,erratum-unknown1"] != nil)
  }

  @Test("a guest's tools find that there is a hypervisor")
  func hypervisor() throws {
    #expect(try make().node(path: "/hypervisor")?.isCompatible(with: "tvisor,hypervisor") == true)
  }

  /// The cells of a property.
  private func cells(_ tree: DeviceTree, _ path: Text, _ name: Text) -> [UInt32]? {
    tree.node(path: path)?[name].map { value in (0..<value.cellCount).compactMap(value.cell) }
  }

  @Test("RAM, chosen and the root say what virt's say")
  func memory() throws {
    let tree = try make()
    #expect(tree.root.isCompatible(with: "linux,dummy-virt"))
    #expect(try tree.node(path: "/memory@40000000")?.region(at: 0) == region(0x4000_0000, 0x1000_0000))
    #expect(tree.node(path: "/memory@40000000")?["device_type"]?.string?.string == "memory")
    let chosen = try #require(tree.node(path: "/chosen"))
    #expect(chosen["stdout-path"]?.string?.string == "/pl011@9000000")
    #expect(chosen["bootargs"]?.string?.string == "console=ttyAMA0")
    #expect(chosen["linux,initrd-start"]?.number == 0x4400_0000)
    #expect(chosen["linux,initrd-end"]?.number == 0x4400_0fff)
    #expect(chosen["kaslr-seed"] == nil)
    #expect(chosen["rng-seed"] == nil)
    #expect(tree.node(path: "serial0")?.name.string == "pl011@9000000")
  }

  @Test("without a command line and an initial RAM disk, chosen has none")
  func bare() throws {
    let chosen = try #require(make(.init(initrd: nil, bootArguments: nil)).node(path: "/chosen"))
    #expect(chosen.properties.map(\.name.string) == ["stdout-path"])
  }

  @Test("a GICv2 has its distributor and CPU interface")
  func gicv2() throws {
    let tree = try make(gic: .v2)
    let gic = try #require(tree.node(path: "/intc@8000000"))
    #expect(gic.isCompatible(with: "arm,cortex-a15-gic"))
    #expect(try gic.regionCount == 2)
    #expect(try gic.region(at: 0) == region(0x800_0000, 0x1_0000))
    #expect(try gic.region(at: 1) == region(0x801_0000, 0x2000))
    // Two vCPUs are bits 0 and 1 of the mask in bits 8 to 15.
    #expect(cells(tree, "/timer", "interrupts") == [1, 13, 0x304, 1, 14, 0x304, 1, 11, 0x304, 1, 10, 0x304])
  }

  @Test("a GICv3 has its distributor and 128 KiB for each vCPU")
  func gicv3() throws {
    let tree = try make(gic: .v3)
    let gic = try #require(tree.node(path: "/intc@8000000"))
    #expect(gic.isCompatible(with: "arm,gic-v3"))
    #expect(gic["#redistributor-regions"]?.u32 == 1)
    #expect(try gic.region(at: 0) == region(0x800_0000, 0x1_0000))
    #expect(try gic.region(at: 1) == region(0x80a_0000, 0x4_0000))
    #expect(cells(tree, "/timer", "interrupts") == [1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4])
  }

  @Test("devices are where virt has them, with its interrupts and its clock")
  func devices() throws {
    let tree = try make()
    let expected: [(Text, Text, UInt64, UInt32)] = [
      ("/pl011@9000000", "arm,pl011", 0x900_0000, 33), ("/pl031@9010000", "arm,pl031", 0x901_0000, 34),
    ]
    for (path, compatible, address, interrupt) in expected {
      let node = try #require(tree.node(path: path))
      #expect(node.isCompatible(with: compatible) && node.isCompatible(with: "arm,primecell"))
      #expect(try node.region(at: 0) == region(address, 0x1000))
      #expect(try node.interrupt(at: 0)?.identifier == interrupt)
      #expect(try node.interrupt(at: 0)?.trigger == .levelHigh)
      let clock = node["clocks"]?.cell(at: 0).flatMap(tree.node(phandle:))
      #expect(clock?["clock-frequency"]?.u32 == 24_000_000)
      #expect(clock?.isCompatible(with: "fixed-clock") == true)
    }
    #expect(tree.node(path: "/flash@0") == nil)
    #expect(tree.node(path: "/psci")?["method"]?.string?.string == "hvc")
    #expect(tree.node(path: "/psci")?.isCompatible(with: "arm,psci-1.0") == true)
    #expect(tree.node(path: "/psci")?.isCompatible(with: "arm,psci-0.2") == true)
  }

  @Test("vCPUs are sixteen to a cluster in their affinities")
  func cpus() throws {
    let tree = try make(.init(vcpus: Array(repeating: 0, count: 18)), gic: .v3)
    let nodes = Array(try #require(tree.node(path: "/cpus")).children)
    #expect(nodes.count == 18)
    #expect(nodes[15]["reg"]?.u32 == 0xf)
    #expect(nodes[16]["reg"]?.u32 == 0x100)
    #expect(nodes[17].name.string == "cpu@101")
    for node in nodes {
      #expect(node["device_type"]?.string?.string == "cpu")
      #expect(node["enable-method"]?.string?.string == "psci")
      #expect(node.isCompatible(with: "arm,cortex-a53"))
    }
  }

  @Test("TVisor's own reader finds all that a kernel looks for", arguments: [GICVersion.v2, .v3])
  func readBack(gic: GICVersion) throws {
    let tree = try make(gic: gic)
    let timer = try TimerDescription(in: tree)
    #expect(timer.secureInterrupt?.identifier == 29)
    #expect(timer.physicalInterrupt.identifier == 30)
    #expect(timer.virtualInterrupt.identifier == 27)
    #expect(timer.hypervisorInterrupt.identifier == 26)
    #expect(try ConsoleDescription(in: tree)?.registers == region(0x900_0000, 0x1000))
  }

  @Test("the size bound holds for the most vCPUs and the longest command line")
  func sizeBound() throws {
    let largest = SampleSystem.VM(
      vcpus: Array(repeating: 0, count: 123), bootArguments: String(repeating: "x", count: 2047))
    let tree = try make(largest, gic: .v3)
    #expect(tree.byteCount > 10_000)
    #expect(GuestDeviceTree.sizeBound(vcpuCount: 123, bootArgumentsCount: 2047) % 4096 == 0)
    _ = try make(.init(vcpus: [0], bootArguments: String(repeating: "x", count: 1000)))
  }

  @Test("a buffer that is too small is an error")
  func full() throws {
    let vm = try #require(SampleSystem().make().vm(0))
    let buffer = unsafe makeBuffer(byteCount: 1024)
    #expect(throws: DeviceTreeError(.full)) {
      try unsafe GuestDeviceTree.write(vm, gic: .v2, cpu: "arm,armv8", unsafeInto: buffer)
    }
  }
}
