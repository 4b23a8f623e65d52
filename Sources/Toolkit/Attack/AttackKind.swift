/// One way to take time from others: what the guest `disturb` does, or what a person at the console.
public struct AttackKind: Hashable, Sendable {
  /// Its name.
  public var name: String
  /// The guest's word for what its vCPUs do.
  var argument: String
  /// Further arguments for the guest.
  var options: String?
  /// What is typed meanwhile, again and again.
  var typed: Typed?
  /// How the hypervisor's own lines show that it happens, where the guest does not say that it begins.
  var sign: String?

  /// What a person does at the console.
  enum Typed: Hashable {
    /// Keys, one after the other, as fast as somebody can press them.
    case keys(String)
    /// Text that is there all at once.
    case pasted(String)
  }

  /// An attack by the guest.
  init(_ name: String, _ argument: String? = nil, options: String? = nil, typed: Typed? = nil, sign: String? = nil) {
    self.name = name
    self.argument = argument ?? name
    self.options = options
    self.typed = typed
    self.sign = sign
  }

  /// Nobody does anything.
  public static let idle = AttackKind("idle")
  /// All are busy, and ask for nothing.
  public static let spin = AttackKind("spin")

  /// All attacks.
  public static let all: [AttackKind] = [
    AttackKind("timers"),
    AttackKind("timers-sweep", "timers", options: "sweep=1237"),
    AttackKind("physical-timers"),
    AttackKind("both-timers"),
    AttackKind("ready-timers"),
    AttackKind("uart"),
    AttackKind("lines"),
    AttackKind("sgi"),
    AttackKind("sgi-lists"),
    AttackKind("sgi-ready"),
    AttackKind("sgi-all"),
    AttackKind("reset", sign: "asked for a reset"),
    AttackKind("reset-all", sign: "asked for a reset"),
    AttackKind("cpu-on"),
    AttackKind("distributor"),
    AttackKind("sleeps"),
    AttackKind("yields"),
    AttackKind("devices"),
    AttackKind("calls"),
    AttackKind("keys-show", "idle", typed: .keys("\u{14}s")),
    AttackKind("keys-dump", "idle", typed: .keys("\u{14}d")),
    AttackKind("paste", "idle", typed: .pasted(String(repeating: "all work and no play ", count: 200))),
  ]
}
