public import Architecture
internal import DeviceTree

/// Where a VM's memory lies on the machine.
public struct VMPlace {
  /// The RAM.
  public var memory = GuestMemory(at: GuestMachine.memoryStart)
  /// The firmware's memory; empty for none.
  public var firmware = GuestMemory(at: GuestMachine.firmware.start)
  /// How many bytes of each are still to be found.
  fileprivate var wanted: (memory: UInt64, firmware: UInt64) = (0, 0)

  /// Without memory.
  fileprivate init() {}

  /// Writes where it lies: "256 MiB of RAM at 0x48000000", with every piece where there are several.
  public func write<Sink: ByteSink & ~Copyable>(to sink: inout Sink) {
    Self.write(memory, " of RAM", to: &sink)
    guard firmware.size > 0 else { return }
    sink.write(", ")
    Self.write(firmware, " of firmware", to: &sink)
  }

  private static func write<Sink: ByteSink & ~Copyable>(
    _ memory: GuestMemory, _ kind: StaticString, to sink: inout Sink
  ) {
    sink.write("", size: memory.size, kind)
    guard memory.extentCount != 1 else {
      sink.write(" at ")
      return sink.write(hexadecimal: memory.extent(0).start.rawValue)
    }
    sink.write(" in ", UInt64(memory.extentCount), " pieces: ")
    for index in 0..<memory.extentCount {
      if index > 0 { sink.write(" and ") }
      sink.write("", size: memory.extent(index).size, " at ")
      sink.write(hexadecimal: memory.extent(index).start.rawValue)
    }
  }
}

extension MemoryPlan {
  /// Gives each VM of the system its memory, and calls `report` with what is wrong where there is none. VMs that need certain
  /// addresses come first; the others follow in the order of the bundle, each in one piece where there is one.
  ///
  /// What is found is of use only where nothing is reported, here and by `SystemDescription.validate`.
  /// - Throws: where `storage` has no room for what is found.
  public mutating func place(
    _ system: SystemDescription, in storage: inout some StorageProvider & ~Copyable, report: (SystemProblem) -> Void
  ) throws(OutOfMemory) -> Storage<VMPlace> {
    let count = system.vmCount
    let places = try storage.storage(of: VMPlace.self, count: count <= SystemDescription.vmLimit ? count : 0) { _ in
      VMPlace()
    }
    guard places.count == count else { return places }
    let free = freeSize
    var needed: UInt64 = 0
    var greatest = (vm: 0, size: 0 as UInt64)
    for vm in system.vms {
      // Looked up in the bundle once: that takes a while.
      let wanted = (memory: vm.memorySize, firmware: vm.firmwareSize)
      places[vm.index].wanted = wanted
      if wanted.memory > greatest.size { greatest = (vm.index, wanted.memory) }
      needed = needed.saturatingSum(wanted.memory.roundedUp(to: SystemDescription.memoryUnit))
      needed = needed.saturatingSum(wanted.firmware.roundedUp(to: SystemDescription.memoryUnit))
      if wanted.memory > 0, vm.placement == .identity { takeIdentityMemory(vm, &places[vm.index], report) }
    }
    guard needed <= free else {
      report(SystemProblem(.system, .memorySize, .exceedsMachine(needed: needed, free: free, greatest: greatest.vm)))
      return places
    }
    for index in places.indices {
      let wanted = places[index].wanted
      let place = places[index]
      if let found = try takeMemory(.memorySize, index, wanted.memory, place.memory, &storage, report) {
        places[index].memory = found
      }
      if let found = try takeMemory(.firmwareSize, index, wanted.firmware, place.firmware, &storage, report) {
        places[index].firmware = found
      }
    }
    return places
  }

  private mutating func takeIdentityMemory(
    _ vm: VMDescription, _ place: inout VMPlace, _ report: (SystemProblem) -> Void
  ) {
    if let memory = takeIdentityMemory(of: vm) {
      place.memory = memory
    } else {
      report(SystemProblem(.vm(vm.index), .placement, .noIdentity(place.wanted.memory)))
    }
    place.wanted.memory = 0
  }

  private mutating func takeMemory(
    _ field: SystemProblem.Field, _ vm: Int, _ size: UInt64, _ none: GuestMemory,
    _ storage: inout some StorageProvider & ~Copyable, _ report: (SystemProblem) -> Void
  ) throws(OutOfMemory) -> GuestMemory? {
    guard size > 0 else { return nil }
    let found = try takeGuestMemory(at: none.start, size: size, in: &storage)
    if found == nil { report(SystemProblem(.vm(vm), field, .scattered(size))) }
    return found
  }
}
