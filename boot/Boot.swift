internal import Architecture
internal import ArmCommon
internal import ArmRegisters
internal import Backend
internal import Configuration
internal import DeviceTree
internal import Drivers
internal import Entry
internal import Kernel
internal import Scheduling
internal import Synchronization
internal import Virtualization

// From the entry code to the first guest: this file is the table of contents.

/// The entry code's only call: `address` and `load` are the physical addresses of the device tree and of the image, `level`
/// the exception level that the loader entered us at.
@c(tvisor_main)
func tvisorMain(_ address: UInt, _ load: UInt, _ level: UInt) {
  var space = HypervisorSpace(load: PhysicalAddress(UInt64(load)), level: level)
  let treeAddress = PhysicalAddress(UInt64(address))
  var arena = Arena(space.arenaRange(sparing: treeAddress))

  let tree: DeviceTree
  do throws(TreeFailure) { tree = try findTree(at: treeAddress, &space, &arena) } catch {
    return complain(error, at: treeAddress, level: level, &space, &arena)
  }
  let treeRange = AddressRange(start: treeAddress, size: UInt64(tree.byteCount))
  guard let port = openPort(in: tree, &space, &arena) else { return }
  unsafe panicPort = port
  var log = BootLog(port)
  guard level == 2 else { return log.refuseLevel(level) }
  // Nothing is made yet that would have to be unmade.
  if Processor.mustReenter(decliningHostExtensions: declinesHostExtensions(tree)) { tvisor_reenter(address, load) }
  log.begin()
  log.write("TVisor starts at ")
  log.write(Processor.modeName)
  log.write(", loaded at ")
  log.write(hexadecimal: UInt64(load))
  log.write(", version ")
  Image.writeVersion(to: &log)
  log.end()

  do throws(BootFailure) {
    let machine = try describeMachine(tree)
    reportPassedOverConsole(of: machine, &log)
    let frequency = try counterFrequency(machine.timer, &log)
    Provocation.failAtBoot(Provocation(machine.bootArguments))
    let taken = setAside(treeRange, machine.bundle, space)
    try mapMemory(of: machine, excluding: taken, &space, &arena)
    var plan = try planMemory(of: machine, excluding: taken, &arena)
    let system = try findSystem(machine, &plan, &space, &arena)
    reportUnreachedMemory(of: machine, &log)
    let places = try validate(system, on: machine, &plan, &arena, &log)
    reportPlaces(places, of: system, &log)
    let randomness = Randomness(machine)
    if !randomness.source.isSeeded { log.line("nothing random to begin with: guests get no seeds") }
    var builder = SystemBuilder(
      system, on: machine, places: places, plan: plan, space: space, arena: arena, random: randomness.source,
      ticksPerSecond: frequency)
    try builder.build(port: port, log: &log)
  } catch {
    log.fail(error)
    return
  }
  Hypervisor.shared.value.isOpen.store(true, ordering: .releasing)
  PhysicalCPU.current.run()
}

/// `tvisor.e2h=0`: somebody wants to see how this machine runs without E2H = 1.
private func declinesHostExtensions(_ tree: DeviceTree) -> Bool {
  tree.node(path: "/chosen")?["bootargs"]?.string?.hasWord("tvisor.e2h=0") ?? false
}

/// Maps what the loader left for us; nil where that cannot be reached.
func mapConstants(
  _ range: AddressRange<PhysicalAddress>, _ isWritable: Bool, _ space: inout HypervisorSpace, _ arena: inout Arena
) -> UnsafeRawPointer? {
  try? unsafe space.mapConstants(range, isWritable: isWritable, in: &arena)
}

/// The UART that the tree names as its console, if we have a driver for it.
private func openPort(in tree: DeviceTree, _ space: inout HypervisorSpace, _ arena: inout Arena) -> ConsolePort? {
  guard let description = try? ConsoleDescription(in: tree),
    let model = ConsoleModel.first(where: { description.node.isCompatible(with: Text($0)) }),
    let base = try? space.mapDevice(description.registers, in: &arena)
  else { return nil }
  let port = model.port(base: base, shift: description.registerShift, width: description.registerWidth)
  port.initialize()
  return port
}

/// Says that the tree names a console which is not there, and where this is shown in its place.
private func reportPassedOverConsole(of machine: MachineDescription, _ log: inout BootLog) {
  guard let console = machine.console, let path = console.passedOverPath else { return }
  log.begin()
  console.write(passingOver: path, to: &log)
  log.end()
}

private func describeMachine(_ tree: DeviceTree) throws(BootFailure) -> MachineDescription {
  do throws(MachineProblem) {
    var machine = try MachineDescription(tree)
    for cpu in machine.cpus where cpu.affinity == Processor.affinity { machine.bootCPU = cpu.index }
    return machine
  } catch { throw .machine(error) }
}

