internal import Architecture
internal import ArmCommon
internal import ArmRegisters
internal import Backend
internal import Virtualization

// The life of a trap, in order: the vectors save the general registers; the syndrome is decoded; the models answer; what
// they ask for is done; whoever runs next is decided if something asked for that; the vectors restore.

/// A guest took an exception that is no interrupt.
@_optimize(speed)
@c(tvisor_handle_synchronous)
func handleSynchronous(_ address: UnsafeMutableRawPointer) {
  let frame = unsafe TrapFrame(unsafeAddress: address)
  var guest = ExitingCPU(frame: frame)
  let syndrome = Syndrome.ofThisExit
  if syndrome.isDataAbort && syndrome.lacksGuestPhysicalAddress { return answerUnlocated(syndrome, frame) }
  let exit = syndrome.exit(at: guest.faultAddress, state: guest.state)
  let vm = PhysicalCPU.current.value.loadedVM
  if ExitDispatcher.answersAlone(exit, cpu: &guest, machine: vm.value.machine) { return }
  if case .memory(let access) = exit, access.isWrite, GuestMachine.distributor.contains(access.address) {
    return writeDistributor(access, frame)
  }
  if case .coprocessor(let access) = exit, PhysicalCPU.current.sendsInterrupt(access, &guest) { return }
  if case .systemRegister(let access) = exit {
    if PhysicalCPU.current.sendsInterrupt(access, &guest) { return }
    if ExitDispatcher.readsIdentification(access) { return readIdentification(access, frame) }
  }
  if case .memory(let access) = exit, GuestMachine.cpuInterface.contains(access.address) {
    return useCPUInterface(access, frame)
  }
  answerByModels(exit, frame)
}

/// Answers a store to the distributor, the most frequent exit that changes something: what `answerByModels` does of it.
@_optimize(speed)
@inline(never)
private func writeDistributor(_ access: MMIOAccess, _ frame: TrapFrame) {
  let cpu = PhysicalCPU.current
  let vm = cpu.value.loadedVM
  var guest = ExitingCPU(frame: frame)
  if cpu.sendsInterrupt(access, &guest) { return }
  vm.value.lock.acquire(by: cpu.value.index)
  let rest = ExitDispatcher.writeDistributor(
    access, vcpu: cpu.value.loadedIndex, cpu: &guest, machine: &vm.value.machine)
  if vm.value.machine.interrupts.hasUnsettled { cpu.settleInterrupts(of: vm) }
  vm.value.lock.release()
  if !rest.isDone { cpu.owe(rest) }
  if cpu.value.needsDecision { cpu.decide(frame) }
}

/// Answers a load or store of the vCPU's CPU interface in software, the most frequent exits where there is one. It is this
/// CPU's own, so that no lock is needed unless it asks for maintenance.
@_optimize(speed)
@inline(never)
private func useCPUInterface(_ access: MMIOAccess, _ frame: TrapFrame) {
  let cpu = PhysicalCPU.current
  guard case .software(let interface) = cpu.value.listRegisters else { return answerByModels(.memory(access), frame) }
  var guest = ExitingCPU(frame: frame)
  guard access.address.isAligned(to: access.width.byteCount) else {
    return guest.inject(ExitDispatcher.fault(of: access))
  }
  let offset = UInt32(truncatingIfNeeded: access.address.offset(from: GuestMachine.cpuInterface.start))
  if offset >= VirtualGIC.deactivationOffset { return answerByModels(.memory(access), frame) }
  // What it would acknowledge may hang on a line that has fallen.
  if !access.isWrite, let id = interface.signalledInterrupt { cpu.lookAtLine(behind: id) }
  let value = UInt32(truncatingIfNeeded: access.isWrite ? guest[register: access.register] & access.width.mask : 0)
  let loaded = interface.use(access, offset: offset, value: value)
  if !access.isWrite { guest[register: access.register] = access.extended(UInt64(loaded)) }
  guest.skipInstruction()
  if interface.needsMaintenance { cpu.serveMaintenance() }
  if cpu.value.needsDecision { cpu.decide(frame) }
}

