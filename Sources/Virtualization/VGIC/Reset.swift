internal import Architecture

extension VirtualGIC {
  /// Puts everything as it is after power on: every interrupt disabled and idle, every line low, every vCPU's interface
  /// clean. Physical interrupts that were active on the VM's behalf become deactivations to take.
  ///
  /// No vCPU may be loaded. Devices that drive lines are to be reset as well.
  public mutating func reset() {
    for vcpu in 0..<vcpuCount {
      clearInterface(of: vcpu)
      resetPrivateInterrupts(of: vcpu)
    }
    let shared = vcpuCount * 32
    for slot in shared..<(shared + sharedInterruptCount) { resetState(at: slot, target: resetTarget) }
    enabledGroups = 0
    attention = 0
  }

  /// Starts `vcpu` clean, as after CPU_ON: its SGIs and PPIs, list registers and CPU interface as after power on. An SPI
  /// that was pending in its list registers stays pending; one that it was handling does not stay active, and one that a
  /// guest has made active by request does.
  ///
  /// The vCPU may not be loaded.
  public mutating func reset(vcpu: Int) {
    for index in 0..<CPUInterfaceState.maximumRegisterCount {
      guard interfaces[vcpu].used >> UInt32(index) & 1 != 0 else { continue }
      recall(index, of: vcpu)
    }
    for slot in states.indices where states[slot].isEvicted && states[slot].owner == UInt8(vcpu) {
      forgetEvicted(slot)
      reconsider(slot)
    }
    resetPrivateInterrupts(of: vcpu)
    clearInterface(of: vcpu)
    for slot in (vcpuCount * 32)..<states.count where states[slot].target == UInt8(vcpu) { reconsider(slot) }
  }

  /// Where SPIs go after reset: without other vCPUs, or at GICv3's affinity 0.0.0.0, to vCPU 0; else nowhere.
  private var resetTarget: UInt8 { version == .v3 || vcpuCount == 1 ? 0 : InterruptState.noTarget }

  private mutating func resetPrivateInterrupts(of vcpu: Int) {
    for id in 0..<32 { resetState(at: vcpu * 32 + id, target: UInt8(vcpu)) }
  }

  private mutating func resetState(at slot: Int, target: UInt8) {
    if states[slot].flags.contains(.linked) { askDeactivation(of: slot) }
    var flags: InterruptState.Flags = []
    if isSGI(slot: slot) { flags = version == .v2 ? [.edge, .enabled] : .edge }
    let physicalID = states[slot].physicalID
    states[slot] = InterruptState(flags: flags, target: target)
    states[slot].physicalID = physicalID
  }

  private mutating func clearInterface(of vcpu: Int) {
    precondition(!interfaces[vcpu].isLoaded, "a vCPU is unloaded before it is reset")
    let deactivations = interfaces[vcpu].deactivations
    interfaces[vcpu] = CPUInterfaceState(version: version)
    interfaces[vcpu].deactivations = deactivations
    for word in 0..<candidateWordCount { candidates[vcpu * candidateWordCount + word] = 0 }
    attention &= ~(1 << UInt64(vcpu))
  }
}
