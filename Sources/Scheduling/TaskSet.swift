public import Architecture

/// So much of a CPU in each period: `budget` ticks of running time in every `period` ticks, by `deadline` ticks after the
/// vCPU began to need it.
public struct Reservation: Hashable, Sendable {
  /// Running time in ticks, at least 1.
  public var budget: UInt64
  /// The time in ticks after which what was used comes back; at most `Reservation.longestPeriod`.
  public var period: UInt64
  /// The time in ticks in which a whole budget is given at the latest; at least the budget, at most the period.
  public var deadline: UInt64

  /// A reservation whose deadline is the end of the period, unless another is given.
  public init(budget: UInt64, period: UInt64, deadline: UInt64? = nil) {
    self.budget = budget
    self.period = period
    self.deadline = deadline ?? period
  }

  /// No period is longer, in ticks: 18 minutes at 1 GHz, and sums of such times never pass 64 bits.
  public static var longestPeriod: UInt64 { 1 << 40 }
}

/// What a policy knows of one vCPU beyond its number.
public struct TaskParameters: Hashable, Sendable {
  /// Who goes first under `fixed-priority`: 255 is the most urgent, 0 the least. No other policy looks at it.
  public var priority: UInt8
  /// What `earliest-deadline` and `fixed-priority` reserve for the vCPU; nil where it lives on what is left.
  public var reservation: Reservation?

  /// A vCPU of priority 0 without a reservation, unless more is said.
  public init(priority: UInt8 = 0, reservation: Reservation? = nil) {
    self.priority = priority
    self.reservation = reservation
  }
}

/// A part of a cyclic table's major frame, which belongs to one vCPU or to nobody.
public struct CyclicWindow: Hashable, Sendable {
  /// The vCPU that may run, or nil where the CPU idles.
  public var vcpu: Int?
  /// Ticks from the start of the frame.
  public var offset: UInt64
  /// Ticks.
  public var length: UInt64

  /// A window that starts `offset` ticks into the frame.
  public init(vcpu: Int?, offset: UInt64, length: UInt64) {
    self.vcpu = vcpu
    self.offset = offset
    self.length = length
  }
}

/// What a policy knows of its CPU.
public struct CPUParameters: Hashable, Sendable {
  /// How long one of several vCPUs of equal right runs before the next one's turn, in ticks.
  public var slice: UInt64
  /// What one switch from a vCPU to another costs at the most, in ticks.
  public var switchOverhead: UInt64
  /// The longest that the hypervisor goes on with a step for somebody of lower rank, or for itself, before it looks who
  /// comes next: so many ticks at the most pass before anybody's turn begins, beside a switch that is under way.
  public var blocking: UInt64
  /// What the hypervisor takes for itself before all vCPUs, at any time of its own: so many ticks in each period at the
  /// most. The deadline means nothing.
  public var service: Reservation?
  /// The length of a cyclic table's major frame in ticks.
  public var majorFrame: UInt64
  /// When the cyclic table's first frame starts. CPUs that share it run in phase.
  public var epoch: Instant

  /// A CPU with slices of so many ticks, on which switching is free and the hypervisor takes no time unless more is said.
  public init(
    slice: UInt64, switchOverhead: UInt64 = 0, blocking: UInt64 = 0, service: Reservation? = nil,
    majorFrame: UInt64 = 0, epoch: Instant = Instant(ticks: 0)
  ) {
    self.slice = slice
    self.switchOverhead = switchOverhead
    self.blocking = blocking
    self.service = service
    self.majorFrame = majorFrame
    self.epoch = epoch
  }
}

/// The vCPUs of one CPU as a policy sees them, for as long as it is built or asked whether it can take them.
public struct TaskSet: ~Escapable {
  /// The CPU.
  public let cpu: CPUParameters
  /// Its vCPUs, by their number.
  public let tasks: Span<TaskParameters>
  /// Its cyclic table in the order of time; empty under other policies.
  public let windows: Span<CyclicWindow>

  /// The vCPUs `tasks` on a CPU, with a table of windows where the policy is `cyclic`.
  @_lifetime(copy tasks, copy windows)
  public init(_ cpu: CPUParameters, tasks: Span<TaskParameters>, windows: Span<CyclicWindow> = Span()) {
    self.cpu = cpu
    self.tasks = tasks
    self.windows = windows
  }
}