/// Answers a read of an identification register: nothing changes but the vCPU's register.
@_optimize(speed)
@inline(never)
private func readIdentification(_ access: SystemRegisterAccess, _ frame: TrapFrame) {
  var guest = ExitingCPU(frame: frame)
  ExitDispatcher.readIdentification(
    access, cpu: &guest, machine: PhysicalCPU.current.value.loadedVM.value.machine,
    hardware: Processor.identification(access.register))
}

/// Answers an exit by the models of the VM, whose lock is held for that, and does what they ask for.
@_optimize(speed)
@inline(never)
private func answerByModels(_ exit: Exit, _ frame: TrapFrame) {
  let cpu = PhysicalCPU.current
  let vm = cpu.value.loadedVM
  var guest = ExitingCPU(frame: frame)
  // What redistributors always read as needs no lock.
  if case .memory(let access) = exit, !access.isWrite, GuestMachine.redistributors.contains(access.address),
    ExitDispatcher.readsConstant(access, cpu: &guest, machine: vm.value.machine)
  {
    return
  }
  var around = HardwareSurroundings(listRegisters: cpu.value.listRegisters, vm: vm)
  vm.value.lock.acquire(by: cpu.value.index)
  let outcome = ExitDispatcher.handle(
    exit, vcpu: cpu.value.loadedIndex, cpu: &guest, machine: &vm.value.machine, around: &around)
  if vm.value.machine.interrupts.hasUnsettled { cpu.settleInterrupts(of: vm) }
  vm.value.lock.release()
  if let refused = around.refused { cpu.report(refused, vm) }
  if outcome != .resume { carryOut(outcome, cpu: cpu) }
  if cpu.value.needsDecision { cpu.decide(frame) }
}

/// The guest-physical address of a permission fault is known only to the guest's own tables. Where they have changed
/// meanwhile, the guest tries again.
@inline(never)
private func answerUnlocated(_ syndrome: Syndrome, _ frame: TrapFrame) {
  let guest = ExitingCPU(frame: frame)
  guard let address = guest.translateFaultAddress() else { return }
  answerByModels(syndrome.exit(at: address, state: guest.state), frame)
}

/// A physical interrupt came while a guest ran. Returns zero where it is answered, and else what to go on with.
///
/// Of the frame only the registers that functions may change are there.
@_optimize(speed)
@c(tvisor_answer_interrupt)
func answerInterrupt() -> UInt {
  PhysicalCPU.current.answerInterrupt()
}

/// The rest of what `tvisor_answer_interrupt` began.
@_optimize(speed)
@c(tvisor_handle_interrupt)
func handleInterrupt(_ address: UnsafeMutableRawPointer, _ begun: UInt) {
  let frame = unsafe TrapFrame(unsafeAddress: address)
  let cpu = PhysicalCPU.current
  cpu.serveInterrupts(after: begun)
  if cpu.value.needsDecision { cpu.decide(frame) }
}

/// An SError came while a guest ran. It is physical (guests' own are not routed here): with a passthrough device that
/// guest's doing, else the machine's failure. Either way this guest cannot go on.
@c(tvisor_handle_system_error)
func handleSystemError(_ address: UnsafeMutableRawPointer) {
  let frame = unsafe TrapFrame(unsafeAddress: address)
  let cpu = PhysicalCPU.current
  cpu.fail(cpu.value.loadedVM, because: .systemError(syndrome: UInt64(Syndrome.ofThisExit.rawValue)))
  cpu.decide(frame)
}

