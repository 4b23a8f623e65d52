internal import Architecture
internal import Backend
internal import Configuration
internal import Scheduling
internal import Virtualization

// Starting and stopping VMs and their vCPUs.

/// Why a VM was stopped against its will.
enum Failure {
  case unknownExit(syndrome: UInt64)
  case systemError(syndrome: UInt64)
  case ownException
}

extension Reference where Value == PhysicalCPU {
  /// Starts a VM from its images. They are loaded in the time that the scheduler gives to its first vCPU.
  func start(_ vm: Int) {
    let hypervisor = Hypervisor.shared
    let isRestart = hypervisor.value.vms[vm].startCount > 0
    hypervisor.value.vms[vm].startCount += 1
    hypervisor.value.vms[vm].loading = isRestart ? .cleaning(offset: 0) : .at(image: 0, offset: 0)
    hypervisor.value.vms[vm].state = .running
    let description = hypervisor.value.vms[vm].description
    turnOn(
      hypervisor.value.vms[vm].vcpus.lowerBound, entry: description.entry.rawValue,
      argument: description.deviceTree?.rawValue ?? 0)
  }

  /// Does some of the loading of a VM whose turn it is.
  func loadSome(of vm: Int) {
    let hypervisor = Hypervisor.shared
    hypervisor.value.vms[vm].loadSome()
    switch hypervisor.value.vms[vm].loading {
    case .cleaning, .at: break
    // The guest's virtual counter starts at zero with it.
    case .done: hypervisor.value.vms[vm].counterOffset = Instant.now.ticks
    case .failed:
      halt(vm)
      hypervisor.value.console.report(vm, "its device tree does not fit: the VM stays off")
    }
  }

  /// CPU_ON: the vCPU `index` of the VM starts with fresh registers.
  func start(_ index: Int, of vm: Int, entry: UInt64, argument: UInt64) {
    Hypervisor.shared.value.vms[vm].machine.reset(vcpu: index)
    turnOn(Hypervisor.shared.value.vms[vm].vcpus.lowerBound + index, entry: entry, argument: argument)
  }

  private func turnOn(_ number: Int, entry: UInt64, argument: UInt64) {
    let hypervisor = Hypervisor.shared
    discard(number)
    // Whatever ran under this VMID before is not to be found by the one that starts: no vCPU has this number.
    let vm = hypervisor.value.vcpus[number].vm
    if value.lastOfVM[vm] >= 0 { value.lastOfVM[vm] = .max }
    hypervisor.value.vcpus[number].context.reset(entry: entry, argument: argument)
    hypervisor.value.vcpus[number].activity = .ready
    value.scheduler.ready(hypervisor.value.vcpus[number].slot, at: .now)
    value.needsDecision = true
  }

  /// CPU_OFF, or the end of the whole VM: the vCPU runs no more.
  func turnOff(_ number: Int) {
    let hypervisor = Hypervisor.shared
    discard(number)
    hypervisor.value.vcpus[number].activity = .off
    value.scheduler.remove(hypervisor.value.vcpus[number].slot, at: .now)
    value.needsDecision = true
    let vm = hypervisor.value.vcpus[number].vm
    let isLast = hypervisor.value.vms[vm].vcpus.allSatisfy { hypervisor.value.vcpus[$0].activity == .off }
    if isLast, hypervisor.value.vms[vm].state == .running {
      halt(vm)
      hypervisor.value.console.report(vm, "turned its last vCPU off: stopped")
    }
  }

  /// SYSTEM_OFF.
  func stop(_ vm: Int) {
    halt(vm)
    Hypervisor.shared.value.console.report(vm, "turned itself off")
  }

  /// SYSTEM_RESET.
  func restart(_ vm: Int) {
    if Hypervisor.shared.value.failsAtReset { Provocation.fail() }
    halt(vm)
    guard Hypervisor.shared.value.vms[vm].description.onReset == .restart else {
      return Hypervisor.shared.value.console.report(vm, "asked for a reset: stopped, as the system file says")
    }
    Hypervisor.shared.value.console.report(vm, "asked for a reset: starting again")
    start(vm)
  }

  /// Stops a VM for what happened, and says so. The others go on.
  func fail(_ vm: Int, because failure: Failure) {
    let hypervisor = Hypervisor.shared
    halt(vm)
    hypervisor.value.vms[vm].state = .failed
    switch failure {
    case .unknownExit(let syndrome):
      hypervisor.value.console.report(vm, "did what nothing answers: stopped", syndrome: syndrome)
    case .systemError(let syndrome):
      hypervisor.value.console.report(vm, "ran into a system error: stopped", syndrome: syndrome)
    case .ownException:
      hypervisor.value.console.report(vm, "stopped: the hypervisor failed while it served this VM")
    }
  }

  /// Takes all of the VM's vCPUs out of everything and puts its models back to power on.
  private func halt(_ vm: Int) {
    let hypervisor = Hypervisor.shared
    hypervisor.value.vms[vm].state = .stopped
    for number in hypervisor.value.vms[vm].vcpus { turnOff(number) }
    hypervisor.value.console.flush(vm)
    hypervisor.value.vms[vm].machine.reset()
    deactivate(of: vm)
  }
}
