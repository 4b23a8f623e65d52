internal import Architecture
internal import ArmCommon
internal import ArmRegisters
internal import Backend
internal import Configuration
internal import DeviceTree
internal import Drivers
internal import Kernel
internal import Scheduling
internal import Virtualization

/// Builds the hypervisor from the machine's description and the system's, in the arena. Used once, by the boot CPU.
struct SystemBuilder: ~Copyable {
  let machine: MachineDescription
  let system: SystemDescription
  /// Where each VM's memory lies.
  private let places: Storage<VMPlace>
  var space: HypervisorSpace
  var arena: Arena
  private var plan: MemoryPlan
  private let stage2 = Stage2Parameters.ofThisCPU()
  /// What guests' clocks showed when the counter was zero.
  private var secondsAtStart: UInt32 = 0
  /// Whose each interrupt of the host is, as soon as a VM has a device of the host's.
  var knownOwners: Storage<InterruptOwner>?
  /// What each VM's random numbers come from.
  private let random: RandomSource
  /// How fast the system counter runs.
  let ticksPerSecond: UInt64

  init(
    _ system: SystemDescription, on machine: MachineDescription, places: Storage<VMPlace>,
    plan: consuming MemoryPlan, space: consuming HypervisorSpace, arena: consuming Arena, random: RandomSource,
    ticksPerSecond: UInt64
  ) {
    self.machine = machine
    self.system = system
    self.places = places
    self.plan = plan
    self.space = space
    self.arena = arena
    self.random = random
    self.ticksPerSecond = ticksPerSecond
  }

  /// Builds everything, puts it where everybody finds it, and makes this CPU ready for guests.
  mutating func build(port: ConsolePort, log: inout BootLog) throws(BootFailure) {
    let gic = try buildInterruptController()
    readClock()
    // They name each other, and so have their places first.
    var vcpuCount = 0
    for description in system.vms { vcpuCount += description.vcpuCount }
    let vcpus = try places(of: VCPU.self, count: vcpuCount)
    let cpus = try places(of: PhysicalCPU.self, count: machine.cpuCount)
    let vms = try buildVMs(gic, vcpus: vcpus)
    try buildVCPUs(of: vms, on: cpus)
    try buildCPUs(in: cpus, gic, vms: vms, vcpus: vcpus, &log)
    let console = try buildConsole(port)
    let firmware = HostFirmware(machine.firmware, &log)
    let interrupts = HostInterrupts(
      virtualTimer: machine.timer.virtualInterrupt.identifier,
      hypervisorTimer: machine.timer.hypervisorInterrupt.identifier,
      maintenance: machine.interruptController.maintenanceInterrupt?.identifier ?? HostInterrupts.none,
      console: machine.console?.interrupt?.identifier ?? HostInterrupts.none)
    let emptySpace = try buildEmptySpace()
    let owners = try interruptOwners(count: 0)
    let place = try taking { (arena) throws(OutOfMemory) in
      try arena.take(UInt64(MemoryLayout<Hypervisor>.stride), alignment: 64)
    }
    let hypervisor = unsafe place.unsafePointer.bindMemory(to: Hypervisor.self, capacity: 1)
    unsafe hypervisor.initialize(
      to: Hypervisor(
        cpus: cpus, vms: vms, vcpus: vcpus, console: console, ticksPerSecond: ticksPerSecond, interrupts: interrupts,
        interruptOwners: owners, hasFirmware: firmware?.turnsOff == true,
        failsAtReset: Provocation(machine.bootArguments) == .atReset, stage2Control: stage2.control,
        emptySpace: emptySpace))
    unsafe Hypervisor.install(Reference(unsafePointer: hypervisor))
    try start(cpus, by: firmware, &log)
    space.removeIdentityMap(in: &arena)
    log.begin()
    log.write("arena: ")
    log.write(decimal: arena.usedByteCount >> 10)
    log.write(" of ")
    log.write(decimal: arena.byteCount >> 10)
    log.write(" KiB used; stage 2 has ")
    log.write(decimal: UInt64(stage2.inputBits))
    log.write(" bits")
    log.end()
  }

