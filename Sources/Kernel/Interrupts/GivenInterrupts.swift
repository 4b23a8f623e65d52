internal import Architecture
internal import ArmCommon
internal import Backend
internal import Drivers
internal import Virtualization

// The interrupts of devices that VMs were given. Each is off while its VM is, and goes to the CPU of the VM's first vCPU. It
// comes again only after the guest has deactivated it: a device that asks without end costs that CPU one entry for each
// time that its own guest wants to hear more.

/// Whose a physical interrupt is.
package struct InterruptOwner {
  /// The VM, by its index; `noVM` where it is nobody's.
  var vm: UInt16
  /// The INTID by which its guest knows it.
  var guest: UInt16
  /// True where it is edge-triggered.
  var isEdge: Bool

  /// Interrupt `guest` of that VM.
  package init(vm: UInt16, guest: UInt16, isEdge: Bool) {
    self.vm = vm
    self.guest = guest
    self.isEdge = isEdge
  }

  static var noVM: UInt16 { .max }
  package static var nobody: InterruptOwner { InterruptOwner(vm: noVM, guest: 0, isEdge: false) }
}

extension Hypervisor {
  /// Whose interrupt `id` is, or nil where it is no VM's.
  func owner(ofInterrupt id: UInt32) -> InterruptOwner? {
    let id = Int(truncatingIfNeeded: id)
    guard id < interruptOwners.count, interruptOwners[id].vm != InterruptOwner.noVM else { return nil }
    return interruptOwners[id]
  }
}

extension Reference where Value == PhysicalCPU {
  /// An interrupt of a VM's own device has come. It stays active until the guest ends it.
  @inline(never)
  func raiseGivenInterrupt(_ acknowledged: UInt32, of owner: InterruptOwner) {
    let vm = Hypervisor.shared.value.vms.reference(to: Int(owner.vm))
    vm.value.lock.acquire(by: value.index)
    if vm.value.state == .running, vm.value.loading == .done {
      vm.value.machine.interrupts.raiseHardware(
        owner.guest, physicalID: UInt16(truncatingIfNeeded: acknowledged & 0x3ff), vcpu: 0, isEdge: owner.isEdge)
      settleInterrupts(of: vm)
    } else {
      // It was on its way when the VM went.
      value.controller.abandon(acknowledged)
    }
    vm.value.lock.release()
  }

  /// Lets the interrupts of the VM's devices come, to the CPU that runs this: that of the VM's first vCPU, whose memory is
  /// complete now.
  func turnOnGivenInterrupts(of vm: Reference<HostedVM>) {
    let interrupts = vm.value.givenInterrupts
    for index in interrupts.indices {
      let id = interrupts[index]
      value.controller.route(id, affinity: value.affinity)
      // What a device signalled before its guest was there is not the guest's business.
      value.controller.clearPending(id)
      value.controller.enable(id)
    }
  }

  /// Keeps the interrupts of the VM's devices off. Those that are active are the interrupt controller's model to give back.
  func turnOffGivenInterrupts(of vm: Reference<HostedVM>) {
    let interrupts = vm.value.givenInterrupts
    for index in interrupts.indices { value.controller.disable(interrupts[index]) }
  }
}
