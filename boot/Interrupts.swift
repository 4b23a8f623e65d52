internal import Architecture
internal import Backend
internal import Drivers
internal import Virtualization

// Physical interrupts, and what changed in a VM's virtual ones.

extension Reference where Value == PhysicalCPU {
  /// Serves every physical interrupt that is pending. Each is served in bounded time, and a guest can make none of them
  /// come faster than its own timer, which is its own deactivation's business.
  func serveInterrupts() {
    while true {
      let acknowledged = value.controller.acknowledge()
      let id = acknowledged & 0x3ff
      guard id < InterruptController.firstSpecialID else { return }
      let own = Hypervisor.shared.value.interrupts
      // Done with before anything is served: a failure of ours below must not leave this CPU deaf to its priority.
      value.controller.dropPriority(acknowledged)
      if id == own.virtualTimer {
        raiseVirtualTimer(acknowledged)
        continue
      }
      // Interrupts are masked here, and each service lets its line down before the next is acknowledged.
      value.controller.deactivate(acknowledged)
      if id == own.hypervisorTimer {
        serveTimer()
      } else if id == own.maintenance {
        serveMaintenance()
      } else if id == own.console {
        serveConsole()
      }
    }
  }

  /// The loaded vCPU's virtual timer has come. Its interrupt stays active until the guest ends it.
  private func raiseVirtualTimer(_ acknowledged: UInt32) {
    // ENABLE and ISTATUS without IMASK: it may have been another vCPU's, whose timer is off by now.
    guard value.loaded >= 0, Processor.virtualTimerControl & 7 == 5 else {
      return value.controller.deactivate(acknowledged)
    }
    let hypervisor = Hypervisor.shared
    let vm = hypervisor.value.vcpus[value.loaded].vm
    hypervisor.value.vms[vm].machine.interrupts.raiseHardware(
      GuestMachine.virtualTimerInterrupt, physicalID: UInt16(truncatingIfNeeded: acknowledged & 0x3ff),
      vcpu: hypervisor.value.vcpus[value.loaded].index)
    settleInterrupts(of: vm)
  }

  private func serveMaintenance() {
    guard value.loaded >= 0 else { return }
    let hypervisor = Hypervisor.shared
    let vm = hypervisor.value.vcpus[value.loaded].vm
    var registers = value.listRegisters
    hypervisor.value.vms[vm].machine.interrupts.maintenance(
      vcpu: hypervisor.value.vcpus[value.loaded].index, registers: &registers)
    if hypervisor.value.vms[vm].machine.interrupts.hasDeactivations { deactivate(of: vm) }
    if hypervisor.value.vms[vm].machine.interrupts.attention != 0 { settleInterrupts(of: vm) }
  }

  /// Brings what changed in the VM's interrupt controller to its vCPUs: into the list registers of the loaded one, and to
  /// the scheduler for those that waited for it.
  func settleInterrupts(of vm: Int) {
    let hypervisor = Hypervisor.shared
    var changed = hypervisor.value.vms[vm].machine.interrupts.takeAttention()
    let first = hypervisor.value.vms[vm].vcpus.lowerBound
    var registers = value.listRegisters
    while changed != 0 {
      let index = changed.trailingZeroBitCount
      changed &= changed &- 1
      let number = first &+ index
      if number == value.loaded {
        hypervisor.value.vms[vm].machine.interrupts.refresh(vcpu: index, registers: &registers)
      }
      if hypervisor.value.vcpus[number].activity == .waiting { wakeIfPending(number, vm, index) }
    }
    if hypervisor.value.vms[vm].machine.interrupts.hasDeactivations { deactivate(of: vm) }
  }

  private func wakeIfPending(_ number: Int, _ vm: Int, _ index: Int) {
    let hypervisor = Hypervisor.shared
    var registers = value.listRegisters
    let isPending =
      number == value.loaded
      ? hypervisor.value.vms[vm].machine.interrupts.hasPendingInterrupt(vcpu: index, registers: &registers)
      : hypervisor.value.vms[vm].machine.interrupts.hasPendingInterrupt(vcpu: index)
    if isPending { wake(number) }
  }

  /// Ends the physical interrupts whose guests took back their end of the link.
  func deactivate(of vm: Int) {
    let hypervisor = Hypervisor.shared
    for index in 0..<hypervisor.value.vms[vm].machine.interrupts.vcpuCount {
      while let id = hypervisor.value.vms[vm].machine.interrupts.takeDeactivation(vcpu: index) {
        // A vCPU that is not loaded has given its private interrupt's active state back already.
        if id >= 32 || hypervisor.value.vms[vm].vcpus.lowerBound + index == value.loaded {
          value.controller.setActive(id, false)
        }
      }
    }
  }
}
