/// Collects a console's text as it comes, and wakes those who wait for some of it.
actor ConsoleReader {
  private(set) var transcript = Transcript()
  private(set) var hasEnded = false
  /// Why there is no more text, where that is not the program's end.
  private(set) var failure: String?
  private var waiters: [CheckedContinuation<Void, Never>] = []

  func take(_ bytes: [UInt8]) {
    transcript.append(bytes)
    wake()
  }

  func end(because error: (any Error)? = nil) {
    hasEnded = true
    failure = error.map { "\($0)" }
    wake()
  }

  /// Returns at the next news: more text, the end, or a nudge by one who watches the clock.
  func news() async {
    guard !hasEnded else { return }
    await withCheckedContinuation { waiters.append($0) }
  }

  func wake() {
    for waiter in waiters { waiter.resume() }
    waiters = []
  }
}
