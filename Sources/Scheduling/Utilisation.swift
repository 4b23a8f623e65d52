// How much of a CPU the reservations take together, without rounding and without numbers of more than 64 bits.

/// What an admission test may cost, whatever the file says: divisions, about a tenth of a second of them on a slow core.
struct Effort {
  static var limit: UInt64 { 1 << 20 }
  private(set) var spent: UInt64 = 0

  /// Counts so many divisions. False where the limit is passed.
  mutating func spend(_ count: Int) -> Bool {
    spent &+= UInt64(truncatingIfNeeded: count)
    return spent <= Effort.limit
  }

  /// The refusal where the limit is passed.
  func refusal(_ subject: AdmissionRefusal.Subject) -> AdmissionRefusal {
    AdmissionRefusal(subject, .undecided, value: spent, limit: Effort.limit)
  }
}

/// A reservation with its switches as the theory sees it: a sporadic task. All numbers are below 2⁴¹.
///
/// A switch that is under way is not interrupted, so that each deadline is one switch nearer than it was asked for.
struct SporadicTask {
  var cost: UInt64
  var period: UInt64
  var deadline: UInt64

  /// cost ÷ period in units of 2⁻⁴⁸, rounded down, and whether that is exact. Long division by digits of 24 bits.
  var utilisation: (floor: UInt64, isExact: Bool) {
    let first = (cost << 24).quotientAndRemainder(dividingBy: period)
    let second = (first.remainder << 24).quotientAndRemainder(dividingBy: period)
    return (first.quotient << 24 &+ second.quotient, second.remainder == 0)
  }
}

extension TaskSet {
  /// The reservation of `vcpu`, or nil. `checkReservations` has passed.
  func sporadicTask(_ vcpu: Int) -> SporadicTask? {
    guard let own = tasks[vcpu].reservation else { return nil }
    let overhead = cpu.switchOverhead
    return SporadicTask(
      cost: own.budget &+ 2 &* overhead, period: own.period, deadline: own.deadline &- overhead)
  }

  /// Refuses where the reservations take more than the whole CPU. Returns an upper bound of what they take, in 2⁻⁴⁸.
  func checkUtilisation() throws(AdmissionRefusal) -> UInt64 {
    let whole: UInt64 = 1 << 48
    var floor: UInt64 = 0
    var inexactCount: UInt64 = 0
    for vcpu in tasks.indices {
      guard let task = sporadicTask(vcpu) else { continue }
      let share = task.utilisation
      floor &+= share.floor
      inexactCount &+= share.isExact ? 0 : 1
      guard floor &+ inexactCount > whole else { continue }
      // Each inexact share is less than one unit above its floor: only between these two is there a doubt.
      guard floor < whole, try exactlyFits(through: vcpu) else {
        throw AdmissionRefusal(
          .vcpu(vcpu), .utilisation, value: TaskSet.partsPerMillion(floor &+ inexactCount), limit: 1_000_000)
      }
    }
    return min(floor &+ inexactCount, whole)
  }

  /// Units of 2⁻⁴⁸ in millionths, rounded up.
  static func partsPerMillion(_ units: UInt64) -> UInt64 {
    ((units >> 16 &+ 1) &* 1_000_000 &+ (1 << 32 &- 1)) >> 32
  }

  /// Whether the vCPUs up to this one take a whole CPU at the most, counted out over a common multiple of their periods.
  private func exactlyFits(through last: Int) throws(AdmissionRefusal) -> Bool {
    var effort = Effort()
    var multiple: UInt64 = 1
    for vcpu in 0...last {
      guard let task = sporadicTask(vcpu) else { continue }
      let factor = task.period / greatestCommonDivisor(multiple, task.period)
      let (product, overflow) = multiple.multipliedReportingOverflow(by: factor)
      guard !overflow && product < 1 << 62, effort.spend(64) else {
        throw AdmissionRefusal(.vcpu(last), .undecided, value: effort.spent, limit: Effort.limit)
      }
      multiple = product
    }
    var sum: UInt64 = 0
    for vcpu in 0...last {
      guard let task = sporadicTask(vcpu) else { continue }
      sum &+= multiple / task.period &* task.cost
      if sum > multiple { return false }
    }
    return true
  }
}

/// By Euclid.
func greatestCommonDivisor(_ left: UInt64, _ right: UInt64) -> UInt64 {
  var (a, b) = (left, right)
  while b != 0 { (a, b) = (b, a % b) }
  return a
}
