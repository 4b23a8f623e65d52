internal import DeviceTree

extension SystemDescription {
  /// The devices that a VM asks for: there, and each asked for once. No device can be given yet.
  func checkDevices(
    of vm: VMDescription, _ machine: MachineDescription?, _ report: (SystemProblem) -> Void
  ) {
    guard let paths = vm.devices else { return }
    report(SystemProblem(.vm(vm.index), .devices, .notOffered))
    var index = 0
    for path in paths {
      let subject = SystemProblem.Subject.device(vm: vm.index, device: index)
      if let machine, machine.tree.node(path: path) == nil {
        report(SystemProblem(subject, .devices, .noSuchDevice(path)))
      }
      if let owner = firstOwner(ofDevice: path, before: index, of: vm.index) {
        report(SystemProblem(subject, .devices, .duplicate(of: owner)))
      }
      index += 1
    }
  }

  /// The VM that asks for a device before the place given.
  private func firstOwner(ofDevice path: Text, before index: Int, of vm: Int) -> Int? {
    for owner in vms where owner.index <= vm {
      guard let paths = owner.devices else { continue }
      var place = 0
      for other in paths {
        if owner.index == vm, place >= index { break }
        if other == path { return owner.index }
        place += 1
      }
    }
    return nil
  }

  /// The physical interrupts that a VM asks for: shared ones, each asked for once. None can be given yet.
  func checkInterrupts(of vm: VMDescription, _ report: (SystemProblem) -> Void) {
    guard vm.node["interrupts"] != nil else { return }
    report(SystemProblem(.vm(vm.index), .interrupts, .notOffered))
    for index in 0..<vm.interruptCount {
      guard let identifier = vm.interrupt(index) else { continue }
      let subject = SystemProblem.Subject.interrupt(vm: vm.index, interrupt: index)
      // The INTIDs of shared peripheral interrupts are 32 to 1019 (IHI 0048B §2.2.1).
      if identifier < 32 { report(SystemProblem(subject, .interrupts, .tooSmall(limit: 32))) }
      if identifier > 1019 { report(SystemProblem(subject, .interrupts, .tooLarge(limit: 1019))) }
      if let owner = firstOwner(ofInterrupt: identifier, before: index, of: vm.index) {
        report(SystemProblem(subject, .interrupts, .duplicate(of: owner)))
      }
    }
  }

  /// The VM that asks for an interrupt before the place given.
  private func firstOwner(ofInterrupt identifier: UInt32, before index: Int, of vm: Int) -> Int? {
    for owner in vms where owner.index <= vm {
      for place in 0..<(owner.index == vm ? index : owner.interruptCount) where owner.interrupt(place) == identifier {
        return owner.index
      }
    }
    return nil
  }
}
