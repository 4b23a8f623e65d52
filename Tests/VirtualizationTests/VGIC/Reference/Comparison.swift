import Architecture
import TestSupport
import Virtualization

// What a guest can see without a read of a register, and what nobody may ever see.

extension Race {
  func compare() {
    for cpu in cpus.indices {
      differences += cpus[cpu].violations
      if let vcpu = running[cpu], unserved >> UInt64(vcpu) & 1 == 0 { compareInterface(cpu, vcpu) }
    }
    if uncertain.isEmpty && unserved == 0 {
      for vcpu in 0..<board.vcpuCount where cpu(running: vcpu) == nil {
        let wakes = gic.hasPendingInterrupt(vcpu: vcpu)
        // It may wake for a line that has fallen: nobody looks before it runs.
        if wakes && isAnyStale(vcpu) { continue }
        if wakes != reference.wakes(vcpu) { differences.append("vCPU \(vcpu) wakes: \(wakes)") }
      }
      compareLinks()
    }
    comparePlaces()
  }

  private func compareInterface(_ cpu: Int, _ vcpu: Int) {
    guard uncertain.isEmpty, !isLate(cpu) else { return }
    let running = reference.interfaces[vcpu].runningPriority
    if cpus[cpu].runningPriority != running {
      differences.append("running priority \(cpus[cpu].runningPriority), expected \(running)")
    }
    let offer = reference.offer(vcpu)
    let isSignalled = cpus[cpu].isInterruptSignalled
    let isFallen = cpus[cpu].signalledInterrupt.flatMap { reference.name(Int($0), vcpu) }.map(fallen.contains) ?? false
    if isSignalled && offer.names.isEmpty && !isFallen { differences.append("vCPU \(vcpu) is signalled for nothing") }
    let isFull = isFull(cpu, vcpu)
    // What another CPU has in a list register comes here when that CPU has heard that it should.
    if !isSignalled && offer.isCertain && !offer.names.isEmpty && !isFull && unserved == 0 {
      differences.append("vCPU \(vcpu) is not signalled \(offer.names.map(\.id).sorted())")
    }
  }

  /// True where the CPU has not heard yet that it is asked for maintenance.
  func isLate(_ cpu: Int) -> Bool { board.isMaintenanceLate && cpus[cpu].isMaintenanceAsserted }

  /// True where the model takes an interrupt of a vCPU that does not run for pending by a line that has fallen.
  private func isAnyStale(_ vcpu: Int) -> Bool {
    Self.levelHardwareIDs.contains { id in
      guard let name = reference.name(id, vcpu) else { return false }
      return !reference.interrupts[name].isHigh && gic.mayBeRaisedInHardware(UInt16(id), vcpu: vcpu)
    }
  }

  /// With EOImode 1, on a CPU where deactivations do not trap, the list register of one interrupt only can be taken before the guest deactivates it, and of none that
  /// software made active.
  private func isFull(_ cpu: Int, _ vcpu: Int) -> Bool {
    let active = cpus[cpu].contents.filter(\.isActive)
    guard !board.trapsDeactivations, cpus[cpu].separatesDeactivation, active.count == cpus[cpu].count else {
      return false
    }
    let handled = active.count { register in
      reference.name(Int(register.virtualID), vcpu).map { reference.interrupts[$0].handler?.vcpu == vcpu } ?? false
    }
    return handled == 0 || reference.handledCount(by: vcpu) > handled
  }

  /// A physical interrupt stays active until its virtual one has been acknowledged, and not beyond its last trace.
  private func compareLinks() {
    for name in activePhysicalIDs {
      let id = name.id - 100
      let isStale = !state(of: id, name.vcpu).isHigh && gic.mayBeRaisedInHardware(UInt16(id), vcpu: name.vcpu ?? 0)
      if isStale { continue }
      let isInHands = touched.contains { $0.value.contains { $0.id == id } }
      guard !isInHands else { continue }
      let state = reference.interrupts[.init(id: id, vcpu: name.vcpu)]
      if !state.isPending && !state.isActive { differences.append("physical \(name.id) stays active") }
    }
  }

  private func state(of id: Int, _ vcpu: Int?) -> ReferenceGIC.Interrupt {
    reference.interrupts[.init(id: id, vcpu: vcpu)]
  }

  /// An SPI is in the list registers of one CPU at most.
  private func comparePlaces() {
    var seen: Set<UInt16> = []
    for cpu in cpus.indices where running[cpu] != nil {
      for register in cpus[cpu].contents where register.virtualID >= 32 {
        // Where the other CPU has not heard yet, the guest can have acknowledged it there.
        if !seen.insert(register.virtualID).inserted { differences.append("SPI \(register.virtualID) on two CPUs") }
      }
    }
  }

  /// Once every CPU has heard of everything: what an acknowledgement that raced with a change made of the interrupt.
  func adopt() {
    // While the wire keeps the interrupt pending nobody can see whether anything else does.
    let isHeldHigh: (ReferenceGIC.Name) -> Bool = { [reference] name in
      reference.interrupts[name].isHigh && !reference.interrupts[name].isEdge
    }
    for name in uncertain {
      guard let vcpu = name.vcpu ?? running.compactMap({ $0 }).first else { continue }
      for cpu in cpus.indices {
        if let vcpu = running[cpu] { gic.synchronize(vcpu: vcpu, registers: &cpus[cpu]) }
      }
      let isPrivateFrame = board.version == .v3 && name.id < 32
      func bit(_ base: UInt32) -> Bool {
        let offset = base + UInt32(name.id / 32 * 4)
        let word: UInt64
        if let cpu = cpu(running: vcpu) {
          word =
            isPrivateFrame
            ? gic.readRedistributor(
              offset: 0x1_0000 + offset, frame: vcpu, width: .word, vcpu: vcpu, registers: &cpus[cpu])
            : gic.readDistributor(offset: offset, width: .word, vcpu: vcpu, registers: &cpus[cpu])
        } else {
          word =
            isPrivateFrame
            ? gic.readRedistributor(offset: 0x1_0000 + offset, frame: vcpu, width: .word)
            : gic.readDistributor(offset: offset, width: .word, vcpu: vcpu)
        }
        return word >> UInt64(name.id % 32) & 1 != 0
      }
      if board.version == .v2 && name.id < 16 {
        let sources = gic.readDistributor(offset: 0xf20 + UInt32(name.id), width: .byte, vcpu: vcpu)
        reference.interrupts[name].sources = .init(bits: UInt8(sources))
      } else if !isHeldHigh(name) {
        reference.interrupts[name].isLatched = bit(0x200)
      }
      reference.interrupts[name].isActive = bit(0x300)
    }
    uncertain = uncertain.filter(isHeldHigh)
    for cpu in cpus.indices { leave(cpu) }
  }
}

extension ListRegister {
  fileprivate var isActive: Bool { state == .active || state == .pendingAndActive }
}