/// How fast the counter runs, in hertz. Where register and tree differ, that is said, because it is one of the two that is wrong.
private func counterFrequency(_ timer: TimerDescription, _ log: inout BootLog) throws(BootFailure) -> UInt64 {
  let register = read_counter_frequency() & 0xffff_ffff
  guard let frequency = timer.frequency(register: register) else { throw .noFrequency }
  if register != 0, register != frequency {
    log.begin()
    log.write("the counter runs at ")
    log.write(decimal: frequency)
    log.write(" Hz, as the tree says; CNTFRQ says ")
    log.write(decimal: register)
    log.end()
  }
  return frequency
}

/// What is nobody's to take: our own, what the loader left for us, and what we could not touch.
private typealias SetAside = [6 of AddressRange<PhysicalAddress>]

private func setAside(
  _ tree: AddressRange<PhysicalAddress>, _ bundle: AddressRange<PhysicalAddress>?, _ space: borrowing HypervisorSpace
) -> SetAside {
  [
    space.imageBlock, tree, bundle ?? AddressRange(start: tree.start, size: 0), AddressSpaceLayout.imageWindow,
    AddressRange(start: PhysicalAddress(AddressSpaceLayout.linearSize), size: .max),
    AddressSpaceLayout.hidden(by: space.imageBlock),
  ]
}

/// Maps all memory that is nobody's.
private func mapMemory(
  of machine: MachineDescription, excluding taken: SetAside, _ space: inout HypervisorSpace, _ arena: inout Arena
) throws(BootFailure) {
  var failure: MappingError?
  machine.forEachFreeRange(alignedTo: 4096, excluding: taken.span) { range in
    do throws(MappingError) {
      try space.mapMemory(range, in: &arena)
    } catch { failure = error }
  }
  if failure != nil { throw .memory }
}

/// Says how much memory lies where the linear map does not reach: only where addresses are short.
private func reportUnreachedMemory(of machine: MachineDescription, _ log: inout BootLog) {
  var unreached: UInt64 = 0
  machine.forEachMemoryBank { bank in
    let end = bank.start.advanced(by: bank.size &- 1).rawValue
    let limit = AddressSpaceLayout.linearSize
    if end >= limit { unreached &+= min(bank.size, end &- limit &+ 1) }
  }
  guard unreached > 0 else { return }
  log.begin()
  log.write(decimal: unreached >> 20)
  log.write(" MiB of memory stay unused: they lie beyond what addresses of this CPU reach")
  log.end()
}

/// The bundle that the loader left in memory as the initial RAM disk, at whatever address: trees are read at multiples of
/// eight bytes, to which it is copied where need be.
private func findSystem(
  _ machine: MachineDescription, _ plan: inout MemoryPlan, _ space: inout HypervisorSpace, _ arena: inout Arena
) throws(BootFailure) -> SystemDescription {
  guard let range = machine.bundle, !range.isEmpty else { throw .noBundle }
  // What is free of the image's block is given away while this goes on.
  guard !space.imageBlock.overlaps(range) else { throw .changedBundle }
  guard let size = Int(exactly: range.size), var start = unsafe mapConstants(range, false, &space, &arena) else {
    throw .unreachableBundle
  }
  if !range.start.isAligned(to: 8) {
    guard let copy = plan.take(range.size) else { throw .noMemory(range.size) }
    unsafe copy.start.unsafePointer.copyMemory(from: start, byteCount: size)
    unsafe start = UnsafeRawPointer(copy.start.unsafePointer)
  }
  let system: SystemDescription
  do throws(DeviceTreeError) {
    system = SystemDescription(
      try unsafe DeviceTree(unsafeBytes: UnsafeRawBufferPointer(start: start, count: size), in: &arena))
  } catch { throw .damagedBundle(error.kind) }
  guard system.hasKnownFormat else { throw .foreignBundle(system) }
  guard system.isIntact else { throw .changedBundle }
  return system
}

/// The same checks that the host tool made before the bundle was written: it may be another machine, or another version. Gives
/// where each VM's memory lies.
private func validate(
  _ system: SystemDescription, on machine: MachineDescription, _ plan: inout MemoryPlan, _ arena: inout Arena,
  _ log: inout BootLog
) throws(BootFailure) -> Storage<VMPlace> {
  var isValid = true
  system.validate(on: machine, hosting: Processor.hostedInstructionSets) { isValid = log.note($0) && isValid }
  do throws(OutOfMemory) {
    let places = try plan.place(system, in: &arena) { isValid = log.note($0) && isValid }
    if isValid { return places }
  } catch { throw .noMemory(UInt64(error.requestedByteCount)) }
  throw .invalidSystem
}

/// Says where each VM's memory lies.
private func reportPlaces(_ places: Storage<VMPlace>, of system: SystemDescription, _ log: inout BootLog) {
  for vm in system.vms {
    log.begin()
    log.write(vm.name.span)
    log.write(": ")
    places[vm.index].write(to: &log)
    log.end()
  }
}

/// Whose the memory is before any VM gets some: ours, and what the loader left for us.
private func planMemory(
  of machine: MachineDescription, excluding taken: SetAside, _ arena: inout Arena
) throws(BootFailure) -> MemoryPlan {
  do throws(OutOfMemory) {
    return try MemoryPlan(machine, excluding: taken.span, in: &arena)
  } catch { throw .noMemory(UInt64(error.requestedByteCount)) }
}
