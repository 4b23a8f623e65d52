internal import Architecture
internal import DeviceTree

// The form of what a bundle says about scheduling. Whether a policy can keep its promises is the scheduler's to say.

extension SystemDescription {
  /// Calls `report` with what is wrong in what the bundle says about scheduling by itself, whatever the machine: a part of
  /// `validate` for those who look at nothing else.
  public func validateScheduling(report: (SystemProblem) -> Void) {
    checkCPUs(nil, report)
    for vm in vms { vm.checkScheduling(report) }
  }

  /// Each physical CPU at most once, each there, with times that make sense.
  func checkCPUs(_ machine: MachineDescription?, _ report: (SystemProblem) -> Void) {
    var index = 0
    for cpu in cpus {
      let subject = SystemProblem.Subject.cpu(index: index)
      if cpu.node["reg"]?.u32 == nil {
        report(SystemProblem(subject, .cpu, .malformed))
      } else if let count = machine?.cpuCount, cpu.index >= count {
        report(SystemProblem(subject, .cpu, .noSuchCPU(cpu.index, count: count)))
      } else if let first = firstEntry(of: cpu.index), first < index {
        report(SystemProblem(subject, .cpu, .duplicate(of: first)))
      }
      // Below ten microseconds nearly all time goes into switching; above ten seconds nobody means it.
      cpu.checkTime("slice-ns", .slice, from: 10_000, to: 10_000_000_000, subject, report)
      cpu.checkTime("overhead-ns", .overhead, from: 0, to: 1_000_000, subject, report)
      cpu.checkTime("frame-ns", .frame, from: 10_000, to: 10_000_000_000, subject, report)
      checkWindows(of: cpu, at: index, report)
      index += 1
    }
  }

  /// Windows for vCPUs that there are, on their CPU. That they lie in the frame one after the other is admission's part.
  private func checkWindows(of cpu: CPUDescription, at index: Int, _ report: (SystemProblem) -> Void) {
    guard let property = cpu.node["windows"] else { return }
    guard property.count % CPUDescription.windowSize == 0 else {
      return report(SystemProblem(.cpu(index: index), .windows, .malformed))
    }
    for number in 0..<cpu.windowCount {
      guard let window = cpu.window(number) else { continue }
      let subject = SystemProblem.Subject.window(cpu: index, window: number)
      if let home = vm(Int(clamping: window.vm))?
        .physicalCPU(vcpu: Int(clamping: window.vcpu))
      {
        if home != cpu.index { report(SystemProblem(subject, .windows, .onAnotherCPU(home))) }
      } else {
        report(SystemProblem(subject, .windows, .noSuchVCPU(vm: window.vm, vcpu: window.vcpu)))
      }
    }
  }

  private func firstEntry(of cpu: UInt32) -> Int? {
    var index = 0
    for other in cpus {
      if other.index == cpu { return index }
      index += 1
    }
    return nil
  }
}

extension CPUDescription {
  /// The property, where it is there, is a time within the limits.
  fileprivate func checkTime(
    _ name: Text, _ field: SystemProblem.Field, from least: UInt64, to most: UInt64, _ subject: SystemProblem.Subject,
    _ report: (SystemProblem) -> Void
  ) {
    guard let property = node[name] else { return }
    guard let time = property.u64 else { return report(SystemProblem(subject, field, .malformed)) }
    if time < least { report(SystemProblem(subject, field, .tooSmall(limit: least))) }
    if time > most { report(SystemProblem(subject, field, .tooLarge(limit: most))) }
  }
}

extension VMDescription {
  /// An entry for each vCPU in each list, and reservations that make sense.
  func checkScheduling(_ report: (SystemProblem) -> Void) {
    if let property = node["priorities"], property.count != vcpuCount * 4 {
      report(SystemProblem(.vm(index), .priority, .malformed))
    }
    guard let property = node["reservations"] else { return }
    guard property.count == vcpuCount * 24 else {
      return report(SystemProblem(.vm(index), .reservation, .malformed))
    }
    for vcpu in 0..<vcpuCount {
      guard let reservation = reservation(vcpu: vcpu) else { continue }
      func problem(_ kind: SystemProblem.Kind) {
        report(SystemProblem(.vcpu(vm: index, vcpu: vcpu), .reservation, kind))
      }
      // A counter may have a megahertz, and a budget must not round to nothing.
      if reservation.budgetNanoseconds < 1000 { problem(.tooSmall(limit: 1000)) }
      if reservation.periodNanoseconds > 10_000_000_000 { problem(.tooLarge(limit: 10_000_000_000)) }
      if !reservation.isInOrder { problem(.outOfOrder) }
    }
  }
}

extension TimeReservation {
  /// The budget fits before the deadline, and the deadline is not after the period's end.
  var isInOrder: Bool { budgetNanoseconds <= deadlineNanoseconds && deadlineNanoseconds <= periodNanoseconds }
}
