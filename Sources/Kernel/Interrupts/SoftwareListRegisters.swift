package import Architecture
package import ArmCommon
internal import Backend
internal import Drivers
internal import Virtualization

/// The list registers of this machine's CPUs.
package typealias PhysicalListRegisters = HostListRegisters<SoftwareListRegisters>

/// The virtual CPU interface in memory of one CPU whose machine has none, with what hardware has to be told of it: whatever
/// moves the guest's interrupt lines sets HCR_EL2.VI and VF, so that they are right whenever the guest goes on. Used by its
/// own CPU only.
package struct SoftwareListRegisters: ListRegisters, @unchecked Sendable {
  private let interface: Reference<SoftwareCPUInterface>

  /// A new interface in `arena`, off.
  package init(in arena: inout some StorageProvider & ~Copyable) throws(OutOfMemory) {
    interface = try arena.storage(of: SoftwareCPUInterface.self, count: 1) { _ in SoftwareCPUInterface() }
      .reference(to: 0)
  }

  /// Changes the interface and, if they move, the lines. What calls it stays out of line: the ways on which machines with
  /// hardware are fast have a call here, and no more.
  @inline(__always)
  private func change<Result>(_ body: (inout SoftwareCPUInterface) -> Result) -> Result {
    let before = interface.value.line
    let result = body(&interface.value)
    let line = interface.value.line
    if line != before {
      TrapControls.setVirtualInterrupts(isInterrupt: line == .interrupt, isFastInterrupt: line == .fastInterrupt)
    }
    return result
  }

  /// Answers a load of the guest at `offset`, or a store of `value`.
  func use(_ access: MMIOAccess, offset: UInt32, value: UInt32) -> UInt32 {
    change { interface in
      guard access.isWrite else { return interface.readGuestRegister(offset: offset, width: access.width) }
      interface.writeGuestRegister(value, offset: offset, width: access.width)
      return 0
    }
  }

  var needsMaintenance: Bool { interface.value.needsMaintenance }

  /// The INTID that the guest would acknowledge now, or nil.
  var signalledInterrupt: UInt16? { interface.value.signalledInterrupt }

  package var count: Int { interface.value.count }
  package var activePriorityCount: Int { interface.value.activePriorityCount }
  @inline(__always)
  package var emptyMask: UInt32 { interface.value.emptyMask }
  package var endOfInterruptMask: UInt32 { interface.value.endOfInterruptMask }

  package subscript(index: Int) -> ListRegister {
    get { interface.value[index] }
    @inline(never) nonmutating set { change { $0[index] = newValue } }
  }

  package var machineControl: UInt32 {
    get { interface.value.machineControl }
    @inline(never) nonmutating set { change { $0.machineControl = newValue } }
  }

  package subscript(activePriorities index: Int) -> UInt32 {
    get { interface.value[activePriorities: index] }
    @inline(never) nonmutating set { change { $0[activePriorities: index] = newValue } }
  }

  package var control: InterfaceControl {
    get { interface.value.control }
    @inline(never) nonmutating set { change { $0.control = newValue } }
  }
}

extension SoftwareListRegisters: PhysicalLines {
  /// The virtual timer's is known while its vCPU is loaded; else it stands still, as it was left.
  package static func isLineHigh(ofPhysical id: UInt16) -> Bool? {
    let cpu = PhysicalCPU.current
    guard UInt32(id) == cpu.value.virtualTimerInterrupt else { return cpu.value.controller.isLineHigh(id) }
    return cpu.value.loaded == nil ? nil : Processor.isVirtualTimerLineHigh
  }
}
