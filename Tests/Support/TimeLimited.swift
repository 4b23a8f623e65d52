import Foundation
import Synchronization
public import Testing

/// Ends the tests where one does not end: it is named, and the run fails. The library's own time limit only asks a test to stop,
/// and waits for it: one that runs around in a loop never does.
///
/// Counted is the processor time of all tests together, so that a machine that is busy with other things changes nothing. All of
/// them take about a hundred seconds of it; what waits for something that never comes takes none, and has a clock's time.
public struct TimeLimited: SuiteTrait, TestTrait, TestScoping {
  /// Every test of a suite has it.
  public var isRecursive: Bool { true }

  /// The processor time that tests may take from a test's begin to its end, in seconds, and the clock's. What
  /// TVISOR_SOAK makes longer may take as much longer.
  private static let (work, wait) = (300 * Double(Fuzzing.factor), 1800 * Double(Fuzzing.factor))

  /// Lets the test run under the watch.
  public func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    let number = Watch.shared.begin(test.name + " (\(test.id))", work: Self.work, wait: Self.wait)
    defer { Watch.shared.end(number) }
    try await function()
  }
}

extension Trait where Self == TimeLimited {
  /// Fails the run where a test does not come to an end.
  public static var timeLimited: Self { Self() }
}

/// A thread of its own that looks at the tests that run: those that loop leave none of the others' threads.
private final class Watch: Sendable {
  static let shared = Watch()

  private struct Entry {
    var name: String
    var workEnd: Double
    var waitEnd: Double
  }
  private let entries = Mutex<(next: Int, running: [Int: Entry])>((0, [:]))

  private init() {
    let thread = Thread { [self] in
      while true {
        Thread.sleep(forTimeInterval: 1)
        look()
      }
    }
    thread.start()
  }

  func begin(_ name: String, work: Double, wait: Double) -> Int {
    let entry = Entry(
      name: name, workEnd: Self.seconds(CLOCK_PROCESS_CPUTIME_ID) + work,
      waitEnd: Self.seconds(CLOCK_MONOTONIC) + wait)
    return entries.withLock { entries in
      entries.next += 1
      entries.running[entries.next] = entry
      return entries.next
    }
  }

  func end(_ number: Int) { entries.withLock { _ = $0.running.removeValue(forKey: number) } }

  private func look() {
    let (work, wait) = (Self.seconds(CLOCK_PROCESS_CPUTIME_ID), Self.seconds(CLOCK_MONOTONIC))
    let late = entries.withLock { entries in
      entries.running.values.filter { $0.workEnd < work || $0.waitEnd < wait }.map(\.name).sorted()
    }
    guard !late.isEmpty else { return }
    let text = late.map { "✘ Test \($0) recorded an issue at its end: it does not come to one\n" }.joined()
    FileHandle.standardError.write(Data(text.utf8))
    _exit(EXIT_FAILURE)
  }

  private static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    _ = unsafe clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
