/// Why a guest stopped running: the decoded syndrome, the same for every instruction set.
public enum Exit: Equatable, Sendable {
  /// HVC or SMC. The call's arguments are in the general registers.
  case call(CallConduit, immediate: UInt16)
  /// A load or store that stage 2 refused and that the syndrome describes in full.
  case memory(MMIOAccess)
  /// A load or store that stage 2 refused and that the syndrome does not describe (ISV = 0).
  case undescribedMemory(GuestPhysicalAddress, isWrite: Bool)
  /// A data-cache instruction by address on memory that the guest does not have: there is nothing to maintain.
  case cacheMaintenance
  /// An abort that no emulation can answer (a fetch, or a walk of the guest's own tables, outside its memory): the guest
  /// gets it as its own.
  case abort(GuestFault)
  /// An access to a system register that is trapped.
  case systemRegister(SystemRegisterAccess)
  /// An access to a trapped register by a guest in AArch32, through one of its coprocessors.
  case coprocessor(CoprocessorAccess)
  /// An instruction that trapped although its condition fails (AArch32 leaves that to the implementation): it does
  /// nothing.
  case failedCondition
  /// WFI: there is nothing to do until an interrupt.
  case waitForInterrupt
  /// WFE: the guest spins on something that another CPU must do.
  case waitForEvent
  /// The first use of FP or SIMD registers that still hold another vCPU's values.
  case floatingPoint
  /// An instruction that the architecture calls undefined for this guest.
  case undefined
  /// A syndrome that nothing above describes; its raw value, for the message.
  case unknown(syndrome: UInt64)
}

/// By which instruction a guest called.
public enum CallConduit: Sendable {
  case hypervisorCall
  case secureMonitorCall
}

/// An exception that the hypervisor raises in a guest.
public enum GuestFault: Equatable, Sendable {
  /// The instruction is undefined.
  case undefined
  /// A synchronous external abort on the access that just trapped, at the address that the hardware recorded.
  case dataAbort(isWrite: Bool)
  /// An alignment fault on the access that just trapped, at the address that the hardware recorded.
  case alignment(isWrite: Bool)
  /// A synchronous external abort on the fetch that just trapped.
  case instructionAbort
}
