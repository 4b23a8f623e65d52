internal import Architecture
internal import ArmCommon
internal import ArmRegisters
internal import Scheduling
internal import Virtualization

// What the vCPUs did with their CPUs, on the console. The numbers belong to the vCPUs' CPUs, which go on counting: what is
// shown of another CPU's vCPU may be a moment apart from one number to the next.

/// How far a report has come. Protected by the console's lock, as the console is.
struct StatisticsReport {
  /// For people, with headings; else in lines for programs.
  let isTable: Bool
  /// Whose line is composed or shown: the vCPUs', then the CPUs'.
  var subject = 0
  /// The part of the line that is composed next; nil where it is whole. Each part is a step of the console's work, and so is to
  /// show the line: a line of twenty numbers takes as long to compose as ten switches.
  var part: Int? = 0
  /// What is composed of it.
  var line = ConsoleMessage()
}

extension Reference where Value == PhysicalCPU {
  /// Begins a report. It goes on as the console has room.
  func showStatistics(asTable: Bool) {
    withConsole { console in
      console.statistics = StatisticsReport(isTable: asTable)
      guard asTable else { return }
      console.report { $0.write("  CPU  vCPU  state         run ms  share %   switches  throttles  worst us  VM\n") }
    }
  }

  /// Does a step of the report that was begun: composes a part of a line, or shows it.
  func goOnWithStatistics() {
    let hypervisor = Hypervisor.shared
    let vcpuCount = hypervisor.value.vcpus.count
    withConsole { console in
      guard let report = console.statistics.map({ ($0.isTable, $0.subject, $0.part) }) else { return }
      let (isTable, subject, part) = report
      guard let part else {
        console.showStatisticsLine(isLast: subject &+ 1 >= vcpuCount &+ hypervisor.value.cpus.count)
        return
      }
      let isWhole = console.composeStatistics { line in
        if subject >= vcpuCount { return writeCPU(part, subject &- vcpuCount, asTable: isTable, to: &line) }
        return isTable
          ? writeRow(part, of: hypervisor.value.vcpus.reference(to: subject), to: &line)
          : writeLine(part, of: hypervisor.value.vcpus.reference(to: subject), to: &line)
      }
      console.statistics?.part = isWhole ? nil : part &+ 1
    }
  }

  /// A part of the row for people. True where it is the last.
  private func writeRow(_ part: Int, of vcpu: Reference<VCPU>, to line: inout ConsoleMessage) -> Bool {
    let hypervisor = Hypervisor.shared
    let rate = TickRate(perSecond: UInt32(truncatingIfNeeded: hypervisor.value.ticksPerSecond))
    let accounting = vcpu.value.accounting
    switch part {
    case 0:
      line.write(decimal: UInt64(vcpu.value.cpu.value.index), width: 5)
      line.write(decimal: UInt64(vcpu.value.index), width: 6)
      let state = stateName(of: vcpu)
      line.write("  ")
      line.write(state)
      for _ in state.utf8CodeUnitCount..<7 { line.write(" ") }
    case 1:
      let passed = max(Instant.now.ticks(since: hypervisor.value.startedAt) / 1000, 1)
      let runTime = runTime(of: vcpu)
      line.write(decimal: rate.nanoseconds(ticks: runTime) / 1_000_000, width: 12)
      let share = runTime / passed
      line.write(decimal: share / 10, width: 7)
      line.write(".")
      line.write(decimal: share % 10)
    case 2:
      line.write(decimal: accounting.switchCount, width: 11)
      line.write(decimal: throttleCount(of: vcpu), width: 11)
    default:
      line.write(decimal: rate.nanoseconds(ticks: accounting.latency.worst) / 1000, width: 10)
      line.write("  ")
      vcpu.value.vm.value.name.write(to: &line)
      line.write("\n")
      return true
    }
    return false
  }

