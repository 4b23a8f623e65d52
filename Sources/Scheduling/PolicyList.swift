public import Architecture

/// One of several policies, chosen by its number when it is built. All calls are static: a switch, not a table of
/// functions.
public protocol PolicyList: Scheduler {
  /// How many policies there are to choose from.
  static var policyCount: Int { get }

  /// The name of policy `number`.
  static func policyName(_ number: Int) -> StaticString

  /// Asks policy `number` whether it can take the set.
  static func admit(_ set: borrowing TaskSet, under number: Int) throws(AdmissionRefusal)

  /// Policy `number` for an admitted set.
  init<Provider: StorageProvider & ~Copyable>(
    _ number: Int, _ set: borrowing TaskSet, in provider: inout Provider
  ) throws(OutOfMemory)
}

/// The policy `First`, number 0, or one of `Rest`.
///
/// The policy lives in the provider's memory and this only names it: an enum could not change a policy in its place.
public enum OneOf<First: SchedulingPolicy & ~Copyable, Rest: PolicyList>: PolicyList {
  case first(Storage<First>)
  case rest(Rest)

  /// One more than the rest has.
  public static var policyCount: Int { 1 + Rest.policyCount }

  /// The first policy's name, or what the rest says.
  public static func policyName(_ number: Int) -> StaticString {
    number == 0 ? First.name : Rest.policyName(number - 1)
  }

  /// Asks the first policy or the rest.
  public static func admit(_ set: borrowing TaskSet, under number: Int) throws(AdmissionRefusal) {
    if number == 0 { try First.admit(set) } else { try Rest.admit(set, under: number - 1) }
  }

  /// The first policy or one of the rest.
  public init<Provider: StorageProvider & ~Copyable>(
    _ number: Int, _ set: borrowing TaskSet, in provider: inout Provider
  ) throws(OutOfMemory) {
    guard number == 0 else {
      self = .rest(try Rest(number - 1, set, in: &provider))
      return
    }
    var policy: First? = try First(set, in: &provider)
    // Storage is filled by a closure, which cannot be given a value that may not be copied other than like this.
    self = .first(try provider.storage(of: First.self, count: 1) { _ in policy.take()! })
  }

  /// Tells the policy.
  public mutating func ready(_ vcpu: Int, at now: Instant) {
    switch self {
    case .first(let policy): policy[0].ready(vcpu, at: now)
    case .rest(var rest): rest.ready(vcpu, at: now)
    }
  }

  /// Tells the policy.
  public mutating func block(_ vcpu: Int, at now: Instant) {
    switch self {
    case .first(let policy): policy[0].block(vcpu, at: now)
    case .rest(var rest): rest.block(vcpu, at: now)
    }
  }

  /// Tells the policy.
  public mutating func yield(_ vcpu: Int, at now: Instant) {
    switch self {
    case .first(let policy): policy[0].yield(vcpu, at: now)
    case .rest(var rest): rest.yield(vcpu, at: now)
    }
  }

  /// Tells the policy.
  public mutating func remove(_ vcpu: Int, at now: Instant) {
    switch self {
    case .first(let policy): policy[0].remove(vcpu, at: now)
    case .rest(var rest): rest.remove(vcpu, at: now)
    }
  }

  /// Tells the policy.
  public mutating func charge(_ vcpu: Int, ran ticks: UInt64) {
    switch self {
    case .first(let policy): policy[0].charge(vcpu, ran: ticks)
    case .rest(var rest): rest.charge(vcpu, ran: ticks)
    }
  }

  /// Asks the policy.
  public mutating func pick(at now: Instant) -> Decision {
    switch self {
    case .first(let policy): policy[0].pick(at: now)
    case .rest(var rest): rest.pick(at: now)
    }
  }

  /// Tells and asks the policy.
  public mutating func pick(at now: Instant, after vcpu: Int?, ran ticks: UInt64) -> Decision {
    switch self {
    case .first(let policy): policy[0].pick(at: now, after: vcpu, ran: ticks)
    case .rest(var rest): rest.pick(at: now, after: vcpu, ran: ticks)
    }
  }

  /// Asks the policy.
  public func throttleCount(of vcpu: Int) -> UInt32 {
    switch self {
    case .first(let policy): policy[0].throttleCount(of: vcpu)
    case .rest(let rest): rest.throttleCount(of: vcpu)
    }
  }

  /// Asks the policy.
  public func standing(of vcpu: Int) -> Int {
    switch self {
    case .first(let policy): policy[0].standing(of: vcpu)
    case .rest(let rest): rest.standing(of: vcpu)
    }
  }

  /// Asks the policy.
  public func audience(of vcpu: Int) -> Audience {
    switch self {
    case .first(let policy): policy[0].audience(of: vcpu)
    case .rest(let rest): rest.audience(of: vcpu)
    }
  }

  /// Asks the policy.
  public var idleAudience: Audience {
    switch self {
    case .first(let policy): policy[0].idleAudience
    case .rest(let rest): rest.idleAudience
    }
  }
}

/// The end of a list: no policy. There is no value of this type.
public enum NoPolicy: PolicyList {
  /// None.
  public static var policyCount: Int { 0 }

  /// Never called: there is no such number.
  public static func policyName(_ number: Int) -> StaticString { preconditionFailure() }

  /// Never called: there is no such number.
  public static func admit(_ set: borrowing TaskSet, under number: Int) throws(AdmissionRefusal) {
    preconditionFailure()
  }

  /// Never called: there is no such number.
  public init<Provider: StorageProvider & ~Copyable>(
    _ number: Int, _ set: borrowing TaskSet, in provider: inout Provider
  ) throws(OutOfMemory) { preconditionFailure() }

  /// Never called.
  public mutating func ready(_ vcpu: Int, at now: Instant) {}

  /// Never called.
  public mutating func block(_ vcpu: Int, at now: Instant) {}

  /// Never called.
  public mutating func yield(_ vcpu: Int, at now: Instant) {}

  /// Never called.
  public mutating func remove(_ vcpu: Int, at now: Instant) {}

  /// Never called.
  public mutating func charge(_ vcpu: Int, ran ticks: UInt64) {}

  /// Never called.
  public mutating func pick(at now: Instant) -> Decision { switch self {} }
}
