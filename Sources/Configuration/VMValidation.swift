internal import Architecture
internal import DeviceTree

extension VMDescription {
  /// The longest command line, in bytes: Linux keeps 2048 with the NUL (COMMAND_LINE_SIZE on arm64).
  public static var bootArgumentsLimit: Int { 2047 }

  /// The values that are words: instruction set, what follows a reset, command line.
  func checkWords(_ hosted: HostedInstructionSets?, _ report: (SystemProblem) -> Void) {
    if let instructionSet {
      if hosted?.contains(instructionSet) == false { report(SystemProblem(.vm(index), .isa, .notHosted(isa))) }
    } else {
      report(SystemProblem(.vm(index), .isa, .unknown(isa)))
    }
    if let action = node["on-reset"] {
      let name = action.string ?? ""
      if ResetAction(name: name) == nil { report(SystemProblem(.vm(index), .onReset, .unknown(name))) }
    }
    checkOwnWord("placement", "identity", .placement, report)
    checkOwnWord("dma", "at-risk", .dma, report)
    if placement == .identity, firmwareSize > 0 {
      report(SystemProblem(.vm(index), .placement, .notWithFirmware))
    }
    guard let property = node["bootargs"] else { return }
    guard let arguments = property.string else {
      return report(SystemProblem(.vm(index), .bootArguments, .malformed))
    }
    if arguments.count > Self.bootArgumentsLimit {
      report(SystemProblem(.vm(index), .bootArguments, .tooLong(limit: Self.bootArgumentsLimit)))
    }
  }

  /// A value that has one word, where it is there.
  private func checkOwnWord(
    _ name: Text, _ word: Text, _ field: SystemProblem.Field, _ report: (SystemProblem) -> Void
  ) {
    guard let property = node[name] else { return }
    let text = property.string ?? ""
    if text != word { report(SystemProblem(.vm(index), field, .unknown(text))) }
  }

  /// At least one vCPU, not more than the guest's GIC serves, each on a CPU that is there.
  func checkCPUs(_ machine: MachineDescription?, _ report: (SystemProblem) -> Void) {
    guard let property = node["vcpus"] else { return report(SystemProblem(.vm(index), .vcpus, .missing)) }
    guard property.count % 4 == 0 else { return report(SystemProblem(.vm(index), .vcpus, .malformed)) }
    let limit = GuestMachine.vcpuLimit(gic: machine?.interruptController.version ?? .v3)
    if vcpuCount == 0 { report(SystemProblem(.vm(index), .vcpus, .none)) }
    if vcpuCount > limit { return report(SystemProblem(.vm(index), .vcpus, .tooLarge(limit: UInt64(limit)))) }
    for vcpu in 0..<vcpuCount {
      guard let cpu = physicalCPU(vcpu: vcpu) else { continue }
      if let count = machine?.cpuCount, cpu >= count {
        report(SystemProblem(.vcpu(vm: index, vcpu: vcpu), .vcpus, .noSuchCPU(cpu, count: count)))
      } else if let machine, machine.hasUnknownStart, cpu != machine.bootCPU, let host = machine.cpu(Int(cpu)),
        host.start == .unknown
      {
        report(SystemProblem(.vcpu(vm: index, vcpu: vcpu), .vcpus, .staysOff(cpu, method: host.enableMethod)))
      }
    }
  }

  /// The sizes of RAM and firmware memory.
  func checkSizes(_ report: (SystemProblem) -> Void) {
    func problem(_ field: SystemProblem.Field, _ kind: SystemProblem.Kind) {
      report(SystemProblem(.vm(index), field, kind))
    }
    if let size = needed("memory-size", .memorySize, problem) {
      if size == 0 {
        problem(.memorySize, .tooSmall(limit: SystemDescription.memoryUnit))
      } else if size > GuestMachine.memoryLimit {
        problem(.memorySize, .tooLarge(limit: GuestMachine.memoryLimit))
      } else if size % 4096 != 0 {
        problem(.memorySize, .misaligned(to: 4096))
      } else if size % SystemDescription.memoryUnit != 0 {
        problem(.memorySize, .betterAligned(to: SystemDescription.memoryUnit))
      }
    }
    if let property = node["firmware-size"] {
      if property.number == nil { problem(.firmwareSize, .malformed) }
      if firmwareSize > GuestMachine.firmware.size {
        problem(.firmwareSize, .tooLarge(limit: GuestMachine.firmware.size))
      } else if firmwareSize % 4096 != 0 {
        problem(.firmwareSize, .misaligned(to: 4096))
      }
    }
  }

  /// A 64-bit value that must be there; its absence and wrong lengths are reported.
  func needed(
    _ name: Text, _ field: SystemProblem.Field, _ problem: (SystemProblem.Field, SystemProblem.Kind) -> Void
  ) -> UInt64? {
    guard let property = node[name] else {
      problem(field, .missing)
      return nil
    }
    if property.u64 == nil { problem(field, .malformed) }
    return property.u64
  }
}
