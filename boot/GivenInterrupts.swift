internal import Architecture
internal import ArmCommon
internal import Backend
internal import Configuration
internal import DeviceTree
internal import Drivers
internal import Virtualization

// The interrupts of devices that VMs were given. Each is off while its VM is, and goes to the CPU of the VM's first vCPU. It
// comes again only after the guest has deactivated it: a device that asks without end costs that CPU one entry for each
// time that its own guest wants to hear more.

/// Whose a physical interrupt is.
struct InterruptOwner {
  /// The VM, by its index; `noVM` where it is nobody's.
  var vm: UInt16
  /// The INTID by which its guest knows it.
  var guest: UInt16
  /// True where it is edge-triggered.
  var isEdge: Bool

  static var noVM: UInt16 { .max }
  static var nobody: InterruptOwner { InterruptOwner(vm: noVM, guest: 0, isEdge: false) }
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
    let hypervisor = Hypervisor.shared
    let vm = Int(owner.vm)
    lock(vm)
    if hypervisor.value.vms[vm].state == .running, hypervisor.value.vms[vm].loading == .done {
      hypervisor.value.vms[vm].machine.interrupts.raiseHardware(
        owner.guest, physicalID: UInt16(truncatingIfNeeded: acknowledged & 0x3ff), vcpu: 0, isEdge: owner.isEdge)
      settleInterrupts(of: vm)
    } else {
      // It was on its way when the VM went.
      value.controller.abandon(acknowledged)
    }
    unlock(vm)
  }

  /// Lets the interrupts of the VM's devices come, to the CPU that runs this: that of the VM's first vCPU, whose memory is
  /// complete now.
  func turnOnGivenInterrupts(of vm: Int) {
    let devices = Hypervisor.shared.value.vms[vm].devices
    for index in devices.interrupts.indices {
      let id = UInt16(truncatingIfNeeded: devices.interrupts[index].host.identifier)
      value.controller.route(id, affinity: value.affinity)
      // What a device signalled before its guest was there is not the guest's business.
      value.controller.clearPending(id)
      value.controller.enable(id)
    }
  }

  /// Keeps the interrupts of the VM's devices off. Those that are active are the interrupt controller's model to give back.
  func turnOffGivenInterrupts(of vm: Int) {
    let devices = Hypervisor.shared.value.vms[vm].devices
    for index in devices.interrupts.indices {
      value.controller.disable(UInt16(truncatingIfNeeded: devices.interrupts[index].host.identifier))
    }
  }
}

extension SystemBuilder {
  /// Notes whose each interrupt is, and how it asks.
  mutating func assignInterrupts(of vms: Storage<HostedVM>, _ controller: InterruptController) throws(BootFailure)
    -> Storage<InterruptOwner>
  {
    var isAnyGiven = false
    for vm in vms.indices where vms[vm].devices.interrupts.count > 0 { isAnyGiven = true }
    let count = isAnyGiven ? controller.interruptCount : 0
    let owners = try taking { (arena) throws(OutOfMemory) in
      try arena.storage(of: InterruptOwner.self, count: count) { _ in .nobody }
    }
    for vm in vms.indices {
      let interrupts = vms[vm].devices.interrupts
      for index in interrupts.indices {
        let id = interrupts[index].host.identifier
        guard id < UInt32(truncatingIfNeeded: count) else { throw .noSuchInterrupt(UInt64(id)) }
        let isEdge = interrupts[index].host.trigger.isEdge
        owners[Int(id)] = InterruptOwner(
          vm: UInt16(truncatingIfNeeded: vm), guest: interrupts[index].guest, isEdge: isEdge)
        controller.setTrigger(UInt16(truncatingIfNeeded: id), isEdge: isEdge)
      }
    }
    return owners
  }
}
