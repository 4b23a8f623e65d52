import Architecture
import TestSupport
import Virtualization

// What each step does to the model and to the reference.

extension Race {
  func apply(_ step: Step) {
    switch step {
    case .load(let cpu, let vcpu): load(cpu, vcpu)
    case .unload(let cpu): unload(cpu)
    case .read(let cpu, let frame, let offset, let width): read(cpu, frame, offset, width)
    case .write(let cpu, let frame, let offset, let width, let value): write(cpu, frame, offset, width, value)
    case .generateSGI(let cpu, let value, let isGroup1):
      guard let vcpu = running[cpu], board.version == .v3 else { return }
      let isSent = isGroup1 && gic.softwareInterrupt(register: value).map { send($0, from: vcpu) } ?? false
      if !isSent { gic.generateSGI(register: value, isGroup1 ? .group1 : .group0, vcpu: vcpu) }
      reference.generateSGI(value, isGroup1: isGroup1, vcpu: vcpu)
      leave(cpu)
    case .line(let id, let vcpu, let isHigh):
      guard vcpu < board.vcpuCount, !Self.hardwareIDs.contains(id) else { return }
      gic.setLine(UInt16(id), vcpu: vcpu, isHigh: isHigh)
      reference.setLine(id, vcpu, isHigh)
      leave(0)
    case .hardware(let id, let cpu): raiseHardware(id, cpu)
    case .timer(let vcpu): raiseTimer(vcpu)
    case .acknowledge(let cpu): acknowledge(cpu)
    case .end(let cpu): end(cpu)
    case .deactivate(let cpu, let index): deactivate(cpu, index)
    case .interface(let cpu, let mask, let group0, let group1):
      change(cpu) {
        $0.priorityMask = mask & 0xf8
        $0.isGroup0Enabled = group0
        $0.isGroup1Enabled = group1
      }
    case .modes(let cpu, let point0, let point1, let isCommon, let separates):
      guard let vcpu = running[cpu], handling[vcpu].isEmpty, reference.interfaces[vcpu].isIdle,
        cpus[cpu].contents.allSatisfy({ $0.state == .pending })
      else { return }
      change(cpu) {
        $0.binaryPoint0 = max(2, point0 & 7)
        $0.binaryPoint1 = max(3, point1 & 7)
        $0.hasCommonBinaryPoint = isCommon
        // Of an interrupt that a CPU with fewer list registers had to leave out, only its end is known, not its deactivation.
        $0.separatesDeactivation = separates && Set(board.listRegisterCounts).count == 1
      }
    case .reset(let vcpu): reset(vcpu)
    case .attend(let cpu): leave(cpu)
    }
    serveMaintenance()
    collectDeactivations()
    if unserved == 0 && !uncertain.isEmpty { adopt() }
  }

  private func load(_ cpu: Int, _ vcpu: Int) {
    guard vcpu < board.vcpuCount, self.cpu(running: vcpu) == nil else { return }
    unload(cpu)
    // Whoever decides what to load reads the clock first, which synchronizes.
    cpus[cpu].synchronizeMasks()
    gic.load(vcpu: vcpu, into: &cpus[cpu])
    running[cpu] = vcpu
    leave(cpu)
  }

  private func unload(_ cpu: Int) {
    guard let vcpu = running[cpu] else { return }
    gic.unload(vcpu: vcpu, from: &cpus[cpu])
    collectDeactivations()
    running[cpu] = nil
    touched[vcpu] = nil
    unserved &= ~(1 << UInt64(vcpu))
    leave(cpu)
  }

