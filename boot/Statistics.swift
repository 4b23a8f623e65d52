internal import Architecture
internal import ArmRegisters
internal import Configuration
internal import DeviceTree
internal import Planning
internal import Scheduling
internal import Virtualization

// What the vCPUs did with their CPUs, on the console. The numbers belong to the vCPUs' CPUs, which go on counting: what is
// shown of another CPU's vCPU may be a moment apart from one number to the next.

/// How far a report has come. Protected by the console's lock, as the console is.
struct StatisticsReport {
  /// For people, with headings; else in lines for programs.
  let isTable: Bool
  /// What comes next: the vCPUs' lines, then the CPUs'.
  var next = 0
  /// A line that is composed and not yet shown: each of the two is a step of its own.
  var line: ConsoleMessage?
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

  /// Shows the next line of the report that was begun.
  func goOnWithStatistics() {
    let hypervisor = Hypervisor.shared
    withConsole { console in
      guard var report = console.statistics else { return }
      let vcpuCount = hypervisor.value.vcpus.count
      if var line = report.line {
        console.report(&line)
        report.line = nil
        report.next &+= 1
        let isDone = report.next >= vcpuCount &+ hypervisor.value.cpus.count
        console.statistics = isDone ? nil : report
        return
      }
      var line = ConsoleMessage()
      if report.next >= vcpuCount {
        writeCPU(report.next - vcpuCount, asTable: report.isTable, to: &line)
      } else if report.isTable {
        writeRow(of: report.next, to: &line)
      } else {
        writeLine(of: report.next, to: &line)
      }
      console.statistics?.line = line
    }
  }

  private func writeRow(of number: Int, to line: inout ConsoleMessage) {
    let hypervisor = Hypervisor.shared
    let rate = TickRate(perSecond: UInt32(truncatingIfNeeded: hypervisor.value.ticksPerSecond))
    let accounting = hypervisor.value.vcpus[number].accounting
    let passed = max(Instant.now.ticks(since: hypervisor.value.startedAt) / 1000, 1)
    let cpu = hypervisor.value.vcpus[number].cpu
    line.write(decimal: UInt64(cpu), width: 5)
    line.write(decimal: UInt64(hypervisor.value.vcpus[number].index), width: 6)
    let state = stateName(of: number)
    line.write("  ")
    line.write(state)
    for _ in state.utf8CodeUnitCount..<7 { line.write(" ") }
    let runTime = runTime(of: number)
    line.write(decimal: rate.nanoseconds(ticks: runTime) / 1_000_000, width: 12)
    let share = runTime / passed
    line.write(decimal: share / 10, width: 7)
    line.write(".")
    line.write(decimal: share % 10)
    line.write(decimal: accounting.switchCount, width: 11)
    line.write(decimal: throttleCount(of: number), width: 11)
    line.write(decimal: rate.nanoseconds(ticks: accounting.latency.worst) / 1000, width: 10)
    line.write("  ")
    line.write(hypervisor.value.vms[hypervisor.value.vcpus[number].vm].description.name.span)
    line.write("\n")
  }

  /// The form that `tvisor histogram` reads.
  private func writeLine(of number: Int, to line: inout ConsoleMessage) {
    let hypervisor = Hypervisor.shared
    let accounting = hypervisor.value.vcpus[number].accounting
    func write(_ key: StaticString, _ value: UInt64) {
      line.write(key)
      line.write(decimal: value)
    }
    line.write("tvisor-stat: vm=")
    line.write(hypervisor.value.vms[hypervisor.value.vcpus[number].vm].description.name.span)
    write(" vcpu=", UInt64(hypervisor.value.vcpus[number].index))
    write(" cpu=", UInt64(hypervisor.value.vcpus[number].cpu))
    line.write(" state=")
    line.write(stateName(of: number))
    write(" hz=", hypervisor.value.ticksPerSecond)
    write(" run=", runTime(of: number))
    write(" switches=", accounting.switchCount)
    write(" throttles=", throttleCount(of: number))
    write(" worst=", accounting.latency.worst)
    write(" worst-at=", accounting.latency.worstAt.ticks)
    line.write(" wake=")
    var bucketCount = LatencyHistogram.bucketCount
    while bucketCount > 0, accounting.latency.count(inBucket: bucketCount - 1) == 0 { bucketCount -= 1 }
    for bucket in 0..<bucketCount {
      if bucket > 0 { line.write(",") }
      line.write(decimal: UInt64(accounting.latency.count(inBucket: bucket)))
    }
    line.write("\n")
  }

  /// How long a vCPU has run up to now, in ticks: what its CPU has counted, and what it has not yet, which on a CPU of its own may be
  /// all. Where the CPU counts meanwhile, it is looked at again.
  @inline(never)
  private func runTime(of number: Int) -> UInt64 {
    let hypervisor = Hypervisor.shared
    let vcpu = hypervisor.value.vcpus.reference(to: number)
    let cpu = hypervisor.value.cpus.reference(to: vcpu.value.cpu)
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

  /// What interrupted a CPU on the hypervisor's own account.
  private func writeCPU(_ index: Int, asTable: Bool, to line: inout ConsoleMessage) {
    let cpu = Hypervisor.shared.value.cpus.reference(to: index)
    line.write(asTable ? "CPU " : "tvisor-cpu: cpu=")
    line.write(decimal: UInt64(index))
    line.write(asTable ? ": " : " timer=")
    line.write(decimal: cpu.value.timerInterruptCount)
    line.write(asTable ? " timer interrupts of ours, " : " requests=")
    line.write(decimal: cpu.value.requestInterruptCount)
    line.write(asTable ? " from other CPUs\n" : "\n")
  }

  /// What the vCPU is at. It may have gone on to something else when the line is read.
  private func stateName(of number: Int) -> StaticString {
    let vcpu = Hypervisor.shared.value.vcpus.reference(to: number)
    if vcpu.value.isAskedToLeave { return "off" }
    switch vcpu.value.activity {
    case .off: return "off"
    case .waiting: return "waiting"
    case .ready: return Hypervisor.shared.value.cpus[vcpu.value.cpu].loaded == number ? "running" : "ready"
    }
  }

  private func throttleCount(of number: Int) -> UInt64 {
    let hypervisor = Hypervisor.shared
    let cpu = hypervisor.value.cpus.reference(to: hypervisor.value.vcpus[number].cpu)
    return UInt64(cpu.value.scheduler.throttleCount(of: hypervisor.value.vcpus[number].slot))
  }
}
