internal import GuestEntry
internal import GuestSupport

/// The machine beside hostile ones: ticks at `rate=` a second (1000), at each tick looks at its registers and a slice of its
/// memory, and gives its verdict every `ticks=` ticks (100): how late they came at worst, in the line and ever, and what was
/// WRONG. The arguments come from /chosen/bootargs.
@c(Witness_main)
func main(treeAddress: UInt64) {
  let tree = MachineTree(at: treeAddress)
  console.start()
  InterruptController.start()
  let rate = min(max(tree.number("rate") ?? 1000, 1), Counter.frequency)
  let ticksPerLine = max(tree.number("ticks") ?? 100, 1)
  var memory = Memory(in: tree)
  var registers = Registers()
  var verdict = Verdict()
  console.write("witness: begin\n")
  guest_mask_interrupts()
  registers.fill()
  InterruptController.current.enable(VirtMachine.virtualTimerInterrupt)
  unsafe ticker.start(period: Counter.frequency / rate)
  var seen: UInt64 = 0
  while true {
    let count = unsafe ticker.count
    guard count != seen else {
      guest_wait_for_interrupt()
      guest_unmask_interrupts()
      guest_mask_interrupts()
      continue
    }
    seen = count
    verdict.check(registers)
    registers.fill()
    if count % ticksPerLine == 0 {
      let window = unsafe ticker.takeWindow()
      guest_unmask_interrupts()
      verdict.write(memory, window, ticks: count)
    } else {
      guest_unmask_interrupts()
      memory.checkSlice()
    }
    guest_mask_interrupts()
  }
}

/// What was wrong so far.
private struct Verdict {
  private var worst: UInt64 = 0
  private var wrongRegister: UInt32?
  private var wrongRegisterCount: UInt64 = 0
  private var wrongVectorCount: UInt64 = 0

  mutating func check(_ registers: borrowing Registers) {
    if let number = registers.firstWrong() {
      wrongRegister = number
      wrongRegisterCount &+= 1
    }
    if !registers.areVectorsRight() { wrongVectorCount &+= 1 }
  }

  mutating func write(_ memory: borrowing Memory, _ window: UInt64, ticks: UInt64) {
    worst = max(worst, window)
    console.write("witness: ticks=")
    console.write(decimal: ticks)
    console.write(" late=")
    console.write(decimal: Counter.nanoseconds(window))
    console.write(" ns worst=")
    console.write(decimal: Counter.nanoseconds(worst))
    console.write(" ns passes=")
    console.write(decimal: memory.passCount)
    write(" memory=", memory.wrongCount)
    write(" registers=", wrongRegisterCount)
    if let wrongRegister {
      console.write(" (number ")
      console.write(decimal: UInt64(wrongRegister))
      console.write(")")
    }
    write(" vectors=", wrongVectorCount)
    console.write("\n")
  }

  private func write(_ what: StaticString, _ wrong: UInt64) {
    console.write(what)
    if wrong == 0 {
      console.write("ok")
    } else {
      console.write("WRONG:")
      console.write(decimal: wrong)
    }
  }
}

/// An absolute series of deadlines on the virtual timer, and how late the worst one of a window was.
private struct Ticker {
  private var period: UInt64 = 1
  private var deadline: UInt64 = 0
  private var worst: UInt64 = 0
  private(set) var count: UInt64 = 0

  mutating func start(period: UInt64) {
    self.period = period
    deadline = Counter.now &+ period
    Timer.virtual.arm(at: deadline)
  }

  mutating func tick(now: UInt64) {
    guard now &- deadline < 1 << 63 else { return }
    worst = max(worst, now &- deadline)
    count &+= 1
    // Deadlines that are past by now were missed: the lateness says so.
    deadline &+= ((now &- deadline) / period &+ 1) &* period
    Timer.virtual.compareValue = deadline
  }

  mutating func takeWindow() -> UInt64 {
    defer { worst = 0 }
    return worst
  }
}

/// Shared with the interrupt handler: touched with interrupts masked only.
nonisolated(unsafe) private var ticker = Ticker()

@c(guest_interrupt)
func handleInterrupt(number: UInt32) {
  let now = Counter.now
  if number == VirtMachine.virtualTimerInterrupt { unsafe ticker.tick(now: now) }
}