/// Does what the models cannot: everything that concerns the hardware or other vCPUs.
@inline(never)
private func carryOut(_ outcome: Outcome, cpu: Reference<PhysicalCPU>) {
  let vcpu = cpu.value.loadedVCPU
  let vm = cpu.value.loadedVM
  switch outcome {
  case .resume: break
  case .unfinished(let rest): cpu.owe(rest)
  case .transmit(let byte): cpu.transmit(byte, from: vm)
  case .timerChanged: cpu.send(.deadlines, to: vcpu)
  case .clockChanged: cpu.watchClock(for: vcpu)
  case .wait: cpu.wait(vcpu)
  case .yield: cpu.yield(vcpu)
  case .loadFloatingPoint: cpu.loadFloatingPoint(of: vcpu)
  case .start(let target, let entry, let context):
    cpu.start(vm.value.vcpus.reference(to: target), entry: entry, argument: context)
  case .off: cpu.turnOff(vcpu)
  case .systemOff: cpu.stop(vm)
  case .systemReset: cpu.restart(vm)
  case .stop(let syndrome): cpu.fail(vm, because: .unknownExit(syndrome: syndrome))
  }
}

extension Reference where Value == PhysicalCPU {
  /// The vCPU has set the alarm of its VM's clock: its CPU watches for it.
  fileprivate func watchClock(for vcpu: Reference<VCPU>) {
    let vm = vcpu.value.vm
    vm.value.lock.acquire(by: value.index)
    vm.value.clockWatcher = vcpu.value.index
    vm.value.lock.release()
    send(.deadlines, to: vcpu)
  }

  /// Says why the guest got an abort. The first few times: a guest could go on for ever.
  fileprivate func report(_ refused: HardwareSurroundings.Refused, _ vm: Reference<HostedVM>) {
    guard vm.value.refusalCount < 8 else { return }
    vm.value.refusalCount &+= 1
    announce(
      "gets an abort for a load or store to a device ", .refusal(refused.refusal, refused.address), endsLine: false,
      of: vm)
  }
}

/// What the models ask of the hardware.
struct HardwareSurroundings: Surroundings, ~Copyable {
  var listRegisters: PhysicalListRegisters
  let vm: Reference<HostedVM>
  /// A load or store that no device can answer.
  var refused: Refused?

  struct Refused {
    let refusal: TransferRefusal
    let address: GuestPhysicalAddress
  }

  mutating func report(_ refusal: TransferRefusal, at address: GuestPhysicalAddress, vcpu: Int) {
    refused = Refused(refusal: refusal, address: address)
  }

  func useCPUInterface(_ access: MMIOAccess, offset: UInt32, value: UInt32) -> UInt32? {
    guard case .software(let interface) = listRegisters else { return nil }
    return interface.use(access, offset: offset, value: value)
  }

  var needsMaintenance: Bool {
    guard case .software(let interface) = listRegisters else { return false }
    return interface.needsMaintenance
  }

  var isInterruptWaiting: Bool { Processor.isInterruptPending }
  var now: Instant { .now }
  var ticksPerSecond: UInt64 { Hypervisor.shared.value.ticksPerSecond }

  func identification(_ register: SystemRegister) -> UInt64 {
    Processor.identification(register)
  }

  func setDebugControl(_ value: UInt64) { PhysicalCPU.current.value.loadedVCPU.value.context.setDebugControl(value) }
  var debugEntry: UInt64 { Processor.debugEntry }
  func readBreakpoint(_ register: SystemRegister) -> UInt64? {
    PhysicalCPU.current.value.loadedVCPU.value.context.readBreakpoint(register)
  }
  func writeBreakpoint(_ register: SystemRegister, _ value: UInt64) -> Bool {
    PhysicalCPU.current.value.loadedVCPU.value.context.writeBreakpoint(register, value)
  }

  /// One access: the guest may be writing there at the same time.
  func readGuest(_ address: GuestPhysicalAddress, byteCount: Int) -> UInt32? {
    guard let piece = vm.value.piece(at: address), piece.size >= UInt64(truncatingIfNeeded: byteCount) else {
      return nil
    }
    let place = piece.start.mapped
    return byteCount == 2 ? UInt32(device_load16(place)) : device_load32(place)
  }
}
