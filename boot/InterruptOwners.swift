internal import Architecture
internal import Configuration
internal import DeviceTree
internal import Drivers
internal import Kernel

// Whose each interrupt of the host is, noted while its VM is built.

extension SystemBuilder {
  /// Notes whose the devices' interrupts are, and how each asks; gives their INTIDs.
  mutating func assignInterrupts(
    of devices: GivenDevices, to vm: Int, _ controller: InterruptController
  ) throws(BootFailure) -> Storage<UInt16> {
    let given = devices.interrupts
    let owners = try interruptOwners(count: given.count > 0 ? controller.interruptCount : 0)
    for index in given.indices {
      let id = given[index].host.identifier
      guard id < UInt32(truncatingIfNeeded: owners.count) else { throw .noSuchInterrupt(UInt64(id)) }
      let isEdge = given[index].host.trigger.isEdge
      owners[Int(id)] = InterruptOwner(
        vm: UInt16(truncatingIfNeeded: vm), guest: given[index].guest, isEdge: isEdge)
      controller.setTrigger(UInt16(truncatingIfNeeded: id), isEdge: isEdge)
    }
    return try taking { (arena) throws(OutOfMemory) in
      try arena.storage(of: UInt16.self, count: given.count) {
        UInt16(truncatingIfNeeded: given[$0].host.identifier)
      }
    }
  }

  /// Whose each interrupt is. Where nobody has asked for any, there are `count` now, all of them nobody's.
  mutating func interruptOwners(count: Int) throws(BootFailure) -> Storage<InterruptOwner> {
    if let knownOwners { return knownOwners }
    let owners = try taking { (arena) throws(OutOfMemory) in
      try arena.storage(of: InterruptOwner.self, count: count) { _ in .nobody }
    }
    if count > 0 { knownOwners = owners }
    return owners
  }
}
