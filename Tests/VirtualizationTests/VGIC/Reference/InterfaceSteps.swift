import Architecture
import TestSupport
import Virtualization

// The guest's CPU interface.

extension Race {
  func acknowledge(_ cpu: Int) {
    guard let vcpu = running[cpu], let taken = cpus[cpu].acknowledge() else { return }
    countAcknowledgement()
    let name = reference.name(Int(taken.id), vcpu) ?? .init(id: Int(taken.id))
    var (priority, isGroup1) = (taken.priority, taken.isGroup1)
    let offer = reference.offer(vcpu).names
    // A request that came while this CPU had not heard of an earlier one may be the same or another.
    let isOpen =
      uncertain.contains(name) && board.version == .v2 && taken.id < 16
      && !reference.interrupts[name].sources.contains(taken.source)
    if offer.contains(name) && !isOpen && unserved >> UInt64(vcpu) & 1 == 0 {
      if board.version == .v2, taken.id < 16, !reference.interrupts[name].sources.contains(taken.source) {
        differences.append("\(taken.id) acknowledged from \(taken.source)")
        return
      }
      (priority, isGroup1) = (reference.interrupts[name].priority, reference.interrupts[name].isGroup1)
    } else if fallen.remove(name) != nil {
      // Once more than the line would have it.
    } else if isLate(cpu) {
      uncertain.insert(name)
    } else if unserved == 0 && uncertain.isEmpty {
      differences.append("\(taken.id) acknowledged, expected one of \(offer.map(\.id).sorted())")
      return
    } else {
      uncertain.insert(name)
    }
    handling[vcpu].append(.init(acknowledgement: taken))
    touched[vcpu, default: []].insert(name)
    reference.acknowledge(
      Int(taken.id), source: taken.source, priority: priority, isGroup1: isGroup1, vcpu: vcpu)
  }

  private func isHandler(_ vcpu: Int, of interrupt: ListRegisterInterpreter.Acknowledgement) -> Bool {
    guard let name = reference.name(Int(interrupt.id), vcpu) else { return false }
    return reference.interrupts[name].handler == .init(vcpu: vcpu, source: interrupt.source)
  }

  func end(_ cpu: Int) {
    guard let vcpu = running[cpu], let index = handling[vcpu].lastIndex(where: { !$0.isEnded }) else { return }
    let interrupt = handling[vcpu][index].acknowledgement
    cpus[cpu].end(interrupt)
    reference.end(Int(interrupt.id), source: interrupt.source, vcpu: vcpu)
    touch(interrupt.id, vcpu)
    if reference.interfaces[vcpu].separatesDeactivation {
      handling[vcpu][index].isEnded = true
    } else {
      handling[vcpu].remove(at: index)
    }
  }

  func deactivate(_ cpu: Int, _ choice: Int) {
    guard let vcpu = running[cpu] else { return }
    let ended = handling[vcpu].indices.filter { handling[vcpu][$0].isEnded }
    guard !ended.isEmpty else { return }
    let handled = handling[vcpu].remove(at: ended[choice % ended.count])
    let interrupt = handled.acknowledgement
    // Deactivated by GICD_ICACTIVER already, by this guest or another one.
    guard !handled.isDeactivated, isHandler(vcpu, of: interrupt) || !board.isPrompt else { return }
    deactivate(interrupt.id, source: interrupt.source, on: cpu, vcpu)
    reference.deactivate(Int(interrupt.id), source: interrupt.source, vcpu: vcpu)
    touch(interrupt.id, vcpu)
  }

  /// A write of DIR, which traps or not.
  private func deactivate(_ id: UInt16, source: UInt8, on cpu: Int, _ vcpu: Int) {
    guard cpus[cpu].isDeactivationTrapped else { return cpus[cpu].deactivate(.init(id: id, source: source)) }
    gic.deactivate(register: UInt32(source) << 10 | UInt32(id), vcpu: vcpu, registers: &cpus[cpu])
    leave(cpu)
  }

  /// With EOImode 1: an SPI whose handler has dropped its priority, or one that software has made active.
  func deactivateAnother(_ cpu: Int, _ choice: Int) {
    guard let vcpu = running[cpu], board.trapsDeactivations, board.isPrompt,
      reference.interfaces[vcpu].separatesDeactivation
    else { return }
    var candidates: [(name: ReferenceGIC.Name, handled: (vcpu: Int, index: Int)?)] = []
    for other in handling.indices where other != vcpu && reference.interfaces[other].separatesDeactivation {
      for (index, handled) in handling[other].enumerated()
      where handled.isEnded && !handled.isDeactivated && handled.acknowledgement.id >= 32
        && isHandler(other, of: handled.acknowledgement)
      {
        candidates.append((.init(id: Int(handled.acknowledgement.id)), (other, index)))
      }
    }
    for id in 16..<32 + Self.spiCount {
      guard let name = reference.name(id, vcpu) else { continue }
      let interrupt = reference.interrupts[name]
      if interrupt.isActive && interrupt.handler == nil { candidates.append((name, nil)) }
    }
    guard !candidates.isEmpty else { return }
    let (name, handled) = candidates[choice % candidates.count]
    deactivate(UInt16(name.id), source: 0, on: cpu, vcpu)
    reference.deactivate(name)
    if let handled { handling[handled.vcpu].remove(at: handled.index) }
  }

  /// The vCPU has done something to an interrupt without an exit. If it had not heard of all changes, either may have
  /// come first.
  private func touch(_ id: UInt16, _ vcpu: Int) {
    guard let name = reference.name(Int(id), vcpu) else { return }
    touched[vcpu, default: []].insert(name)
    if unserved >> UInt64(vcpu) & 1 != 0 { uncertain.insert(name) }
  }
}