  /// Takes the time from the machine's clock, if it has one; without, guests' clocks begin with the counter.
  private mutating func readClock() {
    guard let node = machine.tree.firstNode(compatible: Text(PL031Clock.compatible)),
      let registers = try? node.region(at: 0), let base = try? space.mapDevice(registers, in: &arena)
    else { return }
    let elapsed = read_physical_counter() / ticksPerSecond
    secondsAtStart = PL031Clock(base: base).seconds &- UInt32(truncatingIfNeeded: elapsed)
  }

  /// Sees to it that the arena has so many bytes left, however they are aligned up to a cache line.
  @inline(never)
  mutating func provide(_ size: UInt64) throws(BootFailure) {
    guard arena.remainingByteCount < size &+ 64 else { return }
    let wanted = (size + HypervisorSpace.blockSize) & ~(HypervisorSpace.blockSize - 1)
    guard let more = plan.take(wanted, alignment: HypervisorSpace.blockSize) else { throw .noMemory(wanted) }
    arena.extend(with: more)
  }

  /// Does something that takes arena memory. Where the arena is about to run out, it goes on in 2 MiB of free memory.
  mutating func taking<Result: ~Copyable>(
    atMost size: UInt64 = 256 << 10, _ body: (inout Arena) throws(OutOfMemory) -> Result
  ) throws(BootFailure) -> Result {
    try provide(size)
    do throws(OutOfMemory) {
      return try body(&arena)
    } catch { throw .noMemory(UInt64(error.requestedByteCount)) }
  }
}

// Places for what is built in them afterwards, each once.

extension SystemBuilder {
  /// Places for so many, of which nobody may look at the values before they are there.
  mutating func places<Element: ~Copyable>(of type: Element.Type, count: Int) throws(BootFailure) -> Storage<Element> {
    let size = UInt64(MemoryLayout<Element>.stride * count)
    let place = try taking(atMost: size) { (arena) throws(OutOfMemory) in try arena.take(size, alignment: 64) }
    return unsafe Storage(unsafeBase: place.unsafePointer.bindMemory(to: Element.self, capacity: count), count: count)
  }
}

extension Reference where Value: ~Copyable {
  /// Puts the value in its place.
  func build(_ value: consuming Value) {
    unsafe UnsafeMutablePointer(bitPattern: address).unsafelyUnwrapped.initialize(to: value)
  }
}

// The interrupt controller.

extension SystemBuilder {
  /// What the host's interrupt controller gives to us.
  struct HostGIC {
    let controller: InterruptController
    /// The virtual CPU interface, the same for each CPU; nil where each has its own in memory.
    let listRegisters: PhysicalListRegisters?
    /// What `GICv2LinkProbe` found; a GICv3 is believed.
    var usesHardwareLinks = true
    /// A GICv2's virtual CPU interface, whose registers guests use as theirs.
    var virtualInterface: AddressRange<PhysicalAddress>?
  }

  private mutating func buildInterruptController() throws(BootFailure) -> HostGIC {
    switch machine.interruptController {
    case .gicv2(let gic):
      let wide = try device(gic.cpuInterface)
      let lead = GICv2Controller.interfaceLead(at: wide, size: gic.cpuInterface.size)
      let interface = wide + UInt(lead)
      let driver = GICv2Controller(distributor: try device(gic.distributor), interface: interface)
      driver.initializeDistributor()
      driver.initializeCPU()
      let control = try device(gic.hypervisorInterface)
      // What is true of one of the two interfaces is true of the other.
      let virtual = gic.virtualInterface.size >= gic.cpuInterface.size ? lead : 0
      let virtualInterface = AddressRange(
        from: gic.virtualInterface.start.advanced(by: virtual), to: gic.virtualInterface.end)
      let probe = GICv2LinkProbe(
        interface: interface, hypervisorInterface: control, virtualInterface: try device(virtualInterface))
      let own = UInt16(truncatingIfNeeded: machine.timer.hypervisorInterrupt.identifier)
      driver.enable(own)
      return HostGIC(
        controller: .v2(driver), listRegisters: .v2(GICv2ListRegisters(control: control)),
        usesHardwareLinks: probe.run(timerInterrupt: UInt32(own)), virtualInterface: virtualInterface)
    case .gicv3(let gic):
      guard let redistributor = try redistributor(of: gic, for: Processor.affinity) else { throw .noRedistributor }
      let driver = GICv3Controller(distributor: try device(gic.distributor), redistributor: redistributor)
      driver.initializeCPU()
      driver.initializeDistributor(affinity: Processor.affinity)
      return HostGIC(controller: .v3(driver), listRegisters: .v3(GICv3ListRegisters()))
    case .bcm2836(let description):
      let driver = try driver(of: description, for: Processor.affinity)
      driver.initializeDistributor()
      driver.initializeCPU()
      return HostGIC(controller: .bcm2836(driver), listRegisters: nil, usesHardwareLinks: false)
    }
  }

