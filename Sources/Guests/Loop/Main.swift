internal import GuestEntry
internal import GuestSupport

/// The control loop that others disturb. It measures in silence, says what it has seen in one line, and switches off; where the
/// counter counts instructions, so does it. The arguments come from /chosen/bootargs, times in nanoseconds:
///
/// - `period=1000000`, at whose multiples of the board's own time it wakes, and `periods=300` of them that it measures after
///   `warm=100`;
/// - nothing more: it sleeps until each of its instants, and says how late it came; with `job=` it then computes for so long, and
///   says when it was done;
/// - `supply`: it is always busy, and says how much of each period it has run; `blocks=` lets it sleep and wake so many times before;
/// - `window`: it is always busy, and says when its turns began and how much of each it has run;
/// - `pieces=`: it runs and sleeps so many times, each for a length of its own, and uses its budget up in pieces of every size.
@c(Loop_main)
func main(treeAddress: UInt64) {
  let tree = MachineTree(at: treeAddress)
  console.start()
  InterruptController.start()
  guest_mask_interrupts()
  InterruptController.current.enable(VirtMachine.virtualTimerInterrupt)
  let settings = Settings(tree)
  console.write("loop: begins\n")
  if tree.has("supply") {
    measureSupply(settings)
  } else if tree.has("window") {
    measureWindows(settings)
  } else if settings.pieceCount > 0 {
    runInPieces(settings)
  } else {
    measureLateness(settings)
  }
  console.write("loop: done\n")
  PSCI.powerOff()
}

/// What the arguments say, in ticks.
struct Settings {
  let period: UInt64
  let periodCount: UInt64
  let warmUpCount: UInt64
  let job: UInt64
  let blockCount: UInt64
  let pieceCount: UInt64

  init(_ tree: borrowing MachineTree) {
    period = max(ticks(tree.number("period") ?? 1_000_000), 1000)
    periodCount = max(tree.number("periods") ?? 300, 1)
    warmUpCount = tree.number("warm") ?? 100
    job = ticks(tree.number("job") ?? 0)
    blockCount = tree.number("blocks") ?? 0
    pieceCount = tree.number("pieces") ?? 0
  }
}

/// Nanoseconds as ticks of the counter.
private func ticks(_ nanoseconds: UInt64) -> UInt64 {
  let frequency = Counter.frequency
  return nanoseconds / 1_000_000_000 &* frequency &+ nanoseconds % 1_000_000_000 &* frequency / 1_000_000_000
}

/// Interrupts are masked: those that end a sleep are taken by hand.
@c(guest_interrupt)
func handleInterrupt(number: UInt32) {}

/// Sleeps until the virtual counter has come to `instant`, and takes the interrupt.
/// - Returns: the counter as the first instructions after the sleep read it, and how many sleeps ended too early.
func sleep(until instant: UInt64) -> (now: UInt64, earlyCount: UInt64) {
  Timer.virtual.arm(at: instant)
  var earlyCount: UInt64 = 0
  while true {
    guest_wait_for_interrupt()
    let now = Counter.now
    if now &- instant < 1 << 63 {
      Timer.virtual.stop()
      _ = InterruptController.current.drain(limit: 4)
      return (now, earlyCount)
    }
    earlyCount &+= 1
  }
}
