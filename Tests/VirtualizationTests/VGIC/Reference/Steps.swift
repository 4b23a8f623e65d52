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
    case .fall(let id, let cpu): lower(id, cpu)
    case .timer(let vcpu): raiseTimer(vcpu)
    case .acknowledge(let cpu): acknowledge(cpu)
    case .end(let cpu): end(cpu)
    case .deactivate(let cpu, let index): deactivate(cpu, index)
    case .deactivateAnother(let cpu, let index): deactivateAnother(cpu, index)
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
        // Of an interrupt that a CPU with fewer list registers had to leave out, only its end is known, not its deactivation,
        // unless that traps.
        $0.separatesDeactivation = separates && (board.trapsDeactivations || Set(board.listRegisterCounts).count == 1)
      }
    case .reset(let vcpu): reset(vcpu)
    case .attend(let cpu): leave(cpu)
    }
    serveMaintenance(isPrompt: step.isExit)
    collectDeactivations()
    takePhysicalInterrupts()
    if unserved == 0 && !uncertain.isEmpty {
      adopt()
      serveMaintenance()
      collectDeactivations()
      takePhysicalInterrupts()
    }
  }

  private func load(_ cpu: Int, _ vcpu: Int) {
    guard vcpu < board.vcpuCount, self.cpu(running: vcpu) == nil else { return }
    unload(cpu)
    // Whoever decides what to load reads the clock first, which synchronizes.
    cpus[cpu].synchronizeMasks()
    showLines()
    gic.loadInPieces(vcpu: vcpu, into: &cpus[cpu])
    running[cpu] = vcpu
    showLines()
    for name in fallen where name.id >= 32 && reference.target(name) == vcpu && board.isPrompt { fallen.remove(name) }
    leave(cpu)
  }

  private func unload(_ cpu: Int) {
    guard let vcpu = running[cpu] else { return }
    let timer = ReferenceGIC.Name(id: 27, vcpu: vcpu)
    if !reference.interrupts[timer].isHigh { gic.lowerHardware(27, vcpu: vcpu) }
    fallen.remove(timer)
    gic.unload(vcpu: vcpu, from: &cpus[cpu])
    collectDeactivations()
    running[cpu] = nil
    showLines()
    touched[vcpu] = nil
    unserved &= ~(1 << UInt64(vcpu))
    leave(cpu)
  }

  private func read(_ cpu: Int, _ frame: Frame, _ offset: UInt32, _ width: AccessWidth) {
    guard let vcpu = running[cpu] else { return }
    let value: UInt64
    switch frame {
    case .distributor:
      if gic.needsSynchronization(offset: offset, width: width, isWrite: false) { touched[vcpu] = nil }
      value = gic.readDistributor(offset: offset, width: width, vcpu: vcpu, registers: &cpus[cpu])
    case .redistributor(let owner):
      guard board.version == .v3, owner < board.vcpuCount else { return }
      if gic.redistributorNeedsSynchronization(offset: offset, width: width, isWrite: false), owner == vcpu {
        touched[vcpu] = nil
      }
      value = gic.readRedistributor(offset: offset, frame: owner, width: width, vcpu: vcpu, registers: &cpus[cpu])
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
      let isElsewhere =
        touched.contains { $0.key != vcpu && $0.value.contains(field.name) }
        || field.name.vcpu.map { $0 != vcpu && fallen.contains(field.name) } ?? false
        || field.name.vcpu.map { $0 != vcpu && isHeldByLine(field.name) } ?? false
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
    // Maintenance may be late, but not so late that software takes over what the guest has just ended.
    if value != 0,
      reference.fields(frame, offset, width, vcpu).contains(where: {
        $0.array == .clearActive || $0.array == .setActive
      })
    {
      serveMaintenance()
      collectDeactivations()
      takePhysicalInterrupts()
    }
    // What is behind those comes by levels.
    for field in reference.fields(frame, offset, width, vcpu)
    where field.array == .configuration && Self.levelHardwareIDs.contains(field.name.id) {
      value &= ~(field.mask << field.shift)
    }
    let before = fallen.map { (name: $0, settings: reference.settings(of: $0)) }
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
    // Whatever changes what is deliverable looks at the line.
    if board.isPrompt {
      for (name, settings) in before where reference.settings(of: name) != settings { fallen.remove(name) }
    }
  }

  private func raiseHardware(_ id: Int, _ cpu: Int) {
    guard Self.hardwareIDs.contains(id), let vcpu = running[cpu] else { return }
    if Self.levelHardwareIDs.contains(id) {
      let name = ReferenceGIC.Name(id: id, vcpu: id < 32 ? vcpu : nil)
      reference.setLine(id, vcpu, true)
      fallen.remove(name)
      return showLines()
    }
    collectDeactivations()
    let physical = ReferenceGIC.Name(id: id + 100, vcpu: id < 32 ? vcpu : nil)
    guard activePhysicalIDs.insert(physical).inserted else { return }
    gic.raiseHardware(UInt16(id), physicalID: UInt16(id + 100), vcpu: vcpu, isEdge: true)
    reference.raiseHardware(id, vcpu)
    leave(cpu)
  }

  /// A line falls, and nobody is told.
  private func lower(_ id: Int, _ cpu: Int) {
    guard Self.levelHardwareIDs.contains(id), let vcpu = running[cpu] else { return }
    let name = ReferenceGIC.Name(id: id, vcpu: id < 32 ? vcpu : nil)
    guard reference.interrupts[name].isHigh else { return }
    reference.setLine(id, vcpu, false)
    fallen.insert(name)
    showLines()
  }

  /// What the CPUs' interrupt controllers say of lines.
  private func showLines() {
    for cpu in cpus.indices {
      for id in Self.levelHardwareIDs {
        let name = ReferenceGIC.Name(id: id, vcpu: id < 32 ? running[cpu] : nil)
        let isKnown = id >= 32 || name.vcpu != nil
        cpus[cpu].lines[UInt16(id + 100)] = isKnown ? reference.interrupts[name].isHigh : nil
      }
    }
  }

  /// EL2 takes the physical interrupts whose lines are high, where they are not active.
  private func takePhysicalInterrupts() {
    for _ in 0..<8 {
      var isQuiet = true
      for id in Self.levelHardwareIDs {
        for cpu in cpus.indices {
          guard let vcpu = running[cpu] else { continue }
          let name = ReferenceGIC.Name(id: id, vcpu: id < 32 ? vcpu : nil)
          let physical = ReferenceGIC.Name(id: id + 100, vcpu: name.vcpu)
          guard reference.interrupts[name].isHigh, activePhysicalIDs.insert(physical).inserted else { continue }
          isQuiet = false
          let isRepeated = id < 32 && gic.repeatDelivery(of: id, vcpu: vcpu, registers: &cpus[cpu])
          if !isRepeated { gic.raiseHardware(UInt16(id), physicalID: UInt16(id + 100), vcpu: vcpu) }
          leave(cpu)
          serveMaintenance(isPrompt: false)
          collectDeactivations()
        }
      }
      for vcpu in 0..<board.vcpuCount where cpu(running: vcpu) == nil {
        if reference.interrupts[.init(id: 27, vcpu: vcpu)].isHigh && raisesTimer(vcpu) { isQuiet = false }
      }
      if isQuiet { return }
    }
    differences.append("physical interrupts storm")
  }

  /// True where the model may take an interrupt for pending whose line has fallen, or has not looked at one that is high.
  func isHeldByLine(_ name: ReferenceGIC.Name) -> Bool {
    Self.levelHardwareIDs.contains(name.id)
      && (reference.interrupts[name].isHigh
        || gic.mayBeRaisedInHardware(UInt16(name.id), vcpu: name.vcpu ?? 0))
  }

  private func raiseTimer(_ vcpu: Int) {
    guard vcpu < board.vcpuCount, cpu(running: vcpu) == nil else { return }
    collectDeactivations()
    reference.setLine(27, vcpu, true)
    _ = raisesTimer(vcpu)
  }

  /// What watches the timer of a vCPU that does not run, where its interrupt does not wait already.
  private func raisesTimer(_ vcpu: Int) -> Bool {
    guard !gic.hardwareLinkInUse(27, vcpu: vcpu),
      activePhysicalIDs.insert(ReferenceGIC.Name(id: 127, vcpu: vcpu)).inserted
    else { return false }
    gic.raiseHardware(27, physicalID: 127, vcpu: vcpu)
    leave(0)
    return true
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
    fallen.remove(.init(id: 27, vcpu: vcpu))
    // A private physical interrupt that was active for the vCPU has been given back.
    leave(0)
  }
}
