internal import Architecture
internal import Drivers
internal import Virtualization

/// The host's UART behind a ring: writing never waits for the line, except where the ring is full.
struct TransmitQueue: ByteSink, ~Copyable {
  let port: PL011Port
  private let bytes: Storage<UInt8>
  private var first = 0
  private var count = 0
  private var asksForRoom = false

  init(port: PL011Port, in arena: inout Arena) throws(OutOfMemory) {
    self.port = port
    bytes = try arena.storage(of: UInt8.self, count: 8192) { _ in 0 }
  }

  mutating func write(_ byte: UInt8) {
    while count == bytes.count { send() }
    bytes[(first &+ count) & (bytes.count &- 1)] = byte
    count &+= 1
  }

  /// Gives the UART as much as it takes now, and asks for an interrupt where that is not all.
  mutating func send() {
    while count > 0 && port.canTransmit {
      port.transmit(bytes[first])
      first = (first &+ 1) & (bytes.count &- 1)
      count &-= 1
    }
    guard asksForRoom != (count > 0) else { return }
    asksForRoom = count > 0
    port.setTransmitInterrupt(asksForRoom)
  }

  /// Waits until all has gone out.
  mutating func drain() {
    while count > 0 { send() }
  }
}

/// The console that the VMs and the hypervisor share.
struct Console: ~Copyable {
  private var multiplexer: ConsoleMultiplexer
  private var queue: TransmitQueue

  init(multiplexer: consuming ConsoleMultiplexer, queue: consuming TransmitQueue) {
    self.multiplexer = multiplexer
    self.queue = queue
  }

  /// A byte that a VM sent.
  mutating func output(_ byte: UInt8, from vm: Int) {
    multiplexer.output(byte, from: vm, to: &queue)
    queue.send()
  }

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
      multiplexer.report(" (ESR_EL2 ", to: &queue)
      multiplexer.report(hexadecimal: syndrome, to: &queue)
      multiplexer.report(")", to: &queue)
    }
    multiplexer.report("\n", to: &queue)
    queue.send()
  }

  /// The UART has room again, or somebody typed.
  mutating func serve(_ cpu: Reference<PhysicalCPU>) {
    queue.send()
    while let byte = queue.port.receive() {
      let input = multiplexer.input(byte, to: &queue)
      queue.send()
      switch input {
      case .deliver(let vm, let byte): cpu.type(byte, for: vm)
      case .stop: cpu.stopEverything()
      case .selected, .none: break
      }
    }
  }

  /// Waits until all has gone out.
  mutating func drain() { queue.drain() }
}
