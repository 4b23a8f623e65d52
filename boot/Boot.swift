internal import ARMv8
internal import ARMv8Assembly
internal import ArmCommon
internal import ArmRegisters
internal import Architecture
internal import Configuration
internal import DeviceTree
internal import Drivers
internal import Scheduling
internal import Virtualization

// From the entry code to the first guest: this file is the table of contents.

/// The entry code's only call: `tree` and `load` are the physical addresses of the device tree and of the image, `level`
/// the exception level that the loader entered us at.
@c(tvisor_main)
func tvisorMain(_ tree: UInt64, _ load: UInt64, _ level: UInt64) {
  var space = HypervisorSpace(load: PhysicalAddress(load))
  var arena = Arena(space.firstArenaRange)
  if level == 2 { space.removeIdentityMap(in: &arena) }

  guard let tree = findTree(at: PhysicalAddress(tree), &space, &arena) else { return }
  var log = BootLog(openPort(in: tree, &space, &arena))
  guard level == 2 else { return log.refuseLevel(level) }
  log.line("TVisor starts at EL2, loaded at ", hexadecimal: load)

  do throws(BootFailure) {
    let machine = try describeMachine(tree)
    try mapMemory(of: machine, &space, &arena)
    let system = try findSystem(machine, &space, &arena)
    try validate(system, on: machine, &log)
    var builder = try SystemBuilder(machine: machine, space: space, arena: arena)
    try builder.build(system, log: &log)
  } catch {
    log.fail(error)
    return
  }
  run()
}

/// The tree that the loader gave us, or nil where there is none that could be read: without it there is no console to
/// complain on.
private func findTree(at address: PhysicalAddress, _ space: inout HypervisorSpace, _ arena: inout Arena)
  -> DeviceTree?
{
  guard address.rawValue != 0, address.isAligned(to: 8) else { return nil }
  do {
    let header = try unsafe space.mapConstants(AddressRange(start: address, size: 40), in: &arena)
    let size = UInt64(UInt32(bigEndian: unsafe header.load(fromByteOffset: 4, as: UInt32.self)))
    // The boot protocol allows 2 MiB (Documentation/arch/arm64/booting.rst).
    guard size >= 40, size <= 2 << 20 else { return nil }
    let start = try unsafe space.mapConstants(AddressRange(start: address, size: size), in: &arena)
    return try unsafe DeviceTree(unsafeBytes: UnsafeRawBufferPointer(start: start, count: Int(size)))
  } catch { return nil }
}

/// The UART that the tree names as its console, if we have a driver for it.
private func openPort(in tree: DeviceTree, _ space: inout HypervisorSpace, _ arena: inout Arena) -> PL011Port? {
  guard let description = try? ConsoleDescription(in: tree),
    description.node.isCompatible(with: PL011Port.compatible),
    let base = try? space.mapDevice(description.registers, in: &arena)
  else { return nil }
  let port = PL011Port(base: base)
  port.initialize()
  return port
}

private func describeMachine(_ tree: DeviceTree) throws(BootFailure) -> MachineDescription {
  do throws(MachineProblem) {
    return try MachineDescription(tree)
  } catch { throw .machine(error) }
}

/// Maps all memory that is nobody's.
private func mapMemory(of machine: MachineDescription, _ space: inout HypervisorSpace, _ arena: inout Arena)
  throws(BootFailure)
{
  var failure: MappingError?
  machine.forEachFreeRange(alignedTo: 4096, excluding: Span()) { range in
    do throws(MappingError) {
      try space.mapMemory(range, in: &arena)
    } catch { failure = error }
  }
  if failure != nil { throw .memory }
}

/// The bundle that the loader left in memory as the initial RAM disk.
private func findSystem(_ machine: MachineDescription, _ space: inout HypervisorSpace, _ arena: inout Arena)
  throws(BootFailure) -> SystemDescription
{
  guard let range = machine.bundle, !range.isEmpty else { throw .noBundle }
  do {
    let start = try unsafe space.mapConstants(range, in: &arena)
    return SystemDescription(
      try unsafe DeviceTree(unsafeBytes: UnsafeRawBufferPointer(start: start, count: Int(range.size))))
  } catch { throw .damagedBundle }
}

/// The same checks that the host tool made before the bundle was written: it may be another machine, or another version.
private func validate(_ system: SystemDescription, on machine: MachineDescription, _ log: inout BootLog)
  throws(BootFailure)
{
  var problemCount = 0
  Configuration.validate(system: system, on: machine) { problem in
    problemCount += 1
    log.begin()
    problem.write(to: &log)
    log.end()
  }
  if problemCount > 0 { throw .invalidSystem }
}

/// Starts every VM and never comes back.
private func run() -> Never {
  let cpu = PhysicalCPU.current
  for vm in Hypervisor.shared.value.vms.indices { cpu.start(vm) }
  enterFirstGuest()
}
