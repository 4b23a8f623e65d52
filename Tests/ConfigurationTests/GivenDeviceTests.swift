import Architecture
import DeviceTree
import TestSupport
import Testing

@testable import Configuration

@Suite("Devices of the host in a guest's machine", .timeLimited)
struct GivenDeviceTests {
  private func given(
    _ devices: String..., memorySize: UInt64 = 0x1000_0000, memoryStart: UInt64 = 0x4000_0000
  ) throws -> (VMDescription, GivenDevices) {
    let machine = try MachineDescription(HostDevices.machine.makeTree())
    var vm = try #require(SampleSystem(vms: [.init(memorySize: memorySize, devices: devices)]).make().vm(0))
    vm.memoryStart = GuestPhysicalAddress(memoryStart)
    var storage = HeapStorage()
    return (vm, try GivenDevices(of: vm, on: machine, in: &storage))
  }

  private func guestTree(_ devices: String..., clocks: [UInt32] = []) throws -> DeviceTree {
    let machine = try MachineDescription(HostDevices.machine.makeTree())
    let vm = try #require(SampleSystem(vms: [.init(devices: devices, deviceClocks: clocks)]).make().vm(0))
    var storage = HeapStorage()
    let given = try GivenDevices(of: vm, on: machine, in: &storage)
    let buffer = unsafe makeBuffer(byteCount: GuestDeviceTree.sizeBound(for: vm))
    let written = try unsafe GuestDeviceTree.write(vm, gic: .v3, cpu: "arm,armv8", given: given, unsafeInto: buffer)
    let count = written.byteCount
    return try unsafe DeviceTree(unsafeBytes: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
  }

  @Test("an entry of reg without size keeps its place in the list, and has no page")
  func emptyEntry() throws {
    let (_, given) = try given("/gaps@90e0000")
    let regions = given.regions.indices.map { given.regions[$0].guest }
    #expect(regions.map(\.start.rawValue) == [0x90e_0000, 0x90f_0800, 0x910_0000])
    #expect(regions.map(\.size) == [0x100, 0, 0x100])
    let tree = try guestTree("/gaps@90e0000")
    let reg = try #require(tree.node(path: "/gaps@90e0000")?["reg"])
    #expect((0..<3).map { reg.number(at: $0 * 4 + 2, cells: 2) } == [0x100, 0, 0x100])
  }

  @Test("a device stays where it is, with its interrupt, where the guest's machine has nothing")
  func inPlace() throws {
    let (_, given) = try given("/virtio_mmio@a003e00", "/pl061@9030000")
    #expect(given.regions[0].host == region(0xa00_3e00, 0x200))
    #expect(given.regions[0].guest == AddressRange(start: GuestPhysicalAddress(0xa00_3e00), size: 0x200))
    #expect(given.regions[0].guestPages == AddressRange(start: GuestPhysicalAddress(0xa00_3000), size: 0x1000))
    #expect(given.regions[1].guest.start == GuestPhysicalAddress(0x903_0000))
    // SPIs 47 and 7.
    #expect(given.interrupts[0].guest == 79)
    #expect(given.interrupts[0].host == TreeInterrupt(.shared(47), trigger: .edgeRising))
    #expect(given.interrupts[1].guest == 39)
    #expect(given.interrupts[1].host.trigger == .levelHigh)
  }

  @Test("a device moves from where the guest's own devices, RAM or reach end")
  func moved() throws {
    // The guest has a clock of its own there, whose interrupt is SPI 2.
    let (_, clock) = try given("/pl031@9010000")
    #expect(clock.regions[0].guest == AddressRange(start: GuestPhysicalAddress(0xb00_0000), size: 0x1000))
    #expect(clock.interrupts[0].guest == 287)
    #expect(clock.interrupts[0].host.identifier == 34)
    // 512 GiB is past the addresses that a guest can have, and SPI 300 past its interrupts.
    let (_, two) = try given("/late@90c0000", "/far@8000000000", "/pl031@9010000")
    #expect(two.regions[0].guest.start == GuestPhysicalAddress(0x90c_0000))
    #expect(two.regions[1].guest.start == GuestPhysicalAddress(0xb00_0000))
    #expect(two.regions[2].guest.start == GuestPhysicalAddress(0xb00_1000))
    #expect((0..<3).map { two.interrupts[$0].guest } == [287, 286, 285])
  }

  @Test("no device of the host's has the INTID of a device of the guest's own machine")
  func guestsOwn() throws {
    // SPI 1, which is the guest's console's, and SPI 2, its clock's.
    let (_, given) = try given("/listener@9130000", "/pl031@9010000")
    #expect((0..<2).map { given.interrupts[$0].guest } == [287, 286])
  }

  @Test("one line of two devices is one interrupt of the guest's")
  func sharedLine() throws {
    let (_, given) = try given("/pl061@9030000", "/twin@9090000")
    #expect((0..<2).map { given.interrupts[$0].guest } == [39, 39])
    // SPI 300 is past a guest's, and gets another number: one for both, which nobody else has.
    let (_, moved) = try self.given("/far@8000000000", "/pl031@9010000", "/far-twin@8000010000")
    #expect((0..<3).map { moved.interrupts[$0].guest } == [287, 286, 287])
  }

  @Test("a guest in AArch32 has devices below 4 GiB, and one with firmware none where that is")
  func reach() throws {
    func place(_ device: String, _ change: (inout SampleSystem.VM) -> Void = { _ in }) throws -> UInt64 {
      var description = SampleSystem.VM(devices: [device])
      change(&description)
      let vm = try #require(SampleSystem(vms: [description]).make().vm(0))
      var storage = HeapStorage()
      let given = try GivenDevices(of: vm, on: MachineDescription(HostDevices.machine.makeTree()), in: &storage)
      return given.regions[0].guest.start.rawValue
    }
    #expect(try place("/high@100000000") == 0x1_0000_0000)
    #expect(try place("/high@100000000") { $0.isa = "aarch32" } == 0xb00_0000)
    #expect(try place("/low@100000") == 0x10_0000)
    #expect(try place("/low@100000") { $0.firmwareSize = 0x10_0000 } == 0x10_0000)
    #expect(try place("/low@100000") { $0.firmwareSize = 0x10_1000 } == 0xb00_0000)
  }

  @Test("the node is copied, with what it refers to and without what the guest does not have")
  func node() throws {
    let tree = try guestTree("/pl061@9030000")
    let node = try #require(tree.node(path: "/pl061@9030000"))
    #expect(node.isCompatible(with: "arm,pl061"))
    #expect(try node.region(at: 0) == region(0x903_0000, 0x1000))
    #expect(try node.interrupt(at: 0) == TreeInterrupt(.shared(7), trigger: .levelHigh))
    #expect(try node.interruptSpecifier(at: 0)?.controller == tree.node(path: "/intc@8000000"))
    #expect(node["gpio-controller"]?.isEmpty == true)
    #expect(node["#gpio-cells"]?.u32 == 2)
    for name in ["pinctrl-0", "power-domains", "reset-gpio", "cs-gpios", "phandle", "status", "interrupt-parent"]
      as [Text]
    {
      #expect(node[name] == nil)
    }
    let clock = try #require(node["clocks"]?.u32.flatMap(tree.node(phandle:)))
    #expect(clock.isCompatible(with: "fixed-clock"))
    #expect(clock["clock-frequency"]?.u32 == 24_000_000)
    #expect(clock["#clock-cells"]?.u32 == 0)
    #expect(node["clock-names"]?.string == "apb_pclk")
    let regulator = try #require(node["vcc-supply"]?.u32.flatMap(tree.node(phandle:)))
    #expect(regulator.isCompatible(with: "regulator-fixed"))
    #expect(regulator["regulator-min-microvolt"]?.u32 == 3_300_000)
    #expect(regulator["regulator-max-microvolt"]?.u32 == 3_300_000)
    #expect(regulator != clock)
  }

  @Test("a clock whose frequency the tree does not say has the one that the system's author gives, or is left out")
  func givenClocks() throws {
    #expect(try guestTree("/timed@90d0000").node(path: "/timed@90d0000")?["clocks"] == nil)
    let tree = try guestTree("/pl061@9030000", "/timed@90d0000", clocks: [0, 48_000_000])
    let node = try #require(tree.node(path: "/timed@90d0000"))
    let clocks = try #require(node["clocks"])
    let frequencies = (0..<2).map { clocks.cell(at: $0).flatMap(tree.node(phandle:))?["clock-frequency"]?.u32 }
    // What the tree does say is believed.
    #expect(frequencies == [48_000_000, 24_000_000])
    #expect(clocks.cellCount == 2)
    let names = (0..<2).map { clocks.cell(at: $0).flatMap(tree.node(phandle:))?["clock-output-names"]?.string?.string }
    #expect(names == ["given-0002", "given-0003"])
    #expect(node["clock-names"]?.strings.map(\.string) == ["fast", "apb_pclk"])
  }

  /// BCM2835 ARM Peripherals §7.5: the PL011's interrupt is 57 of the GPU's, 25 of the second bank of 32.
  @Test(
    "a Raspberry Pi 3's PL011 is where the tree says, with an interrupt of the peripherals' controller",
    .enabled(if: DebianTrees.areThere, "fetched by the set-up with --tests"))
  func withoutGIC() throws {
    try DebianTrees.withTree("\(DebianTrees.folder)/arm64/broadcom/bcm2837-rpi-3-b.dtb") { tree in
      let vm = try #require(SampleSystem(vms: [.init(devices: ["/soc/serial@7e201000"])]).make().vm(0))
      var storage = HeapStorage()
      let given = try GivenDevices(of: vm, on: MachineDescription(tree), in: &storage)
      #expect(given.regions[0].guest == AddressRange(start: GuestPhysicalAddress(0x3f20_1000), size: 0x200))
      #expect(given.interrupts[0].host == TreeInterrupt(.shared(64 + 25), trigger: .levelHigh))
      #expect(given.interrupts[0].guest == 32 + 64 + 25)
    }
  }

  @Test("a device that moves says where, and one that bypasses the caches says so")
  func movedNode() throws {
    let tree = try guestTree("/pl031@9010000", "/virtio_mmio@a003e00", "/virtio_mmio@a003c00")
    let clock = try #require(tree.node(path: "/pl031@b000000"))
    #expect(try clock.region(at: 0) == region(0xb00_0000, 0x1000))
    #expect(try clock.interrupt(at: 0)?.identifier == 287)
    #expect(clock["dma-noncoherent"] != nil)
    #expect(tree.node(path: "/pl031@9010000") != nil)
    #expect(tree.node(path: "/virtio_mmio@a003e00")?["dma-noncoherent"] == nil)
    #expect(tree.node(path: "/virtio_mmio@a003c00")?["dma-noncoherent"] != nil)
  }

  @Test("a VM that is placed by identity has all of it where its RAM is")
  func identity() throws {
    var vm = try #require(SampleSystem(vms: [.init(isIdentity: true)]).make().vm(0))
    #expect(vm.placement == .identity)
    let free = region(0x4012_3000, 0x2000_0000)
    let place = try #require(vm.identityPlace(in: free))
    #expect(place == region(0x4020_0000, 0x1000_0000))
    vm.memoryStart = GuestPhysicalAddress(place.start.rawValue)
    #expect(vm.memory.start == GuestPhysicalAddress(0x4020_0000))
    #expect(vm.entry == GuestPhysicalAddress(0x4040_0000))
    #expect(vm.deviceTree == GuestPhysicalAddress(0x4020_0000))
    #expect(vm.initialRAMDisk?.start == GuestPhysicalAddress(0x4420_0000 + 0x0))
    #expect(vm.images.map(\.address.rawValue) == [0x4040_0000, 0x4420_0000])
    // Below 1 GiB are the guest's devices.
    #expect(vm.identityPlace(in: region(0, 0x4000_0000)) == nil)
    #expect(vm.identityPlace(in: region(0, 0x6000_0000)) == region(0x4000_0000, 0x1000_0000))
    #expect(vm.identityPlace(in: region(0x7f_f800_0000, 0x1000_0000)) == nil)
    #expect(vm.identityPlace(in: region(0xf800_0000, 0x2000_0000)) == region(0xf800_0000, 0x1000_0000))
    // What lies below the RAM stays where it is.
    #expect(vm.moved(0x1000) == GuestPhysicalAddress(0x1000))
    #expect(vm.moved(0x4000_1000) == GuestPhysicalAddress(0x4020_1000))
  }

  @Test("a 32-bit kernel takes its memory to begin at a multiple of 128 MiB, and has none above 4 GiB")
  func narrowIdentity() throws {
    let vm = try #require(SampleSystem(vms: [.init(isa: "aarch32", isIdentity: true)]).make().vm(0))
    #expect(vm.identityPlace(in: region(0x4012_3000, 0x2000_0000)) == region(0x4800_0000, 0x1000_0000))
    #expect(vm.identityPlace(in: region(0xf000_0000, 0x1000_0000)) == region(0xf000_0000, 0x1000_0000))
    #expect(vm.identityPlace(in: region(0xf800_0000, 0x2000_0000)) == nil)
  }
}
