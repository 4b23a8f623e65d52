internal import Foundation
internal import Subprocess
internal import SystemPackage

/// A QEMU that runs while a closure talks to its console. However the closure ends, QEMU ends with it.
public actor QEMUSession {
  private let reader: ConsoleReader
  private let send: @Sendable ([UInt8]) async throws -> Void
  /// How far into each speaker's text the last match went; the whole console is under "".
  private var read: [String: Int] = [:]

  private init(reader: ConsoleReader, send: @escaping @Sendable ([UInt8]) async throws -> Void) {
    self.reader = reader
    self.send = send
  }

  /// How long to wait for text before giving up. Only a hang takes that long: machines differ much in speed.
  public static let patience = Duration.seconds(240)

  /// Starts QEMU, runs `body`, ends QEMU.
  public static func run<Result: Sendable>(
    _ command: Command, _ body: @escaping @Sendable (QEMUSession) async throws -> Result
  ) async throws -> Result {
    try await Turnstile.shared.enter()
    defer { Task { await Turnstile.shared.leave() } }
    let result = try await Subprocess.run(
      command.executable, arguments: Arguments(command.arguments), environment: command.fullEnvironment,
      input: .inputWriter, output: .sequence, error: .combinedWithOutput
    ) { execution -> (Swift.Result<Result, any Error>, endedItself: Bool) in
      let reader = ConsoleReader()
      let writer = execution.standardInputWriter
      let session = QEMUSession(reader: reader) { _ = try await writer.write($0) }
      let output = execution.standardOutput
      let reading = Task {
        do {
          for try await chunk in output { await reader.take(unsafe chunk.withUnsafeBytes { unsafe Array($0) }) }
          await reader.end()
        } catch { await reader.end(because: error) }
      }
      let answer: Swift.Result<Result, any Error>
      do { answer = .success(try await body(session)) } catch { answer = .failure(error) }
      let endedItself = await reader.hasEnded
      await execution.teardown(using: [.gracefulShutDown(allowedDurationToNextStep: .seconds(2))])
      // To the end of the pipe: a read that outlived it would end that of whatever QEMU gets the descriptor's number next.
      let hurry = Task {
        try await Task.sleep(for: .seconds(10))
        reading.cancel()
      }
      await reading.value
      hurry.cancel()
      return (answer, endedItself)
    }
    let (answer, endedItself) = result.closureResult
    if case .failure(let failure as Failure) = answer, endedItself {
      // Of one that somebody else has ended, this is all that anybody will know.
      throw Failure("\(failure.description)\nQEMU's end: \(result.terminationStatus)")
    }
    return try answer.get()
  }

  /// Everything the console has said so far.
  public var transcript: Transcript {
    get async { await reader.transcript }
  }

  /// Waits until the console, or one speaker on it, has said `text` after what the last wait matched.
  /// - Parameter end: what the console says when nothing more will come.
  /// - Throws: `Failure` with the console's last lines where it does not come, or QEMU ends or the console says `end` before.
  public func expect(
    _ text: String, from speaker: String? = nil, within patience: Duration = patience, unless end: String? = nil
  ) async throws {
    let pattern = Array(text.utf8)
    var start = read[speaker ?? ""] ?? 0
    let deadline = ContinuousClock.now + patience
    while true {
      let hasEnded = await reader.hasEnded
      let said = await reader.transcript.bytes(of: speaker)
      if let end = said.end(of: pattern, from: start) {
        read[speaker ?? ""] = end
        return
      }
      // What was searched need not be searched again, but for the beginning of a match at its end.
      start = max(start, said.count - pattern.count + 1)
      let what = "'\(text)'" + (speaker.map { " from \($0)" } ?? "")
      if hasEnded {
        let reason = await reader.failure.map { " (its console could not be read: \($0))" } ?? ""
        throw await failure("QEMU ended before the console said \(what)\(reason)")
      }
      if let end, await reader.transcript.text.contains(end) {
        throw await failure("the hypervisor stopped before the console said \(what)")
      }
      guard ContinuousClock.now < deadline else {
        throw await failure("the console did not say \(what) in \(patience)")
      }
      await newsOrTick()
    }
  }

  /// Forgets what was said so far: the next wait matches only what comes after now.
  public func skipToNow(of speaker: String? = nil) async {
    read[speaker ?? ""] = await reader.transcript.bytes(of: speaker).count
  }

  /// Waits until QEMU has ended by itself, or the console says `end`.
  public func expectEnd(within patience: Duration = patience, unless end: String? = nil) async throws {
    let deadline = ContinuousClock.now + patience
    while await !reader.hasEnded {
      if let end, await reader.transcript.text.contains(end) { return }
      guard ContinuousClock.now < deadline else { throw await failure("QEMU did not end") }
      await newsOrTick()
    }
  }

  /// Types text and the return key.
  public func type(line: String) async throws {
    try await type(line + "\r")
  }

  /// Types keys. They go out one at a time with a little pause, because a UART's queue is short and a guest that polls
  /// it slowly would lose the rest.
  public func type(_ keys: String) async throws {
    for key in keys.utf8 {
      do { try await send([key]) } catch { throw await failure("cannot type, because QEMU has ended") }
      try await Task.sleep(for: .milliseconds(15))
    }
  }

  /// Types text all at once, as who pastes it: it goes in as fast as the board takes it.
  public func paste(_ text: String) async throws {
    do { try await send(Array(text.utf8)) } catch { throw await failure("cannot type, because QEMU has ended") }
  }

  /// Waits for news, at most a little while, so that deadlines are kept on a silent console.
  private func newsOrTick() async {
    let reader = reader
    let tick = Task {
      try await Task.sleep(for: .milliseconds(250))
      await reader.wake()
    }
    await reader.news()
    tick.cancel()
  }

  private func failure(_ what: String) async -> Failure {
    Failure("\(what). The console's last lines:\n\(await reader.transcript.tail())")
  }
}

/// Lets so many through at a time: each QEMU keeps a host CPU busy.
actor Turnstile {
  static let shared = Turnstile(places: 2)
  private var places: Int
  private var queue: [CheckedContinuation<Void, Never>] = []

  init(places: Int) {
    self.places = places
  }

  func enter() async throws {
    if places > 0 {
      places -= 1
    } else {
      await withCheckedContinuation { queue.append($0) }
    }
  }

  func leave() {
    if queue.isEmpty { places += 1 } else { queue.removeFirst().resume() }
  }
}
