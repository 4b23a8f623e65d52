package import Architecture
internal import ArmCommon
internal import ArmRegisters
internal import Backend
package import Drivers
package import Virtualization

/// The host's UART behind a ring: writing never waits for the line. What guests send is let in only while little waits (see
/// `Console`), so that there is room for the hypervisor's own messages; what comes all the same is lost.
struct TransmitQueue: ByteSink, ~Copyable {
  let port: ConsolePort
  private let bytes: Storage<UInt8>
  private var first = 0
  private(set) var count = 0
  private var asksForRoom = false

  init(port: ConsolePort, in arena: inout some StorageProvider & ~Copyable) throws(OutOfMemory) {
    self.port = port
    bytes = try arena.storage(of: UInt8.self, count: 8192) { _ in 0 }
  }

  mutating func write(_ byte: UInt8) {
    if count == bytes.count { send() }
    guard count < bytes.count else { return }
    bytes[(first &+ count) & (bytes.count &- 1)] = byte
    count &+= 1
  }

  /// Many at once: all of a long line is shown when a VM sends its end.
  mutating func write(_ text: Span<UInt8>) {
    if room < text.count { send() }
    let taken = min(text.count, room)
    let start = (first &+ count) & (bytes.count &- 1)
    let straight = min(taken, bytes.count &- start)
    bytes.replace(from: start, with: text.extracting(first: straight))
    bytes.replace(from: 0, with: text.extracting(first: taken).extracting(last: taken &- straight))
    count &+= taken
  }

  /// Gives the UART as much as it takes now, up to `limit` bytes, and asks for an interrupt where that is not all, or where
  /// `isMore` waits elsewhere.
  mutating func send(atMost limit: Int = 2, isMore: Bool = false) {
    var step = min(count, limit)
    while step > 0 {
      let sent = min(port.transmitRoom, step)
      guard sent > 0 else { break }
      for _ in 0..<sent {
        port.transmit(bytes[first])
        first = (first &+ 1) & (bytes.count &- 1)
      }
      count &-= sent
      step &-= sent
    }
    guard asksForRoom != (count > 0 || isMore) else { return }
    asksForRoom.toggle()
    port.setTransmitInterrupt(asksForRoom)
  }

  /// How many bytes can still be written.
  var room: Int { bytes.count &- count }

  /// Waits until all has gone out.
  mutating func drain() {
    while count > 0 { send(atMost: 16) }
  }
}

/// What one VM has sent and the host's UART has not yet taken: a ring, the VM's own share of the console. When it is full the
/// VM's UART seems full to its guest, and to no other's.
private struct Backlog {
  /// How many bytes it holds.
  static var capacity: Int { 256 }

  var first = 0
  var count = 0
  /// The VM was told that it is full, and not yet that it has room again.
  var isFull = false
  /// What is to be said of the VM behind the first `countBefore` bytes.
  var report: VMReport?
  var countBefore = 0
  /// How many reports this one has taken the place of.
  var supersededCount: UInt64 = 0

  /// Something waits.
  var hasWork: Bool { count > 0 || report != nil }
}