  /// Cores are counted in the lowest level of affinity.
  private mutating func driver(of description: BCM2836Description, for affinity: UInt64) throws(BootFailure)
    -> BCM2836Controller
  {
    BCM2836Controller(
      local: try device(description.local), shared: try device(description.shared), core: UInt(affinity & 3))
  }

  /// Regions have room for more CPUs than a machine has: the search begins with as much as the machine's need, and takes
  /// all where some CPU below has a larger frame or is not in the tree. Nil where nobody knows the CPU.
  private mutating func redistributor(of gic: GICv3Description, for affinity: UInt64) throws(BootFailure) -> UInt? {
    let least = UInt64(machine.cpuCount) * (gic.redistributorStride ?? 2 << 16)
    if let found = try redistributor(of: gic, for: affinity, upTo: least) { return found }
    return try redistributor(of: gic, for: affinity, upTo: .max)
  }

  private mutating func redistributor(
    of gic: GICv3Description, for affinity: UInt64, upTo limit: UInt64
  ) throws(BootFailure) -> UInt? {
    let packed = UInt32(truncatingIfNeeded: affinity & 0xff_ffff | (affinity >> 32) << 24)
    for index in 0..<gic.redistributorRegionCount {
      guard var region = gic.redistributorRegion(index) else { continue }
      region.size = min(region.size, limit)
      let base = try device(region)
      if let found = GICv3Controller.redistributor(
        for: packed, in: base, size: UInt(region.size), stride: gic.redistributorStride.map { UInt($0) })
      {
        return found
      }
    }
    return nil
  }

  private mutating func device(_ range: AddressRange<PhysicalAddress>) throws(BootFailure) -> UInt {
    do throws(MappingError) {
      return try space.mapDevice(range, in: &arena)
    } catch { throw .memory }
  }

  /// The interrupt controller as the CPU of that affinity uses it, or nil where it knows no such CPU: trees describe chips,
  /// and not every board has all of a chip's CPUs.
  mutating func controller(_ boot: InterruptController, for affinity: UInt64) throws(BootFailure)
    -> InterruptController?
  {
    switch (boot, machine.interruptController) {
    case (.v3, .gicv3(let gic)):
      guard let redistributor = try redistributor(of: gic, for: affinity) else { return nil }
      return .v3(GICv3Controller(distributor: try device(gic.distributor), redistributor: redistributor))
    case (.bcm2836, .bcm2836(let description)): return .bcm2836(try driver(of: description, for: affinity))
    // A GICv2 shows each CPU its own at the same addresses.
    default: return boot
    }
  }
}

// VMs.

extension SystemBuilder {
  private mutating func buildVMs(_ gic: HostGIC, vcpus: Storage<VCPU>) throws(BootFailure) -> Storage<HostedVM> {
    let vms = try places(of: HostedVM.self, count: system.vmCount)
    var firstVCPU = 0
    for description in system.vms {
      let own = vcpus.part(firstVCPU..<firstVCPU + description.vcpuCount)
      firstVCPU += description.vcpuCount
      vms.reference(to: description.index).build(try buildVM(description, vcpus: own, gic))
    }
    return vms
  }