  private func read(_ cpu: Int, _ frame: Frame, _ offset: UInt32, _ width: AccessWidth) {
    guard let vcpu = running[cpu] else { return }
    let value: UInt64
    switch frame {
    case .distributor:
      if gic.needsSynchronization(offset: offset, width: width, isWrite: false) {
        gic.synchronize(vcpu: vcpu, registers: &cpus[cpu])
        touched[vcpu] = nil
        gic.inquire(offset: offset, owner: vcpu, reader: vcpu)
      }
      value = gic.readDistributor(offset: offset, width: width, vcpu: vcpu)
    case .redistributor(let owner):
      guard board.version == .v3, owner < board.vcpuCount else { return }
      if gic.redistributorNeedsSynchronization(offset: offset, width: width, isWrite: false) {
        if owner == vcpu {
          gic.synchronize(vcpu: vcpu, registers: &cpus[cpu])
          touched[vcpu] = nil
        } else {
          gic.inquire(offset: offset & 0xffff, owner: owner, reader: vcpu)
        }
      }
      value = gic.readRedistributor(offset: offset, frame: owner, width: width)
    }
    let expected = reference.read(frame, offset, width, vcpu: vcpu)
    let known = ~unknownBits(frame, offset, width, vcpu)
    if (value ^ expected) & known != 0 {
      differences.append("read 0x\(String(value, radix: 16)), expected 0x\(String(expected, radix: 16))")
    }
    leave(cpu)
  }

  /// The bits of a read whose interrupts are in the hands of a vCPU that runs on another CPU: what it did to them since it
  /// was last looked at cannot be known here.
  private func unknownBits(_ frame: Frame, _ offset: UInt32, _ width: AccessWidth, _ vcpu: Int) -> UInt64 {
    reference.fields(frame, offset, width, vcpu).reduce(0) { bits, field in
      switch field.array {
      case .setPending, .clearPending, .setActive, .clearActive, .clearSources, .setSources: break
      default: return bits
      }
      let isElsewhere = touched.contains { $0.key != vcpu && $0.value.contains(field.name) }
      return isElsewhere || uncertain.contains(field.name) ? bits | field.mask << field.shift : bits
    }
  }

  private func write(_ cpu: Int, _ frame: Frame, _ offset: UInt32, _ width: AccessWidth, _ value: UInt64) {
    guard let vcpu = running[cpu] else { return }
    if case .redistributor(let owner) = frame, board.version != .v3 || owner >= board.vcpuCount { return }
    var value = value & width.mask
    for field in reference.fields(frame, offset, width, vcpu)
    where field.array == .clearActive || field.array == .setActive {
      let isHandled = handling.joined().contains { Int($0.acknowledgement.id) == field.name.id }
      let isOthers = handling.indices.contains { other in
        other != vcpu && handling[other].contains { Int($0.acknowledgement.id) == field.name.id }
      }
      // An end that is owed for an interrupt that software has made inactive, and active again, is one or the other's:
      // unpredictable. So is what becomes of one that another CPU is handling and has not heard of.
      let isInactiveAgain = isHandled && field.array == .setActive && !reference.interrupts[field.name].isActive
      if isInactiveAgain || isOthers && !board.isPrompt { value &= ~(field.mask << field.shift) }
    }
    switch frame {
    case .distributor where (offset, width) == (0xf00, .word) && sends(value, from: vcpu): break
    case .distributor: gic.writeDistributor(offset: offset, width: width, value: value, vcpu: vcpu)
    case .redistributor(let owner):
      gic.writeRedistributor(offset: offset, frame: owner, width: width, value: value)
    }
    reference.write(frame, offset, width, value, vcpu: vcpu)
    for field in reference.fields(frame, offset, width, vcpu)
    where field.array == .clearActive && value >> field.shift & field.mask != 0 {
      for index in handling[vcpu].indices
      where reference.name(Int(handling[vcpu][index].acknowledgement.id), vcpu) == field.name {
        handling[vcpu][index].isDeactivated = true
      }
    }
    leave(cpu)
  }

