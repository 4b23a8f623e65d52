internal import Architecture
internal import DeviceTree

extension SystemDescription {
  /// The devices that a VM asks for: each asked for once and, where the machine is known, there and the VM's to have.
  func checkDevices(
    of vm: VMDescription, _ machine: MachineDescription?, _ report: (SystemProblem) -> Void
  ) {
    guard let paths = vm.devices else { return }
    var index = 0
    var isWarned = false
    for path in paths {
      let subject = SystemProblem.Subject.device(vm: vm.index, device: index)
      func problem(_ kind: SystemProblem.Kind) { report(SystemProblem(subject, .devices, kind)) }
      if let owner = firstOwner(ofDevice: path, machine, before: index, of: vm.index) {
        problem(.duplicate(of: owner))
      } else if let machine {
        if let node = machine.tree.node(path: path) {
          checkDevice(node, at: index, of: vm, machine, problem)
          if vm.placement == .identity, node.mayMasterBus, !isWarned {
            isWarned = true
            problem(.reachesAllMemory)
          }
        } else {
          problem(.noSuchDevice(path))
        }
      }
      index += 1
    }
    guard let machine, index > 0 else { return }
    checkPages(of: vm, machine, report)
    checkRoom(of: vm, machine, report)
  }

  /// The VM that asks for a device before the place given, by whatever path.
  private func firstOwner(
    ofDevice path: Text, _ machine: MachineDescription?, before index: Int, of vm: Int
  ) -> Int? {
    let node = machine?.tree.node(path: path)
    for owner in vms where owner.index <= vm {
      guard let paths = owner.devices else { continue }
      var place = 0
      for other in paths {
        if owner.index == vm, place >= index { break }
        if other == path || node != nil && machine?.tree.node(path: other) == node { return owner.index }
        place += 1
      }
    }
    return nil
  }

  /// What the device's own node and those above it say.
  private func checkDevice(
    _ node: DeviceTree.Node, at index: Int, of vm: VMDescription, _ machine: MachineDescription,
    _ problem: (SystemProblem.Kind) -> Void
  ) {
    guard node.isReachable else { return problem(.disabledDevice) }
    guard node["device_type"]?.string != "memory" else { return problem(.liesInMemory) }
    if let use = machine.use(of: node) { return problem(.usedByHypervisor(use)) }
    guard node.hasSoundRegisters else { return problem(.noRegisters) }
    var liesInMemory = false
    machine.forEachMemoryBank { if node.hasRegisters(in: $0.expanded(to: 4096)) { liesInMemory = true } }
    if liesInMemory { return problem(.liesInMemory) }
    checkInterrupts(ofDevice: node, of: vm, machine, problem)
    if node.descriptionBound(clock: vm.deviceClock(index)) > GuestDeviceTree.deviceLimit { problem(.largeDevice) }
    if vm.deviceClock(index) != nil, !node.lacksClockFrequency { problem(.unusedClock) }
    if node.mayMasterBus, vm.placement != .identity, !vm.acceptsDMARisk { problem(.mastersBus) }
  }

  /// Each interrupt comes to the GIC, is not ours, and no other VM's.
  private func checkInterrupts(
    ofDevice node: DeviceTree.Node, of vm: VMDescription, _ machine: MachineDescription,
    _ problem: (SystemProblem.Kind) -> Void
  ) {
    if node["interrupts"] == nil && node["interrupts-extended"] == nil { return }
    let count = node.sharedInterruptCount(of: machine)
    if !node.hasNoInterrupt(at: count) { problem(.foreignInterrupt) }
    for index in 0..<count {
      guard let interrupt = node.sharedInterrupt(index, of: machine) else { continue }
      if machine.console?.interrupt?.identifier == interrupt.identifier {
        problem(.usedByHypervisor(.console))
      }
      for other in vms where other.index < vm.index {
        for device in other.deviceNodes(in: machine.tree) {
          for place in 0..<device.sharedInterruptCount(of: machine)
          where device.sharedInterrupt(place, of: machine)?.identifier == interrupt.identifier {
            return problem(.sharedInterrupt(vm: other.index))
          }
        }
      }
    }
  }

  /// No page of a device has registers of anything that the VM does not have as well. What is disabled counts where it could
  /// reach memory: nobody else uses it, but the VM could turn it on. Each neighbour is told of once, and those of one
  /// device together.
  private func checkPages(of vm: VMDescription, _ machine: MachineDescription, _ report: (SystemProblem) -> Void) {
    guard let paths = vm.devices else { return }
    var index = -1
    for path in paths {
      index += 1
      guard let node = machine.tree.node(path: path), machine.canGive(node) else { continue }
      func problem(_ kind: SystemProblem.Kind) {
        report(SystemProblem(.device(vm: vm.index, device: index), .devices, kind))
      }
      var (neighbour, more): (DeviceTree.Node?, Int) = (nil, 0)
      var use: SystemProblem.Use?
      for other in machine.tree.nodes where node.sharesPage(with: other) {
        if let found = machine.use(of: other) {
          use = use ?? found
        } else if !vm.owns(other, in: machine.tree), other.isReachable || other.mayMasterBus,
          !isTold(of: other, before: index, paths, machine)
        {
          if neighbour == nil { neighbour = other } else { more += 1 }
        }
      }
      if let use { problem(.usedByHypervisor(use)) }
      if let neighbour { problem(.sharesPage(node, with: neighbour, more: more)) }
    }
  }

