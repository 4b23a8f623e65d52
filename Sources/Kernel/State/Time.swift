package import Architecture
internal import ArmRegisters

extension Instant {
  /// The system counter.
  @inline(__always)
  package static var now: Instant { Instant(ticks: read_physical_counter()) }
}