  private func raiseHardware(_ id: Int, _ cpu: Int) {
    guard Self.hardwareIDs.contains(id), let vcpu = running[cpu] else { return }
    collectDeactivations()
    let physical = ReferenceGIC.Name(id: id + 100, vcpu: id < 32 ? vcpu : nil)
    guard activePhysicalIDs.insert(physical).inserted else { return }
    let isRepeated = id < 32 && gic.repeatDelivery(of: id, vcpu: vcpu, registers: &cpus[cpu])
    if !isRepeated { gic.raiseHardware(UInt16(id), physicalID: UInt16(id + 100), vcpu: vcpu) }
    reference.raiseHardware(id, vcpu)
    leave(cpu)
  }

  private func raiseTimer(_ vcpu: Int) {
    guard vcpu < board.vcpuCount, cpu(running: vcpu) == nil else { return }
    collectDeactivations()
    guard !gic.hardwareLinkInUse(27, vcpu: vcpu),
      activePhysicalIDs.insert(ReferenceGIC.Name(id: 127, vcpu: vcpu)).inserted
    else { return }
    gic.raiseHardware(27, physicalID: 127, vcpu: vcpu)
    reference.raiseHardware(27, vcpu)
    leave(0)
  }

  private func sends(_ value: UInt64, from vcpu: Int) -> Bool {
    gic.softwareInterrupt(register: UInt32(truncatingIfNeeded: value), from: vcpu).map { send($0, from: vcpu) } ?? false
  }

  /// The shortest way of an SGI, as the trap path tries it: to the vCPU itself, or at once on the CPU that has the other.
  private func send(_ request: SoftwareInterrupt, from vcpu: Int) -> Bool {
    guard let cpu = cpu(running: request.target) else { return false }
    let isRepeated = gic.repeatDelivery(
      of: request.id, source: request.source, vcpu: request.target, registers: &cpus[cpu])
    if isRepeated { return true }
    guard request.target != vcpu else { return false }
    gic.requestSGI(request.id, source: request.source, vcpu: request.target)
    return true
  }

  private func change(_ cpu: Int, _ body: (inout ReferenceInterface) -> Void) {
    guard let vcpu = running[cpu] else { return }
    body(&reference.interfaces[vcpu])
    cpus[cpu].machineControl = reference.interfaces[vcpu].machineControl
  }

  private func reset(_ vcpu: Int) {
    guard vcpu < board.vcpuCount, cpu(running: vcpu) == nil else { return }
    gic.reset(vcpu: vcpu)
    collectDeactivations()
    reference.reset(vcpu: vcpu, handling: handling[vcpu].map { Int($0.acknowledgement.id) })
    handling[vcpu] = []
    touched[vcpu] = nil
    // A private physical interrupt that was active for the vCPU has been given back.
    leave(0)
  }
}

// The guest's CPU interface.

extension Race {
  private func acknowledge(_ cpu: Int) {
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

  private func end(_ cpu: Int) {
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

  private func deactivate(_ cpu: Int, _ choice: Int) {
    guard let vcpu = running[cpu] else { return }
    let ended = handling[vcpu].indices.filter { handling[vcpu][$0].isEnded }
    guard !ended.isEmpty else { return }
    let handled = handling[vcpu].remove(at: ended[choice % ended.count])
    let interrupt = handled.acknowledgement
    // Deactivated by GICD_ICACTIVER already, by this guest or another one.
    guard !handled.isDeactivated, isHandler(vcpu, of: interrupt) || !board.isPrompt else { return }
    cpus[cpu].deactivate(interrupt)
    reference.deactivate(Int(interrupt.id), source: interrupt.source, vcpu: vcpu)
    touch(interrupt.id, vcpu)
  }

  /// The vCPU has done something to an interrupt without an exit. If it had not heard of all changes, either may have
  /// come first.
  private func touch(_ id: UInt16, _ vcpu: Int) {
    guard let name = reference.name(Int(id), vcpu) else { return }
    touched[vcpu, default: []].insert(name)
    if unserved >> UInt64(vcpu) & 1 != 0 { uncertain.insert(name) }
  }
}