/// The console that the VMs and the hypervisor share.
package struct Console: ~Copyable {
  private var multiplexer: ConsoleMultiplexer
  private var queue: TransmitQueue
  private let backlogs: Storage<Backlog>
  /// The bytes of all backlogs, `Backlog.capacity` for each VM.
  private let waiting: Storage<UInt8>
  /// How many bytes wait in backlogs.
  private var waitingCount = 0
  /// Of how many VMs something is to be said.
  private var reportCount = 0
  /// A line about a VM that is still to be shown, if there is one.
  private var composed = ConsoleMessage()
  private var isComposed = false
  /// The last step of the console's work was to send.
  private var hasJustSent = false
  /// The VM whose backlog's turn it was last.
  private var turn = 0
  /// What was typed and not yet answered: a ring.
  private let typed: Storage<UInt8>
  private var firstTyped = 0
  private var typedCount = 0
  /// What is being shown of the statistics, a line at a time.
  var statistics: StatisticsReport?
  /// The next VM to be stopped, where somebody has asked for the end of all.
  var nextToStop: Int?

  /// The console of that UART, which nobody has used yet.
  package init(
    multiplexer: consuming ConsoleMultiplexer, port: ConsolePort, in arena: inout some StorageProvider & ~Copyable
  ) throws(OutOfMemory) {
    let queue = try TransmitQueue(port: port, in: &arena)
    let vmCount = multiplexer.vmCount
    let backlogs = try arena.storage(of: Backlog.self, count: vmCount) { _ in Backlog() }
    let waiting = try arena.storage(of: UInt8.self, count: vmCount * Backlog.capacity) { _ in 0 }
    let typed = try arena.storage(of: UInt8.self, count: 256) { _ in 0 }
    self.backlogs = backlogs
    self.waiting = waiting
    self.typed = typed
    self.multiplexer = multiplexer
    self.queue = queue
  }

  /// A byte that a VM sent. It is shown at once while the line keeps up. False where the VM has to stop sending until
  /// `serve` says otherwise: its UART says so by a full transmit FIFO, as one on a slow line does.
  mutating func output(_ byte: UInt8, from vm: Int) -> Bool {
    if !backlogs[vm].hasWork && queue.count < Self.letIn {
      multiplexer.output(byte, from: vm, to: &queue)
    } else if backlogs[vm].count < Backlog.capacity {
      let end = (backlogs[vm].first &+ backlogs[vm].count) & (Backlog.capacity &- 1)
      waiting[vm &* Backlog.capacity &+ end] = byte
      backlogs[vm].count &+= 1
      waitingCount &+= 1
      if queue.count < Self.letIn { letIn(from: vm, atMost: Self.whileSending) }
    }
    queue.send(isMore: hasWaiting)
    backlogs[vm].isFull = backlogs[vm].count == Backlog.capacity
    return !backlogs[vm].isFull
  }

  /// Guests' bytes are let in while fewer than these wait for the UART: what one sends is not behind a queue of others'.
  private static let letIn = 256
  /// How many are let in at once.
  private static let atOnce = 4
  /// The same while a guest waits for an answer to the one that it sends, which takes its time besides: each may end a line.
  private static let whileSending = 2

  private var hasWaiting: Bool { waitingCount > 0 || reportCount > 0 || isComposed }

  private mutating func letIn(from vm: Int, atMost limit: Int) {
    var count = min(limit, backlogs[vm].count)
    if backlogs[vm].report != nil {
      count = min(count, backlogs[vm].countBefore)
      backlogs[vm].countBefore &-= count
    }
    for _ in 0..<count {
      let byte = waiting[vm &* Backlog.capacity &+ backlogs[vm].first]
      backlogs[vm].first = (backlogs[vm].first &+ 1) & (Backlog.capacity &- 1)
      backlogs[vm].count &-= 1
      waitingCount &-= 1
      multiplexer.output(byte, from: vm, to: &queue)
    }
  }

  /// What one step of the console's own work comes to.
  enum Work {
    /// Somebody typed.
    case input(ConsoleInput)
    /// The VM has room again in its share of the line.
    case room(vm: Int)
    /// A line of the statistics is to be written.
    case statistics
    /// This VM is to be stopped.
    case stop(vm: Int)
    /// Some bytes went on their way, and there are more.
    case more
    /// The UART tells of what comes next.
    case nothing
  }

  /// Does one step of what there is to do without a guest's asking, in bounded time.
  mutating func serve() -> Work {
    queue.port.acknowledgeInterrupt()
    receive()
    // To send is a step of its own, and so is everything else: each has its turn.
    let hadJustSent = hasJustSent
    hasJustSent = false
    if queue.count > 0 && !hadJustSent {
      let before = queue.count
      queue.send(atMost: Self.sendingStep, isMore: hasWaiting)
      if queue.count < before {
        hasJustSent = true
        return .more
      }
    }
    if typedCount > 0 {
      let byte = typed[firstTyped]
      firstTyped = (firstTyped &+ 1) & (typed.count &- 1)
      typedCount &-= 1
      return .input(multiplexer.input(byte, to: &queue))
    }
    if let vm = nextToStop {
      nextToStop = vm &+ 1 < backlogs.count ? vm &+ 1 : nil
      return .stop(vm: vm)
    }
    if hasWaiting && queue.count < Self.letIn { return letNextIn() }
    if statistics != nil && queue.count < Self.letIn { return .statistics }
    return hadJustSent ? .more : .nothing
  }

  /// What a step of the console's work gives the UART, in bytes: no less than the FIFOs of UARTs take.
  private static let sendingStep = 16

  /// Lets some bytes of the VM in whose turn it is, or says what is to be said of it.
  private mutating func letNextIn() -> Work {
    if isComposed {
      showComposed()
      return .more
    }
    repeat { turn = turn &+ 1 < backlogs.count ? turn &+ 1 : 0 } while !backlogs[turn].hasWork
    if backlogs[turn].report != nil && backlogs[turn].countBefore == 0 {
      compose(turn)
      return .more
    }
    letIn(from: turn, atMost: Self.atOnce)
    guard backlogs[turn].isFull else { return .more }
    backlogs[turn].isFull = false
    return .room(vm: turn)
  }

  /// Something waits for the UART to have room.
  var isSending: Bool { queue.count > 0 || hasWaiting }

  /// Whether the VM was told that its share is full.
  func isFull(_ vm: Int) -> Bool { backlogs[vm].isFull }

  /// Takes what was typed from the UART; where people type faster than it is answered, the UART keeps the rest.
  private mutating func receive() {
    for _ in 0..<16 where typedCount < typed.count {
      guard let byte = queue.port.receive() else { return }
      typed[(firstTyped &+ typedCount) & (typed.count &- 1)] = byte
      typedCount &+= 1
    }
  }

  /// Something is to be said of a VM, after what it has sent before. One that was not said until now is said no more: who
  /// makes more reports than the line can take hears how many they were.
  mutating func announce(_ report: VMReport, of vm: Int) {
    var report = report
    if let earlier = backlogs[vm].report {
      backlogs[vm].supersededCount &+= 1
      report.endsLine = report.endsLine || earlier.endsLine
    } else {
      reportCount &+= 1
    }
    backlogs[vm].report = report
    backlogs[vm].countBefore = backlogs[vm].count
    queue.send(atMost: 0, isMore: true)
  }

  /// Says all that is to be said, however long it takes.
  mutating func sayAll() {
    if isComposed { showComposed() }
    for vm in backlogs.indices where backlogs[vm].report != nil {
      letIn(from: vm, atMost: Backlog.capacity)
      compose(vm)
      showComposed()
    }
  }

  /// Composes what is to be said of the VM; to show it is a step of its own.
  private mutating func compose(_ vm: Int) {
    guard let said = backlogs[vm].report else { return }
    let supersededCount = backlogs[vm].supersededCount
    backlogs[vm].report = nil
    backlogs[vm].supersededCount = 0
    reportCount &-= 1
    if said.endsLine { multiplexer.finish(vm, to: &queue) }
    composed.clear()
    composed.write("VM '")
    multiplexer.name(of: vm).write(to: &composed)
    composed.write("' ")
    said.write(to: &composed)
    if supersededCount > 0 {
      composed.write(" (")
      composed.write(decimal: supersededCount)
      composed.write(" reports of it were left out)")
    }
    composed.write("\n")
    isComposed = true
  }

  /// Shows the line that was composed.
  private mutating func showComposed() {
    isComposed = false
    multiplexer.report(&composed, to: &queue)
  }

  /// Goes on with the statistics' line, in place. Returns what `compose` says of it.
  mutating func composeStatistics(_ compose: (inout ConsoleMessage) -> Bool) -> Bool {
    guard statistics != nil else { return true }
    return compose(&statistics!.line)
  }

  /// Shows the statistics' line, which is whole, and goes on to the next, unless it is the last.
  mutating func showStatisticsLine(isLast: Bool) {
    guard statistics != nil else { return }
    multiplexer.report(&statistics!.line, to: &queue)
    queue.send(isMore: hasWaiting)
    statistics!.line.clear()
    statistics!.part = 0
    statistics!.subject &+= 1
    if isLast { statistics = nil }
  }

  /// A line of our own.
  mutating func report(_ text: StaticString) {
    report { line in
      line.write(text)
      line.write("\n")
    }
  }

  /// What `compose` writes, as a line of our own.
  mutating func report(_ compose: (inout ConsoleMessage) -> Void) {
    multiplexer.report(to: &queue, compose)
    queue.send(isMore: hasWaiting)
  }

  /// Waits until all has gone out.
  mutating func drain() { queue.drain() }
}
