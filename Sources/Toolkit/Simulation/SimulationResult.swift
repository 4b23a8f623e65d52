/// What came out of a simulation. Times are in nanoseconds from its start.
public struct SimulationResult: Sendable {
  /// How long it was.
  public var duration: UInt64
  /// The CPUs that have vCPUs.
  public var processors: [Processor]
  /// What the timelines show.
  public var window: Range<UInt64>

  /// How many jobs of all vCPUs were not done by their deadlines.
  public var missCount: Int { processors.flatMap(\.virtualCPUs).reduce(0) { $0 + $1.missCount } }

  /// What one CPU did.
  public struct Processor: Sendable {
    /// The CPU's number.
    public var number: UInt32
    /// Its policy's name.
    public var policy: String
    /// Its vCPUs.
    public var virtualCPUs: [VirtualCPU]
    /// How long it ran vCPUs.
    public var runTime: UInt64 = 0
    /// How long it took to switch.
    public var overheadTime: UInt64 = 0
    /// How often it loaded another vCPU.
    public var switchCount = 0
    /// How often a timer of the scheduler's interrupted it, in a vCPU or idle.
    public var timerCount = 0
    /// Within the window, the stretches in which it switched.
    public var switches: [Range<UInt64>] = []
  }

  /// What one vCPU did.
  public struct VirtualCPU: Sendable {
    /// Its VM's place in the file.
    public var machine: Int
    /// Its VM's name.
    public var machineName: String
    /// Its number in its VM.
    public var number: Int
    /// What it was taken to do.
    public var behaviour: Behaviour
    /// How many of its jobs were released, where it has any.
    public var jobCount = 0
    /// How many jobs were done.
    public var doneCount = 0
    /// How many jobs were not done by their deadlines, those included that never were.
    public var missCount = 0
    /// The longest time from a job's release until it was done, or until the end where it never was.
    public var worstResponse: UInt64 = 0
    /// Whether the worst response is that of a job that was not done at the end.
    public var isWorstUnfinished = false
    /// The job that was the first to miss its deadline.
    public var firstMiss: Job?
    /// How long it ran.
    public var runTime: UInt64 = 0
    /// How often it had to stop because its budget was used up.
    public var throttleCount = 0
    /// How often it had to give the CPU to another with work left and not for lack of budget.
    public var preemptionCount = 0
    /// Within the window, when it ran.
    public var runs: [Range<UInt64>] = []
    /// Within the window, when it had work and did not run.
    public var waits: [Wait] = []
    /// The jobs that touch the window, and when each was done.
    public var jobs: [(job: Job, end: UInt64?)] = []

    /// Its name: `debian.1`.
    public var name: String { "\(machineName).\(number)" }
    /// Whether it has jobs, and not just work without end.
    public var hasJobs: Bool {
      switch behaviour {
      case .busy, .idle, .settling: false
      case .periodic, .bursty: true
      }
    }
  }

  /// Time that a vCPU spent with work and without the CPU.
  public struct Wait: Equatable, Sendable {
    /// When.
    public var time: Range<UInt64>
    /// Whether it could not have run for lack of budget.
    public var isThrottled: Bool
  }
}