  /// A part of the form that `tvisor histogram` reads. True where it is the last.
  private func writeLine(_ part: Int, of vcpu: Reference<VCPU>, to line: inout ConsoleMessage) -> Bool {
    let hypervisor = Hypervisor.shared
    let accounting = vcpu.value.accounting
    func write(_ key: StaticString, _ value: UInt64) {
      line.write(key)
      line.write(decimal: value)
    }
    switch part {
    case 0:
      line.write("tvisor-stat: vm=")
      vcpu.value.vm.value.name.write(to: &line)
      write(" vcpu=", UInt64(vcpu.value.index))
      write(" cpu=", UInt64(vcpu.value.cpu.value.index))
      line.write(" state=")
      line.write(stateName(of: vcpu))
    case 1:
      write(" hz=", hypervisor.value.ticksPerSecond)
      write(" run=", runTime(of: vcpu))
    case 2:
      write(" switches=", accounting.switchCount)
      write(" throttles=", throttleCount(of: vcpu))
    case 3:
      write(" worst=", accounting.latency.worst)
      write(" worst-at=", accounting.latency.worstAt.ticks)
      line.write(" wake=")
    default: return writeBuckets(from: (part &- 4) &* Self.bucketsAtOnce, of: vcpu, to: &line)
    }
    return false
  }

  /// How many buckets of a histogram one step writes.
  private static var bucketsAtOnce: Int { 2 }

  /// Some of the histogram of a vCPU's wakes, up to its last bucket with anything in it; the line's end behind it. True where that
  /// was it.
  private func writeBuckets(from first: Int, of vcpu: Reference<VCPU>, to line: inout ConsoleMessage) -> Bool {
    let latency = vcpu.value.accounting.latency
    let bucketCount = latency.usedBucketCount
    let end = min(first &+ Self.bucketsAtOnce, bucketCount)
    for bucket in min(first, end)..<end {
      if bucket > 0 { line.write(",") }
      line.write(decimal: UInt64(latency.count(inBucket: bucket)))
    }
    if end == bucketCount { line.write("\n") }
    return end == bucketCount
  }

  /// How long a vCPU has run up to now, in ticks: what its CPU has counted, and what it has not yet, which on a CPU of its own may be
  /// all. Where the CPU counts meanwhile, it is looked at again.
  @inline(never)
  private func runTime(of vcpu: Reference<VCPU>) -> UInt64 {
    let cpu = vcpu.value.cpu
    for _ in 0..<4 {
      let start = cpu.value.chargedUntil
      barrier_complete_inner()
      let counted = vcpu.value.accounting.runTime
      let isRunning = cpu.value.charged.map { $0 == vcpu } ?? false
      let uncounted = isRunning ? Instant.now.ticks(since: start) : 0
      barrier_complete_inner()
      if cpu.value.chargedUntil == start { return counted &+ uncounted }
    }
    return vcpu.value.accounting.runTime
  }

  /// What interrupted a CPU on the hypervisor's own account, and for people then which core it is, with its errata. True where it is
  /// all of the line.
  private func writeCPU(_ part: Int, _ index: Int, asTable: Bool, to line: inout ConsoleMessage) -> Bool {
    let cpu = Hypervisor.shared.value.cpus.reference(to: index)
    switch part {
    case 0: break
    case 1:
      line.write("; ")
      cpu.value.core.writeName(to: &line)
      return false
    default:
      if cpu.value.core.part != nil {
        line.write("; ")
        cpu.value.core.writeErrata(to: &line)
      }
      line.write("\n")
      return true
    }
    line.write(asTable ? "CPU " : "tvisor-cpu: cpu=")
    line.write(decimal: UInt64(index))
    line.write(asTable ? ": " : " timer=")
    line.write(decimal: cpu.value.timerInterruptCount)
    line.write(asTable ? " timer interrupts of ours, " : " requests=")
    line.write(decimal: cpu.value.requestInterruptCount)
    line.write(asTable ? " from other CPUs" : "\n")
    return !asTable
  }

  /// What the vCPU is at. It may have gone on to something else when the line is read.
  private func stateName(of vcpu: Reference<VCPU>) -> StaticString {
    if vcpu.value.isAskedToLeave { return "off" }
    switch vcpu.value.activity {
    case .off: return "off"
    case .waiting: return "waiting"
    case .ready: return vcpu.value.cpu.value.loaded == vcpu ? "running" : "ready"
    }
  }

  private func throttleCount(of vcpu: Reference<VCPU>) -> UInt64 {
    UInt64(vcpu.value.cpu.value.scheduler.throttleCount(of: vcpu.value.slot))
  }
}