  private mutating func buildVM(
    _ description: VMDescription, vcpus: Storage<VCPU>, _ host: HostGIC
  ) throws(BootFailure) -> HostedVM {
    var description = description
    let place = places[description.index]
    description.memoryStart = place.memory.start
    let hostMachine = machine
    let devices = try taking { [description] (arena) throws(OutOfMemory) in
      try GivenDevices(of: description, on: hostMachine, in: &arena)
    }
    let space = try buildSpace(place, virtualInterface: host.virtualInterface, devices)
    let gic = machine.interruptController.version
    let secondsAtStart = self.secondsAtStart
    var machine = try taking { (arena) throws(OutOfMemory) in
      try VirtualMachine(
        gic: gic, usesHardwareLinks: host.usesHardwareLinks, vcpuCount: description.vcpuCount,
        sharedInterruptCount: GuestMachine.sharedInterruptLimit,
        memory: description.memory, firmware: description.firmware, secondsAtStart: secondsAtStart, storage: &arena)
    }
    let origin = try record(description, place, gic, devices, hasSeeds: random.isSeeded)
    let given = try assignInterrupts(of: devices, to: description.index, host.controller)
    machine.power.instructionSet = description.instructionSet ?? .aarch64
    machine.random = random.source(UInt32(truncatingIfNeeded: description.index &+ 1))
    return HostedVM(
      index: description.index, name: ConsoleName(description.name.span), origin: origin, machine: machine,
      space: space,
      memory: place.memory, firmware: place.firmware, givenInterrupts: given, vcpus: vcpus)
  }

  /// A stage 2 that maps nothing.
  private mutating func buildEmptySpace() throws(BootFailure) -> PhysicalAddress {
    let inputBits = stage2.inputBits
    try provide(4096 * 2)
    do throws(MappingError) {
      return try TranslationTable(stage2InputBits: inputBits, memory: &arena).root
    } catch { throw .memory }
  }

  /// Stage 2: RAM, firmware, and with GICv2 the hardware's virtual CPU interface where guests look for theirs.
  private mutating func buildSpace(
    _ place: VMPlace, virtualInterface: AddressRange<PhysicalAddress>?, _ devices: GivenDevices
  ) throws(BootFailure) -> TranslationTable {
    let inputBits = stage2.inputBits
    // Memory that does not lie as its guest's addresses do takes a table for each GiB; all else takes a few.
    try provide(4096 * (place.memory.size >> 30 + 64))
    do throws(MappingError) {
      let space = try TranslationTable(stage2InputBits: inputBits, memory: &arena)
      try space.map(place.memory, as: .guestMemory, in: &arena)
      try space.map(place.firmware, as: .guestReadOnlyMemory, in: &arena)
      if let virtualInterface {
        // The second page has GICV_DIR alone, which traps.
        try space.map(
          GuestMachine.cpuInterface.start.rawValue, to: virtualInterface.start,
          size: UInt64(VirtualGIC.deactivationOffset), as: .guestDevice, in: &arena)
      }
      try map(devices, in: space)
      return space
    } catch { throw .memory }
  }

  /// The pages of the VM's own devices. Devices may share pages, if they are all the VM's.
  private mutating func map(_ devices: GivenDevices, in space: TranslationTable) throws(MappingError) {
    for index in devices.regions.indices {
      let region = devices.regions[index]
      if region.host.isEmpty { continue }
      let output = region.host.expanded(to: 4096).start
      var offset: UInt64 = 0
      while offset < region.guestPages.size {
        let input = region.guestPages.start.rawValue &+ offset
        if space.translate(input, in: arena) == nil {
          try space.map(input, to: output.advanced(by: offset), size: 4096, as: .guestDevice, in: &arena)
        }
        offset &+= 4096
      }
    }
  }
}

extension SystemBuilder {
  private mutating func buildConsole(_ port: ConsolePort) throws(BootFailure) -> Console {
    let system = system
    // For consoles that go into a file or a pipe.
    let isColoured = machine.bootArguments?.hasWord("tvisor.colour=0") != true
    return try taking { (arena) throws(OutOfMemory) in
      let multiplexer = try ConsoleMultiplexer(vmCount: system.vmCount, isColoured: isColoured, in: &arena) { index in
        ConsoleName((system.vm(index)?.name ?? "").span)
      }
      return try Console(multiplexer: multiplexer, port: port, in: &arena)
    }
  }
}