  /// True where a device before the one at `index` is in a page with the neighbour, which was told of then.
  private func isTold(
    of neighbour: DeviceTree.Node, before index: Int, _ paths: DeviceTree.Property.Strings,
    _ machine: MachineDescription
  ) -> Bool {
    var place = 0
    for path in paths {
      if place == index { return false }
      place += 1
      if let other = machine.tree.node(path: path), machine.canGive(other), other.sharesPage(with: neighbour) {
        return true
      }
    }
    return false
  }

  /// That a guest has addresses and INTIDs for all devices of the VM.
  private func checkRoom(of vm: VMDescription, _ machine: MachineDescription, _ report: (SystemProblem) -> Void) {
    var moved: UInt64 = 0
    var (deviceCount, interruptCount) = (0, 0)
    for node in vm.deviceNodes(in: machine.tree) where machine.canGive(node) {
      deviceCount += 1
      interruptCount += node.sharedInterruptCount(of: machine)
      for index in 0..<node.registerRegionCount {
        guard let region = try? node.region(at: index), !region.isEmpty else { continue }
        let pages = region.expanded(to: 4096)
        if !vm.keepsPlace(pages) { moved = moved.saturatingSum(pages.size) }
      }
    }
    // Two of the guest's INTIDs are its own devices'.
    if moved > GuestMachine.movedDevices.size || interruptCount > GuestMachine.sharedInterruptLimit - 2
      || deviceCount > GuestDeviceTree.deviceCountLimit
    {
      report(SystemProblem(.vm(vm.index), .devices, .noRoomForDevices))
    }
  }

  /// Interrupts by themselves: a device's come with it, and without a device there is nothing to end them.
  func checkInterrupts(of vm: VMDescription, _ report: (SystemProblem) -> Void) {
    guard vm.node["interrupts"] != nil else { return }
    report(SystemProblem(.vm(vm.index), .interrupts, .notOffered))
  }
}

extension MachineDescription {
  /// What the hypervisor itself uses a node for, if anything.
  fileprivate func use(of node: DeviceTree.Node) -> SystemProblem.Use? {
    if interruptController.contains(node) { return .interruptController }
    return node == console?.node ? .console : nil
  }

  /// False for memory, and for what the hypervisor uses itself.
  fileprivate func canGive(_ node: DeviceTree.Node) -> Bool {
    use(of: node) == nil && node["device_type"]?.string != "memory"
  }
}

extension VMDescription {
  fileprivate func owns(_ node: DeviceTree.Node, in tree: DeviceTree) -> Bool {
    for own in deviceNodes(in: tree) where own == node { return true }
    return false
  }
}

extension DeviceTree.Node {
  /// True where neither the node nor a bus above it is disabled.
  fileprivate var isReachable: Bool {
    var node = self
    while node.isEnabled {
      guard let parent = node.parent else { return true }
      node = parent
    }
    return false
  }

  /// True where there are registers, and all of them can be reached and be mapped. Entries without size beside them are none.
  fileprivate var hasSoundRegisters: Bool {
    var hasAny = false
    for index in 0..<registerRegionCount {
      guard let region = try? region(at: index) else { return false }
      if region.isEmpty { continue }
      guard region.isSound, region.start.rawValue < 1 << 48, region.size < 1 << 48 else { return false }
      hasAny = true
    }
    return hasAny
  }

  /// True where one of the pages of the node's registers is among `pages`.
  fileprivate func hasRegisters(in pages: AddressRange<PhysicalAddress>) -> Bool {
    for index in 0..<registerRegionCount {
      if let region = try? region(at: index), !region.isEmpty, region.expanded(to: 4096).overlaps(pages) {
        return true
      }
    }
    return false
  }

  /// True where a page has registers of both, and neither is memory or part of this one.
  fileprivate func sharesPage(with other: DeviceTree.Node) -> Bool {
    guard self != other, other["reg"] != nil, other["device_type"]?.string != "memory", !other.isBelow(self) else {
      return false
    }
    for place in 0..<other.registerRegionCount {
      guard let region = try? other.region(at: place), !region.isEmpty else { continue }
      if hasRegisters(in: region.expanded(to: 4096)) { return true }
    }
    return false
  }

  /// True where `index` is past the node's last interrupt.
  fileprivate func hasNoInterrupt(at index: Int) -> Bool {
    do { return try interruptSpecifier(at: index) == nil } catch { return false }
  }

  /// True where `ancestor` is somewhere above the node.
  fileprivate func isBelow(_ ancestor: DeviceTree.Node) -> Bool {
    var node = self
    while let parent = node.parent {
      if parent == ancestor { return true }
      node = parent
    }
    return false
  }
}
