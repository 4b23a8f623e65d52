internal import Architecture
internal import ArmCommon
internal import ArmRegisters
internal import Backend
internal import Drivers
internal import Virtualization

/// The host's UART behind a ring: writing never waits for the line. Guests are held back before the ring is full (see
/// `Console.output`); what comes all the same is lost, and the loss is said.
struct TransmitQueue: ByteSink, ~Copyable {
  let port: ConsolePort
  private let bytes: Storage<UInt8>
  private var first = 0
  private var count = 0
  private var asksForRoom = false

  init(port: ConsolePort, in arena: inout Arena) throws(OutOfMemory) {
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
    for index in 0..<taken { bytes[(start &+ index) & (bytes.count &- 1)] = text[index] }
    count &+= taken
  }

  /// What `send` gives the UART at the most, in bytes: no less than the FIFOs of UARTs take.
  private static let sendingStep = 64

  /// Gives the UART as much as it takes now, and asks for an interrupt where that is not all.
  mutating func send() {
    var step = min(count, Self.sendingStep)
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
    guard asksForRoom != (count > 0) else { return }
    asksForRoom = count > 0
    port.setTransmitInterrupt(asksForRoom)
  }

  /// How many bytes can still be written.
  var room: Int { bytes.count &- count }

  /// Waits until all has gone out.
  mutating func drain() {
    while count > 0 { send() }
  }
}

/// The console that the VMs and the hypervisor share.
struct Console: ~Copyable {
  private var multiplexer: ConsoleMultiplexer
  private var queue: TransmitQueue
  /// What is being shown of the statistics, a few lines at a time.
  var statistics: StatisticsReport?

  init(multiplexer: consuming ConsoleMultiplexer, queue: consuming TransmitQueue) {
    self.multiplexer = multiplexer
    self.queue = queue
  }

  /// A byte that a VM sent. False where the VMs have to stop sending until `hasRoom`: their UARTs say so by a full
  /// transmit FIFO, as a UART on a slow line does.
  mutating func output(_ byte: UInt8, from vm: Int) -> Bool {
    multiplexer.output(byte, from: vm, to: &queue)
    queue.send()
    return queue.room >= Self.reserve
  }

  /// True where the VMs that had to stop sending can go on.
  var hasRoom: Bool { queue.room >= 2 * Self.reserve }

  /// Room for what one byte can lead to at the worst, a line that ends within another one's, a few times over.
  private static let reserve = 2048

  /// Shows what a VM left of a line.
  mutating func flush(_ vm: Int) {
    multiplexer.finish(vm, to: &queue)
    queue.send()
  }

  /// A line of our own.
  mutating func report(_ text: StaticString) {
    multiplexer.report(text, to: &queue)
    multiplexer.report("\n", to: &queue)
    queue.send()
  }

  /// A line of our own about a VM, with the syndrome that led to it.
  mutating func report(_ vm: Int, _ text: StaticString, syndrome: UInt64? = nil) {
    multiplexer.report("VM '", to: &queue)
    multiplexer.reportName(of: vm, to: &queue)
    multiplexer.report("' ", to: &queue)
    multiplexer.report(text, to: &queue)
    if let syndrome {
      multiplexer.report(" (", to: &queue)
      multiplexer.report(Syndrome.registerName, to: &queue)
      multiplexer.report(" ", to: &queue)
      multiplexer.report(hexadecimal: syndrome, to: &queue)
      multiplexer.report(")", to: &queue)
    }
    multiplexer.report("\n", to: &queue)
    queue.send()
  }

  /// What `compose` writes, as a line of our own.
  mutating func report(_ compose: (inout ConsoleMessage) -> Void) {
    multiplexer.report(to: &queue, compose)
    queue.send()
  }

  /// The next thing that somebody typed, or nil. Also gives the UART what it has room for.
  mutating func nextInput() -> ConsoleInput? {
    queue.send()
    guard let byte = queue.port.receive() else { return nil }
    let input = multiplexer.input(byte, to: &queue)
    queue.send()
    return input
  }

  /// Waits until all has gone out.
  mutating func drain() { queue.drain() }

  /// The UART's interrupt has come.
  func acknowledgeInterrupt() { queue.port.acknowledgeInterrupt() }
}

extension Reference where Value == PhysicalCPU {
  /// The UART has room again, or somebody typed. The host's interrupt comes to one CPU only.
  func serveConsole() {
    let hypervisor = Hypervisor.shared
    withConsole { $0.acknowledgeInterrupt() }
    while let input = withConsole({ $0.nextInput() }) {
      switch input {
      case .deliver(let vm, let byte):
        lock(vm)
        if hypervisor.value.vms[vm].state == .running {
          _ = hypervisor.value.vms[vm].machine.type(byte)
          settleInterrupts(of: vm)
        }
        unlock(vm)
      case .stop:
        for vm in hypervisor.value.vms.indices { stop(vm, saying: "was stopped by Ctrl-T x") }
      case .statistics(let asTable): showStatistics(asTable: asTable)
      case .selected, .none: break
      }
    }
    goOnWithStatistics()
    if withConsole({ $0.hasRoom }) { holdConsoles(false) }
  }

  /// Makes all VMs' UARTs seem full, or empty again.
  func holdConsoles(_ isHeld: Bool) {
    let hypervisor = Hypervisor.shared
    hypervisor.value.consoleLock.acquire(by: value.index)
    let isChange = hypervisor.value.isConsoleHeld != isHeld
    hypervisor.value.isConsoleHeld = isHeld
    hypervisor.value.consoleLock.release()
    guard isChange else { return }
    for vm in hypervisor.value.vms.indices {
      lock(vm)
      switch hypervisor.value.vms[vm].state {
      case .running, .halting:
        // Whoever changed it last, here or on another CPU, comes by after this with what is then the case.
        hypervisor.value.vms[vm].machine.holdConsole(hypervisor.value.isConsoleHeld)
        settleInterrupts(of: vm)
      // Its models are as a failure of ours may have left them.
      case .stopped, .failed: break
      }
      unlock(vm)
    }
  }

  /// No VM will ever run again: turns the machine off, or says that nobody can.
  func finish() -> Never {
    say("all VMs have stopped")
    if Hypervisor.shared.value.hasFirmware { HostFirmware.turnOff() }
    say("this machine has no firmware that turns it off: pull the plug, or in QEMU type Ctrl-A x")
    while true { wait_for_interrupt() }
  }

  /// Says something, and waits until it has gone out.
  private func say(_ text: StaticString) {
    withConsole { console in
      console.report(text)
      console.drain()
    }
  }
}
