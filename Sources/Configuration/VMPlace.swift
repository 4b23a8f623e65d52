public import Architecture
internal import DeviceTree

/// Where a VM's memory lies on the machine.
public struct VMPlace: Sendable {
  /// The RAM.
  public var memory = GuestMemory(at: GuestMachine.memoryStart)
  /// The firmware's memory; empty for none.
  public var firmware = GuestMemory(at: GuestMachine.firmware.start)

  /// Without memory.
  init() {}

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
    let (needed, greatest) = system.neededMemory
    let free = freeSize
    for vm in system.vms where vm.placement == .identity && vm.memorySize > 0 {
      if let memory = takeIdentityMemory(of: vm) {
        places[vm.index].memory = memory
      } else {
        report(SystemProblem(.vm(vm.index), .placement, .noIdentity(vm.memorySize)))
      }
    }
    guard needed <= free else {
      report(SystemProblem(.system, .memorySize, .exceedsMachine(needed: needed, free: free, greatest: greatest)))
      return places
    }
    for vm in system.vms {
      if vm.placement != .identity { takeMemory(.memorySize, vm, vm.memorySize, &places[vm.index].memory, report) }
      takeMemory(.firmwareSize, vm, vm.firmwareSize, &places[vm.index].firmware, report)
    }
    return places
  }

  private mutating func takeMemory(
    _ field: SystemProblem.Field, _ vm: VMDescription, _ size: UInt64, _ memory: inout GuestMemory,
    _ report: (SystemProblem) -> Void
  ) {
    guard size > 0 else { return }
    if let found = takeGuestMemory(at: memory.start, size: size) {
      memory = found
    } else {
      report(SystemProblem(.vm(vm.index), field, .scattered(size)))
    }
  }
}

extension SystemDescription {
  /// How much all VMs need together, in the blocks that memory is handed out in, and the VM that has the most RAM.
  fileprivate var neededMemory: (size: UInt64, greatest: Int) {
    var needed: UInt64 = 0
    var greatest = (vm: 0, size: 0 as UInt64)
    for vm in vms {
      if vm.memorySize > greatest.size { greatest = (vm.index, vm.memorySize) }
      needed = needed.saturatingSum(vm.memorySize.roundedUp(to: Self.memoryUnit))
      needed = needed.saturatingSum(vm.firmwareSize.roundedUp(to: Self.memoryUnit))
    }
    return (needed, greatest.vm)
  }
}
