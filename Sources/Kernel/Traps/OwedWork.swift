internal import Architecture
internal import ArmCommon
internal import ArmRegisters
internal import Backend
internal import Virtualization

// What a guest may ask for in one instruction and that takes longer than others may be kept waiting: an SGI to all vCPUs, a
// store that changes 32 interrupts. It is done in pieces in the time of the vCPU that asked, before its guest goes on, and
// between two pieces whoever has a better right to the CPU has it.

/// What a vCPU has begun and not ended.
typealias OwedWork = UnfinishedWrite

extension Reference where Value == PhysicalCPU {
  /// The loaded vCPU owes this before its guest goes on: does as much as nobody else wants the CPU for.
  @inline(never)
  func owe(_ rest: OwedWork) {
    value.loadedVCPU.value.owed = rest
    if !settle(value.loadedVCPU) || value.loadedVM.value.machine.interrupts.needsRefresh(vcpu: value.loadedIndex) {
      value.needsDecision = true
    }
  }

  /// Does what the vCPU, which is loaded, owes. False where somebody else has to be asked about first.
  @inline(never)
  @_optimize(speed)
  func settle(_ vcpu: Reference<VCPU>) -> Bool {
    let vm = vcpu.value.vm
    while !vcpu.value.owed.isDone {
      guard !Processor.isInterruptPending else { return false }
      vm.value.lock.acquire(by: value.index)
      let rest = vm.value.machine.interrupts.goOn(vcpu.value.owed)
      settleInterrupts(of: vm)
      vcpu.value.owed = rest
      vm.value.lock.release()
      spin_hint()
      // Somebody woke, who may have the better right.
      if value.needsDecision { return false }
    }
    return true
  }
}
