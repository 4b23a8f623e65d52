internal import Architecture
internal import ArmCommon
internal import Backend
internal import Synchronization
internal import Virtualization

// Software-generated interrupts from one vCPU to another, the way that most of them go: without the VM's lock, to one vCPU
// that is loaded. To the vCPU itself by repeating the last delivery; to one on another CPU by a request, and that CPU
// repeats the last one there. Whatever cannot go so, the models do.

extension Reference where Value == PhysicalCPU {
  /// Sends the SGI that the access asks for, if it asks for one, and goes on behind the instruction. False where the models
  /// have to answer.
  @inline(__always)
  func sendsInterrupt<CPU: VirtualCPU & ~Copyable>(_ access: SystemRegisterAccess, _ guest: inout CPU) -> Bool {
    // Only a host with a GICv3 has guests that ask so.
    guard case .v3(let own) = value.listRegisters,
      let request = value.loadedVM.value.machine.softwareInterrupt(access, cpu: guest)
    else { return false }
    var registers = own
    guard send(request, &registers) else { return false }
    guest.skipInstruction()
    return true
  }

  /// The same for a guest in AArch32.
  @inline(never)
  @_optimize(speed)
  func sendsInterrupt<CPU: VirtualCPU & ~Copyable>(_ access: CoprocessorAccess, _ guest: inout CPU) -> Bool {
    guard case .v3(let own) = value.listRegisters,
      let request = value.loadedVM.value.machine.softwareInterrupt(access, cpu: guest)
    else { return false }
    var registers = own
    guard send(request, &registers) else { return false }
    guest.skipInstruction()
    return true
  }

  /// The same for GICv2's way of asking.
  @inline(__always)
  func sendsInterrupt<CPU: VirtualCPU & ~Copyable>(_ access: MMIOAccess, _ guest: inout CPU) -> Bool {
    let request = value.loadedVM.value.machine.softwareInterrupt(access, vcpu: value.loadedIndex, cpu: guest)
    var registers = value.listRegisters
    guard let request, send(request, &registers) else { return false }
    guest.skipInstruction()
    return true
  }

  @inline(__always)
  private func send<Registers: ListRegisters>(_ request: SoftwareInterrupt, _ registers: inout Registers) -> Bool {
    let vm = value.loadedVM
    if request.target == value.loadedIndex {
      return vm.value.machine.interrupts.repeatDelivery(
        of: request.id, source: request.source, vcpu: request.target, registers: &registers)
    }
    return sendsElsewhere(request)
  }

  /// The same to another vCPU.
  @inline(never)
  @_optimize(speed)
  private func sendsElsewhere(_ request: SoftwareInterrupt) -> Bool {
    let vm = value.loadedVM
    // Of a vCPU that is not loaded its CPU may be busy with another VM, which is not to be disturbed for nothing.
    guard vm.value.machine.interrupts.isLoaded(vcpu: request.target) else { return false }
    let vcpu = vm.value.vcpus.reference(to: request.target)
    guard vcpu.value.cpu != self else { return false }
    guard vm.value.machine.interrupts.version == .v2 else {
      postAtOnce(.softwareInterrupt(request.id), to: vcpu)
      return true
    }
    _ = vcpu.value.mail.softwareInterrupts[request.source].bitwiseOr(
      1 &<< UInt32(truncatingIfNeeded: request.id), ordering: .relaxed)
    postAtOnce(.softwareInterrupts(from: request.source), to: vcpu)
    return true
  }

  /// Serves the requests that have come while a guest ran, if they are SGIs for the vCPU that runs and its list registers
  /// stand as they did when those came last. What it cannot serve is as if it had not come yet.
  @inline(__always)
  func servesSoftwareInterruptsAlone() -> Bool {
    guard let vcpu = value.loaded else { return false }
    let asked = Requests(rawValue: vcpu.value.mail.requests.load(ordering: .relaxed))
    guard !asked.isEmpty, asked.isSubset(of: .allSoftwareInterrupts), !vcpu.value.isAskedToLeave else { return false }
    value.board.unmark(vcpu.value.standing)
    var requests = vcpu.value.mail.requests.exchange(0, ordering: .acquiringAndReleasing)
    while requests >> 16 != 0 {
      let id = (requests >> 16).trailingZeroBitCount
      guard repeatDelivery(id, from: 0) else { break }
      requests &= ~(0x1_0000 &<< UInt32(truncatingIfNeeded: id))
      // However many there are, nobody greater waits for more than one.
      if requests != 0 && Processor.isInterruptPending { break }
    }
    while requests & 0xff00 != 0 && requests >> 16 == 0 {
      let source = (requests >> 8).trailingZeroBitCount
      guard repeatDeliveries(of: vcpu, from: source) else { break }
      requests &= ~(0x100 &<< UInt32(truncatingIfNeeded: source))
    }
    guard requests == 0 else {
      _ = leave(Requests(rawValue: requests), with: vcpu)
      return false
    }
    // Others who may interrupt have asked as well.
    guard value.board.first(of: value.audience) == nil else { return false }
    value.requestInterruptCount &+= 1
    return true
  }

