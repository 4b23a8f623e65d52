public import Architecture
public import Scheduling

extension VCPUAccounting {
  /// Writes what a vCPU did as the line for programs that `tvisor histogram` reads, without an end:
  ///
  /// `tvisor-stat: vm=NAME vcpu=N cpu=N hz=N run=N switches=N throttles=N worst=N worst-at=N wake=N,N,…`
  ///
  /// The tool's `StatisticsLine` says what each key means; all times are ticks of the counter, whose rate is `hz`.
  public func writeStatistics<Sink: ByteSink & ~Copyable>(
    to sink: inout Sink, vm: Span<UInt8>, vcpu: Int, cpu: Int, rate: TickRate
  ) {
    sink.write("tvisor-stat: vm=")
    sink.write(vm)
    sink.write(" vcpu=", UInt64(vcpu))
    sink.write(" cpu=", UInt64(cpu))
    sink.write(" hz=", UInt64(rate.perSecond))
    sink.write(" run=", runTime)
    sink.write(" switches=", switchCount)
    sink.write(" throttles=", throttleCount)
    sink.write(" worst=", latency.worst)
    sink.write(" worst-at=", latency.worstAt.ticks)
    sink.write(" wake=")
    latency.writeCounts(to: &sink)
  }
}

extension LatencyHistogram {
  /// Writes the counts by bucket up to the last that is not zero.
  fileprivate func writeCounts<Sink: ByteSink & ~Copyable>(to sink: inout Sink) {
    var end = Self.bucketCount
    while end > 0 && count(inBucket: end - 1) == 0 { end -= 1 }
    for bucket in 0..<end {
      if bucket > 0 { sink.write(",") }
      sink.write(decimal: UInt64(count(inBucket: bucket)))
    }
  }
}

extension ByteSink where Self: ~Copyable {
  /// Writes a number after its key.
  fileprivate mutating func write(_ key: StaticString, _ number: UInt64) {
    write(key)
    write(decimal: number)
  }
}
