/// What a vCPU did with its CPU, as the hypervisor says it on its console for programs: one line for each vCPU.
///
/// ```
/// tvisor-stat: vm=debian vcpu=0 cpu=1 state=waiting hz=62500000 run=912345 switches=4711 throttles=0 worst=8123 worst-at=5012345 wake=0,0,3,17
/// ```
///
/// All of the keys are there, each once, in this order; numbers are decimal. `cpu` is the physical CPU, `state` what the
/// vCPU was at when it was asked, a `StatisticsLine.State`, and `hz` the rate of the system counter, whose ticks are the
/// unit of the times: `run` (how long it ran), `worst` (the longest time from its wake until it ran) and `worst-at` (the
/// counter at the end of that). `switches` and `throttles` count how often its registers were loaded and how often its
/// budget was used up. `wake` counts wakes by their latency: the first number those of no tick, the n-th after it those of
/// 2ⁿ⁻¹ ticks or more and less than 2ⁿ; the 40th takes all longer ones too. Zeros at its end are left out, so that nothing
/// stands after `wake=` where there was none.
public struct StatisticsLine: Equatable, Sendable {
  /// What a vCPU is at.
  public enum State: String, Sendable, CaseIterable {
    /// Not started, turned off, or its VM has stopped.
    case off
    /// It waits for an interrupt.
    case waiting
    /// It could run, and another vCPU does, or its budget is used up.
    case ready
    /// It is on its CPU.
    case running
  }

  /// The VM's name.
  public var machine: String
  /// The vCPU's number in its VM.
  public var virtualCPU: UInt64
  /// The physical CPU.
  public var processor: UInt64
  /// What it was at.
  public var state: State
  /// Ticks in a second.
  public var frequency: UInt64
  /// Ticks that it ran.
  public var runTime: UInt64
  /// How often its registers were loaded.
  public var switchCount: UInt64
  /// How often its budget was used up.
  public var throttleCount: UInt64
  /// The longest latency in ticks.
  public var worst: UInt64
  /// The counter when the longest latency ended.
  public var worstAt: UInt64
  /// How many wakes had a latency of each magnitude.
  public var wakes: [UInt64]

  /// What such a line begins with.
  public static let marker = "tvisor-stat:"
  /// How many magnitudes there are.
  public static let bucketLimit = 40

  private static let keys = [
    "vm", "vcpu", "cpu", "state", "hz", "run", "switches", "throttles", "worst", "worst-at", "wake",
  ]

  /// Why a line is none, and where: the offset in characters from its marker's end.
  struct Mistake: Error {
    var offset: Int
    var message: String
  }

  /// Reads what stands after the marker.
  init(_ text: Substring) throws(Mistake) {
    var words = text.split(separator: " ")[...]
    func offset(of part: Substring) -> Int { text.distance(from: text.startIndex, to: part.startIndex) }
    func value(_ key: String) throws(Mistake) -> Substring {
      guard let word = words.popFirst() else {
        throw Mistake(offset: text.count, message: "the line ends before '\(key)='; is it cut off?")
      }
      guard let sign = word.firstIndex(of: "=") else {
        throw Mistake(offset: offset(of: word), message: "'\(word)' has no '='; here belongs '\(key)='")
      }
      let name = String(word[..<sign])
      guard name == key else {
        let hint = Self.keys.contains(name) ? "here belongs '\(key)='" : "'\(name)' is no key; here belongs '\(key)='"
        throw Mistake(offset: offset(of: word), message: hint)
      }
      return word[word.index(after: sign)...]
    }
    func number(_ key: String) throws(Mistake) -> UInt64 { try parse(value(key), key) }
    func parse(_ digits: Substring, _ key: String) throws(Mistake) -> UInt64 {
      guard digits.allSatisfy({ $0.isASCII && $0.isNumber }), let number = UInt64(digits) else {
        throw Mistake(offset: offset(of: digits), message: "'\(digits)' in '\(key)' is no number of 64 bits")
      }
      return number
    }
    let name = try value("vm")
    guard !name.isEmpty else { throw Mistake(offset: offset(of: name), message: "'vm' has no name") }
    machine = String(name)
    (virtualCPU, processor) = (try number("vcpu"), try number("cpu"))
    let word = try value("state")
    guard let state = State(rawValue: String(word)) else {
      let known = State.allCases.map(\.rawValue).joined(separator: ", ")
      throw Mistake(offset: offset(of: word), message: "'\(word)' in 'state' is none of \(known)")
    }
    self.state = state
    let place = words.first.map(offset) ?? text.count
    frequency = try number("hz")
    guard frequency > 0 else { throw Mistake(offset: place, message: "'hz' is 0; the counter must run") }
    (runTime, switchCount, throttleCount) = (try number("run"), try number("switches"), try number("throttles"))
    (worst, worstAt) = (try number("worst"), try number("worst-at"))
    let buckets = try value("wake")
    wakes = []
    for part in buckets.isEmpty ? [] : buckets.split(separator: ",", omittingEmptySubsequences: false) {
      guard wakes.count < Self.bucketLimit else {
        throw Mistake(offset: offset(of: part), message: "'wake' has more than \(Self.bucketLimit) numbers")
      }
      wakes.append(try parse(part, "wake"))
    }
    if let rest = words.first { throw Mistake(offset: offset(of: rest), message: "'\(rest)' stands after the end") }
  }

  /// The vCPU's name: `debian.0`.
  public var name: String { "\(machine).\(virtualCPU)" }

  /// So many ticks in nanoseconds.
  func nanoseconds(_ ticks: UInt64) -> Double { Double(ticks) * 1e9 / Double(frequency) }

  /// How many wakes were counted.
  var wakeCount: UInt64 { wakes.reduce(0, &+) }

  /// The first tick that is too long for a bucket.
  static func end(ofBucket bucket: Int) -> UInt64 { 1 << UInt64(bucket) }

  /// A latency in nanoseconds that so great a part of the wakes, from 0 to 1, stayed below; nil where there were none.
  func bound(of part: Double) -> Double? {
    let needed = UInt64((Double(wakeCount) * part).rounded(.up))
    var sum: UInt64 = 0
    for (bucket, count) in wakes.enumerated() where wakeCount > 0 {
      sum &+= count
      if sum >= needed { return nanoseconds(Self.end(ofBucket: bucket)) }
    }
    return nil
  }
}