  /// The SGIs of one source (GICv2). False where some are left.
  @inline(__always)
  private func repeatDeliveries(of vcpu: Reference<VCPU>, from source: Int) -> Bool {
    var asked = vcpu.value.mail.softwareInterrupts[source].exchange(0, ordering: .acquiring)
    while asked != 0 {
      guard repeatDelivery(asked.trailingZeroBitCount, from: source) else {
        _ = vcpu.value.mail.softwareInterrupts[source].bitwiseOr(asked, ordering: .relaxed)
        return false
      }
      asked &= asked &- 1
      guard asked != 0 && Processor.isInterruptPending else { continue }
      _ = vcpu.value.mail.softwareInterrupts[source].bitwiseOr(asked, ordering: .relaxed)
      return false
    }
    return true
  }

  @inline(__always)
  private func repeatDelivery(_ id: Int, from source: Int) -> Bool {
    var registers = value.listRegisters
    return value.loadedVM.value.machine.interrupts.repeatDelivery(
      of: id, source: source, vcpu: value.loadedIndex, registers: &registers)
  }

  /// Gives the vCPU, which is this CPU's, the SGIs that others have asked for.
  func takeSoftwareInterrupts(_ requests: Requests, of vcpu: Reference<VCPU>) {
    // What comes after its VM's halt was meant for what ran before. A vCPU that is off finds them pending when it is turned on.
    guard vcpu.value.vm.value.state == .running, !vcpu.value.vm.value.isLoading else {
      return forgetSoftwareInterrupts(of: vcpu)
    }
    // One at a time, however many were asked for meanwhile: the rest is asked for once more, and somebody greater may go before.
    var rest = requests.rawValue
    if rest >> 16 != 0 {
      let id = (rest >> 16).trailingZeroBitCount
      rest &= ~(0x1_0000 &<< UInt32(truncatingIfNeeded: id))
      deliver(id, from: 0, to: vcpu)
    } else {
      let source = (rest >> 8).trailingZeroBitCount & 7
      let asked = vcpu.value.mail.softwareInterrupts[source].exchange(0, ordering: .acquiring)
      let others = asked & (asked &- 1)
      if asked != 0 { deliver(asked.trailingZeroBitCount, from: source, to: vcpu) }
      if others == 0 {
        rest &= ~(0x100 &<< UInt32(truncatingIfNeeded: source))
      } else {
        _ = vcpu.value.mail.softwareInterrupts[source].bitwiseOr(others, ordering: .relaxed)
      }
    }
    guard rest != 0 else { return }
    _ = leave(Requests(rawValue: rest), with: vcpu)
    call()
  }

  @_optimize(speed)
  private func deliver(_ id: Int, from source: Int, to vcpu: Reference<VCPU>) {
    if vcpu == value.loaded && repeatDelivery(id, from: source) { return wake(vcpu) }
    let vm = vcpu.value.vm
    vm.value.lock.acquire(by: value.index)
    // Of a vCPU that was stopped its models may be another start's by now.
    if !vcpu.value.isAskedToLeave {
      vm.value.machine.interrupts.requestSGI(id, source: source, vcpu: vcpu.value.index)
      settleInterrupts(of: vm)
    }
    vm.value.lock.release()
  }

  /// Forgets what was asked of a vCPU whose VM has halted.
  func forgetSoftwareInterrupts(of vcpu: Reference<VCPU>) {
    _ = vcpu.value.mail.requests.bitwiseAnd(~Requests.allSoftwareInterrupts.rawValue, ordering: .relaxed)
    for source in 0..<8 { vcpu.value.mail.softwareInterrupts[source].store(0, ordering: .relaxed) }
  }
}
