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

/// A reservation with its switches, or what the hypervisor takes for itself, as the theory sees it: a sporadic task. All
/// numbers are below 2⁴¹.
///
/// A switch that is under way is not interrupted, nor is a step of the hypervisor's, so that each deadline is one switch and
/// the longest step nearer than it was asked for. What the hypervisor takes goes before all: of that so much is due until
/// an instant as may have been asked for until a tick before it, the time of that delay included.
struct SporadicTask {
  var cost: UInt64
  var period: UInt64
  var deadline: UInt64
  /// How much earlier than with the others its first release may have been.
  var lead: UInt64 = 0

  /// cost ÷ period in units of 2⁻⁴⁸, rounded down, and whether that is exact. Long division by digits of 24 bits.
  var utilisation: (floor: UInt64, isExact: Bool) {
    let first = (cost << 24).quotientAndRemainder(dividingBy: period)
    let second = (first.remainder << 24).quotientAndRemainder(dividingBy: period)
    return (first.quotient << 24 &+ second.quotient, second.remainder == 0)
  }
}

extension TaskSet {
  /// What delays a vCPU that should run once at the most, before all that goes before it: the rest of a switch and that of
  /// a step.
  var delay: UInt64 { cpu.switchOverhead &+ cpu.blocking }

  /// The numbers of all that may have a sporadic task: the hypervisor's own, which is the first, and the vCPUs.
  var taskNumbers: Range<Int> { -1..<tasks.count }

  /// The task of the hypervisor or the reservation of a vCPU, by its number, or nil. `checkReservations` has passed.
  func sporadicTask(_ number: Int) -> SporadicTask? {
    guard number >= 0 else {
      return cpu.service.map { SporadicTask(cost: $0.budget, period: $0.period, deadline: 1, lead: delay) }
    }
    guard let own = tasks[number].reservation else { return nil }
    return SporadicTask(
      cost: own.budget &+ 2 &* cpu.switchOverhead, period: own.period, deadline: own.deadline &- delay)
  }

  /// Refuses where the reservations take more than the whole CPU. Returns an upper bound of what they take, in 2⁻⁴⁸.
  func checkUtilisation() throws(AdmissionRefusal) -> UInt64 {
    let whole: UInt64 = 1 << 48
    var floor: UInt64 = 0
    var inexactCount: UInt64 = 0
    for number in taskNumbers {
      guard let task = sporadicTask(number) else { continue }
      let share = task.utilisation
      floor &+= share.floor
      inexactCount &+= share.isExact ? 0 : 1
      guard floor &+ inexactCount > whole else { continue }
      // Each inexact share is less than one unit above its floor: only between these two is there a doubt.
      guard floor < whole, try exactlyFits(through: number) else {
        throw AdmissionRefusal(
          number < 0 ? .cpu : .vcpu(number), .utilisation, value: TaskSet.partsPerMillion(floor &+ inexactCount),
          limit: 1_000_000)
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
    for number in -1...last {
      guard let task = sporadicTask(number) else { continue }
      let factor = task.period / greatestCommonDivisor(multiple, task.period)
      let (product, overflow) = multiple.multipliedReportingOverflow(by: factor)
      guard !overflow && product < 1 << 62, effort.spend(64) else {
        throw AdmissionRefusal(.vcpu(last), .undecided, value: effort.spent, limit: Effort.limit)
      }
      multiple = product
    }
    var sum: UInt64 = 0
    for number in -1...last {
      guard let task = sporadicTask(number) else { continue }
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
