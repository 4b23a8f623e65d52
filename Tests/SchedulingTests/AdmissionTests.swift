import Architecture
import TestSupport
import Testing

@testable import Scheduling

@Suite("Admission", .timeLimited)
struct AdmissionTests {
  @Test("Earliest deadline first: a set is refused exactly where it misses a deadline when all wake at once")
  func demandIsExact() {
    var counts = (admitted: 0, byDemand: 0, byUtilisation: 0)
    for seed in 0..<4_000 as Range<UInt64> {
      var dice = Dice(seed)
      let trial = WorstCase.random(&dice)
      let refusal = Tasks(trial.parameters).refusal(.earliestDeadline)
      let miss = trial.miss(until: trial.horizon) { $1 }
      #expect((refusal == nil) == (miss == nil), "\(trial): \(String(describing: refusal)), misses at \(miss ?? -1)")
      switch refusal?.reason {
      case nil: counts.admitted += 1
      case .demand: counts.byDemand += 1
      case .utilisation: counts.byUtilisation += 1
      default: Issue.record("\(trial): \(refusal!)")
      }
      if let refusal, refusal.reason == .demand { #expect(refusal.value > refusal.limit) }
    }
    #expect(counts.admitted > 400 && counts.byDemand > 400 && counts.byUtilisation > 400, "\(counts)")
  }

  @Test("Fixed priority: a set is refused exactly where it misses a deadline when all wake at once")
  func responseTimeIsExact() {
    var counts = (admitted: 0, byResponse: 0)
    for seed in 0..<4_000 as Range<UInt64> {
      var dice = Dice(seed)
      let trial = WorstCase.random(&dice)
      let refusal = Tasks(trial.parameters).refusal(.fixedPriority)
      let miss = trial.miss(until: trial.horizon) { task, _ in 0 - task.priority }
      #expect((refusal == nil) == (miss == nil), "\(trial): \(String(describing: refusal)), misses at \(miss ?? -1)")
      if refusal == nil { counts.admitted += 1 }
      if let refusal, refusal.reason == .responseTime {
        counts.byResponse += 1
        #expect(refusal.value > refusal.limit)
      }
    }
    #expect(counts.admitted > 400 && counts.byResponse > 400, "\(counts)")
  }

  @Test("A refusal by utilisation names the vCPU with which the CPU is over-full, and how full it is")
  func utilisation() {
    let set = Tasks([
      Reservation(budget: 500, period: 1_000), nil, Reservation(budget: 300, period: 1_000),
      Reservation(budget: 201, period: 1_000), Reservation(budget: 1, period: 1_000),
    ])
    let refusal = set.refusal(.earliestDeadline)
    #expect(refusal?.subject == .vcpu(3))
    #expect(refusal?.reason == .utilisation)
    #expect((1_001_000...1_001_001).contains(refusal?.value ?? 0))
    #expect(refusal?.limit == 1_000_000)
  }

  @Test("A CPU that is exactly full is admitted, in fractions that no power of two divides too")
  func exactlyFull() {
    let third = Reservation(budget: 1, period: 3)
    #expect(Tasks([third, third, third]).refusal(.earliestDeadline) == nil)
    #expect(Tasks([third, third, third, Reservation(budget: 1, period: 1 << 39)]).refusal(.earliestDeadline) != nil)
    let odd = [
      Reservation(budget: 333_333_333, period: 999_999_999), Reservation(budget: 200, period: 300),
    ]
    #expect(Tasks(odd).refusal(.earliestDeadline) == nil)
  }

  @Test("A CPU that is over-full by less than can be seen in any share is refused, and one that lacks as little is not")
  func hardlyOverfull() {
    // Two shares of primes p and q that make one part in p · q, which is less than 2⁻⁵⁹, more and less than a whole.
    let (p, q): (UInt64, UInt64) = (1_000_000_007, 998_244_353)
    func refusal(_ a: UInt64, _ b: UInt64) -> AdmissionRefusal? {
      Tasks([Reservation(budget: a, period: p), Reservation(budget: b, period: q)]).refusal(.earliestDeadline)
    }
    #expect(4_924_091 * q + 993_328_907 * p == p * q + 1)
    #expect(refusal(4_924_091, 993_328_907)?.reason == .utilisation)
    #expect(995_075_916 * q + 4_915_446 * p == p * q - 1)
    #expect(refusal(995_075_916, 4_915_446) == nil)
  }

  @Test("The end of the search is never before the last instant at which a deadline can be missed")
  func slackBound() throws {
    for count in [3, 40, 90, 105] as [UInt64] {
      for lack in 1...6 as ClosedRange<UInt64> {
        // Many small shares, each with a hundred ticks between deadline and period, and a great one that fills the CPU but
        // for some 2⁻²⁰.
        let (small, great): (UInt64, UInt64) = (10_000, 1 << 30)
        var tasks = (0..<count).map { _ in
          TaskParameters(reservation: Reservation(budget: 90, period: small, deadline: small - 100))
        }
        let budget = great - great * 90 * count / small - lack << 10
        tasks.append(TaskParameters(reservation: Reservation(budget: budget, period: great, deadline: great - 7)))
        let set = TaskSet(CPUParameters(slice: 1), tasks: tasks.span)
        guard let bound = set.slackBound(try set.checkUtilisation()) else { continue }
        // Σ(period − deadline) · share ÷ (1 − Σ share), over the product of the periods.
        let (wide, slow) = (UInt128(small), UInt128(great))
        let sum = UInt128(100 * 90 * count) * slow + UInt128(7 * budget) * wide
        let free = wide * slow - UInt128(90 * count) * slow - UInt128(budget) * wide
        #expect(UInt128(bound) * free >= sum, "\(count) and \(lack): \(bound)")
      }
    }
  }

  @Test("A demand refusal says what is due until when")
  func demand() {
    // 6 until 7 and 3 until 8: 9 ticks are due by 8.
    let refusal = Tasks([
      Reservation(budget: 6, period: 20, deadline: 7), Reservation(budget: 3, period: 20, deadline: 8),
    ]).refusal(.earliestDeadline)
    #expect(refusal == AdmissionRefusal(.vcpu(1), .demand, value: 9, limit: 8))
  }

  @Test("A response-time refusal says the time and the deadline")
  func responseTime() {
    // The textbook's example (Burns, Wellings): 3 in 7, 3 in 12 and 5 in 20 have response times 3, 6 and 20.
    func set(_ last: UInt64) -> Tasks {
      Tasks([
        TaskParameters(priority: 3, reservation: Reservation(budget: 3, period: 7)),
        TaskParameters(priority: 2, reservation: Reservation(budget: 3, period: 12)),
        TaskParameters(priority: 1, reservation: Reservation(budget: 5, period: 20, deadline: last)),
      ])
    }
    #expect(set(20).refusal(.fixedPriority) == nil)
    #expect(set(19).refusal(.fixedPriority) == AdmissionRefusal(.vcpu(2), .responseTime, value: 20, limit: 19))
  }

  @Test("Each period has to have room for two switches, and for one that is under way when it begins")
  func overhead() {
    func refusal(_ overhead: UInt64, _ kind: PolicyKind) -> AdmissionRefusal? {
      Tasks([Reservation(budget: 85, period: 100)], cpu: CPUParameters(slice: 10, switchOverhead: overhead))
        .refusal(kind)
    }
    #expect(refusal(5, .earliestDeadline) == nil && refusal(5, .fixedPriority) == nil)
    #expect(refusal(6, .earliestDeadline) == AdmissionRefusal(.vcpu(0), .demand, value: 97, limit: 94))
    #expect(refusal(6, .fixedPriority) == AdmissionRefusal(.vcpu(0), .responseTime, value: 103, limit: 100))
    #expect(refusal(8, .earliestDeadline) == AdmissionRefusal(.vcpu(0), .budgetOverDeadline, value: 101, limit: 100))
    let two = Tasks(
      [Reservation(budget: 40, period: 100), Reservation(budget: 41, period: 100)],
      cpu: CPUParameters(slice: 10, switchOverhead: 5))
    #expect(two.refusal(.earliestDeadline)?.reason == .utilisation)
  }

  @Test("Below a vCPU that may never stop nobody is promised anything")
  func unbounded() {
    func set(_ priority: UInt8) -> Tasks {
      Tasks([
        TaskParameters(priority: 9, reservation: Reservation(budget: 1, period: 100)),
        TaskParameters(priority: priority),
      ])
    }
    #expect(set(8).refusal(.fixedPriority) == nil)
    #expect(set(9).refusal(.fixedPriority) == AdmissionRefusal(.vcpu(0), .unboundedInterference, value: 1))
    #expect(set(10).refusal(.fixedPriority) == AdmissionRefusal(.vcpu(0), .unboundedInterference, value: 1))
    #expect(Tasks([TaskParameters(priority: 9), TaskParameters(priority: 3)]).refusal(.fixedPriority) == nil)
  }

  @Test("Policies without reservations do not take any, and static takes one vCPU")
  func noReservations() {
    let own = Reservation(budget: 1, period: 100)
    let window = CyclicWindow(vcpu: 0, offset: 0, length: 10)
    for kind in [PolicyKind.static, .roundRobin, .cyclic] {
      let set = Tasks(
        [TaskParameters(reservation: own)], cpu: CPUParameters(slice: 1, majorFrame: 10), windows: [window])
      #expect(set.refusal(kind) == AdmissionRefusal(.vcpu(0), .reservationNotKept))
    }
    #expect(Tasks([nil]).refusal(.static) == nil)
    #expect(Tasks([nil, nil]).refusal(.static) == AdmissionRefusal(.cpu, .vcpuCount, value: 2, limit: 1))
    #expect(Tasks([TaskParameters]()).refusal(.static) == AdmissionRefusal(.cpu, .vcpuCount, value: 0, limit: 1))
  }

  @Test("A cyclic table that is not consistent is refused with the window that is wrong")
  func tables() {
    func refusal(_ windows: [(Int?, UInt64, UInt64)], frame: UInt64 = 100, vcpus: Int = 2) -> AdmissionRefusal? {
      Tasks(
        [TaskParameters](repeating: TaskParameters(), count: vcpus),
        cpu: CPUParameters(slice: 1, majorFrame: frame),
        windows: windows.map { CyclicWindow(vcpu: $0.0, offset: $0.1, length: $0.2) }
      ).refusal(.cyclic)
    }
    #expect(refusal([(0, 0, 40), (nil, 40, 10), (1, 60, 40)]) == nil)
    #expect(refusal([(0, 0, 40), (1, 39, 1)]) == AdmissionRefusal(.window(1), .windowOverlap, value: 39, limit: 40))
    #expect(refusal([(1, 50, 40), (0, 0, 40)])?.reason == .windowOverlap)
    #expect(
      refusal([(0, 0, 40), (1, 90, 11)]) == AdmissionRefusal(.window(1), .windowPastFrame, value: 101, limit: 100))
    // Its end would be at 0.
    #expect(
      refusal([(0, 1, .max), (1, 90, 10)]) == AdmissionRefusal(.window(0), .windowPastFrame, value: .max, limit: 100))
    #expect(
      refusal([(0, 0, 40), (2, 40, 9)]) == AdmissionRefusal(.window(1), .windowOfUnknownVCPU, value: 2, limit: 2))
    #expect(refusal([(-1, 0, 40)])?.reason == .windowOfUnknownVCPU)
    #expect(refusal([(0, 0, 40), (1, 40, 0)]) == AdmissionRefusal(.window(1), .emptyWindow))
    #expect(refusal([(0, 0, 40)]) == AdmissionRefusal(.vcpu(1), .noWindow))
    #expect(refusal([], frame: 0, vcpus: 0)?.reason == .majorFrame)
  }

  @Test("Whatever numbers a file holds, each policy answers, and those that it admits can be built")
  func hostileNumbers() throws {
    let edges: [UInt64] = [0, 1, 2, 3, 1 << 20, 1 << 39, 1 << 40, (1 << 40) + 1, 1 << 47, 1 << 63, .max - 1, .max]
    var dice = Dice(11)
    func number() -> UInt64 {
      switch dice.number(0...3) {
      case 0: edges[dice.index(below: edges.count)]
      case 1: dice.bits() >> dice.number(0...63)
      case 2: (1 << 40) - dice.number(0...9)
      default: dice.number(1...50)
      }
    }
    var admitted = 0
    for _ in 0..<3_000 {
      let tasks = (0..<dice.index(below: 5)).map { _ in
        TaskParameters(
          priority: UInt8(dice.number(0...255)),
          reservation: dice.oneIn(3) ? nil : Reservation(budget: number(), period: number(), deadline: number()))
      }
      let windows = (0..<dice.index(below: 4)).map { _ in
        CyclicWindow(vcpu: dice.oneIn(4) ? nil : Int(truncatingIfNeeded: number()), offset: number(), length: number())
      }
      let cpu = CPUParameters(slice: number(), switchOverhead: dice.oneIn(2) ? 0 : number(), majorFrame: number())
      let set = Tasks(tasks, cpu: cpu, windows: windows)
      for number in 0..<PolicyKind.count {
        let kind = PolicyKind(number: number)!
        guard set.refusal(kind) == nil else { continue }
        admitted += 1
        var policy = try set.scheduler(kind)
        for vcpu in tasks.indices { policy.ready(vcpu, at: Instant(ticks: .max - 3)) }
        _ = policy.pick(at: Instant(ticks: .max - 2))
      }
    }
    #expect(admitted > 100)
  }

  @Test("A set whose search would take too long is refused with the effort spent, and soon")
  func undecided() {
    // Utilisation one, deadlines before the periods' ends, and no common multiple of the periods that could be searched.
    let primes: [UInt64] = [999_999_937, 999_999_929, 999_999_893, 999_999_883]
    var reservations = primes.map { Reservation(budget: $0 / 4, period: $0, deadline: $0 - 1) }
    reservations.append(Reservation(budget: 1, period: 1 << 30, deadline: 1 << 29))
    let refusal = Tasks(reservations).refusal(.earliestDeadline)
    #expect(refusal?.reason == .undecided)
    #expect(refusal.map { $0.limit == 1 << 20 } == true)
  }
}
