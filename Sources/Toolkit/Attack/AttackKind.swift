/// One way to take time from others: what the guest `disturb` does, or what a person at the console.
public struct AttackKind: Hashable, Sendable {
  /// Its name.
  public var name: String
  /// The guest's word for what its vCPUs do.
  var argument: String
  /// Further arguments for the guest.
  var options: String?
  /// What is typed meanwhile.
  var typed: Typed?
  /// How the hypervisor's own lines show that it happens, where the guest does not say that it begins.
  var sign: String?
  /// How many times as many periods are measured as for others: what takes long to come again meets the loop rarely.
  var patience = 1
  /// The machines that disturb come before the loop's in the system file: the console's input goes to the first of all.
  var isFirst = false
  /// How many machines it takes at least.
  var leastMachines = 1
  /// How many vCPUs of a machine it takes at least.
  var leastVCPUs = 1

  /// What a person does at the console once the loop measures.
  enum Typed: Hashable {
    /// Keys, and the same again as soon as the console has answered, so many times.
    case keys(String, answer: String, count: Int)
    /// Text that is there all at once, and again a moment later, so many times: the first comes before the measure.
    case pasted(String, count: Int)
  }

  /// An attack by the guest.
  private init(
    _ name: String, _ argument: String? = nil, options: String? = nil, typed: Typed? = nil, sign: String? = nil,
    patience: Int = 1, isFirst: Bool = false, leastMachines: Int = 1, leastVCPUs: Int = 1
  ) {
    self.name = name
    self.argument = argument ?? name
    self.options = options
    self.typed = typed
    self.sign = sign
    // Who types needs time of the host's, in which the guests go on.
    self.patience = typed == nil ? patience : 8
    self.isFirst = isFirst
    self.leastMachines = leastMachines
    self.leastVCPUs = leastVCPUs
  }

  /// Nobody does anything.
  public static let idle = AttackKind("idle")
  /// All are busy, and ask for nothing.
  public static let spin = AttackKind("spin")

  /// All attacks.
  public static let all: [AttackKind] = timers + console + interrupts + power + others

  private static let timers = [
    AttackKind("timers"),
    // Where serving them all takes as long as `range`, one phase in it is the worst.
    AttackKind("timers-sweep", "timers", options: "phase=940000 sweep=1237 range=61000"),
    // In the time that a reservation has.
    AttackKind("timers-within", "timers", options: "phase=100000"),
    AttackKind("timers-fast", "timers", options: "period=50000"),
    AttackKind("physical-timers"),
    AttackKind("both-timers"),
    AttackKind("both-sweep", "both-timers", options: "phase=940000 sweep=1237 range=61000"),
    AttackKind("ready-timers"),
  ]
  private static let console = [
    AttackKind("uart"), AttackKind("uart-focus", "uart", isFirst: true),
    AttackKind("lines"), AttackKind("room"),
    AttackKind("crossing", isFirst: true, leastMachines: 2),
    // Somebody is busy meanwhile: time would jump on while all sleep, and nobody types as fast as that.
    AttackKind("keys-show", "spin", typed: .keys("\u{14}s", answer: " from other CPUs", count: 40)),
    AttackKind("keys-dump", "spin", typed: .keys("\u{14}d", answer: " requests=", count: 40)),
    AttackKind(
      "paste", "spin", typed: .pasted(String(repeating: "all work and no play ", count: 100), count: 20),
      isFirst: true),
    AttackKind("paste-keys", "spin", typed: .pasted(String(repeating: "\u{14}d\u{14}s", count: 20), count: 20)),
  ]
  private static let interrupts = [
    AttackKind("sgi", leastVCPUs: 2), AttackKind("sgi-lists", leastVCPUs: 2), AttackKind("sgi-ready", leastVCPUs: 2),
    AttackKind("sgi-singles", leastVCPUs: 2), AttackKind("sgi-taken", leastVCPUs: 2),
    AttackKind("sgi-all", leastVCPUs: 2),
    AttackKind("distributor"), AttackKind("pending"), AttackKind("routes"), AttackKind("control"),
    AttackKind("control-full", patience: 8, leastVCPUs: 2),
    AttackKind("deactivations"), AttackKind("many"),
  ]
  private static let power = [
    AttackKind("reset", sign: "asked for a reset", patience: 4),
    AttackKind("reset-all", sign: "asked for a reset", patience: 4, leastVCPUs: 2),
    AttackKind("cpu-on", leastVCPUs: 2), AttackKind("calls"),
  ]
  private static let others = [
    AttackKind("sleeps"), AttackKind("yields"), AttackKind("devices"), AttackKind("aborts"), AttackKind("maintenance"),
    AttackKind("heavy"), AttackKind("alarms"), AttackKind("mixed", leastMachines: 4),
  ]
}
