internal import GuestEntry
internal import GuestSupport

/// Takes as much of the hypervisor's time as a machine can, in one way of many, with as many vCPUs as it has been given. It does
/// nothing that a guest may not do, and nothing outside of its machine. The arguments come from /chosen/bootargs, times in
/// nanoseconds: `attack=` names the way (`Attack`), `vcpus=` says how many there are, `period=` (1000000) and `phase=` (0) for
/// which instants of the board's time they lie in wait; `sweep=` moves those each time, within `range=`. `number=` tells apart
/// machines that do different things. `start=` is the board's time at which all begin: before, they would be in each other's way.
@c(Disturb_main)
func main(treeAddress: UInt64) {
  let tree = MachineTree(at: treeAddress)
  let attack = Attack(in: tree)
  // Those who are there only to begin anew do not lose time with what they would not use.
  if attack == .reset { PSCI.reset() }
  InterruptController.start()
  guest_mask_interrupts()
  unsafe settings = Settings(tree, attack)
  let settings = unsafe settings
  if attack == .heavy { findRegisters() }
  if !attack.startsItself { Crew.assemble(settings.count) }
  if attack.announces {
    console.start()
    console.write("disturb: begins, vcpus=")
    console.write(decimal: settings.count)
    console.write("\n")
  }
  waitForStart(settings)
  if !attack.startsItself { Crew.release() }
  run(attack, as: VCPU(number: 0, count: settings.count), settings)
}

/// What the arguments say; times in ticks. Written before there is a second vCPU.
struct Settings {
  var attack = Attack.idle
  var count: UInt64 = 1
  var period: UInt64 = 1
  var phase: UInt64 = 0
  var sweep: UInt64 = 0
  var range: UInt64 = 0
  var number: UInt64 = 0
  var start: UInt64 = 0
  var time = SharedTime()

  init() {}

  init(_ tree: borrowing MachineTree, _ attack: Attack) {
    self.attack = attack
    count = min(max(tree.number("vcpus") ?? 1, 1), 64)
    period = max(ticks(tree.number("period") ?? 1_000_000), 1000)
    phase = ticks(tree.number("phase") ?? 0)
    sweep = ticks(tree.number("sweep") ?? 0)
    range = ticks(tree.number("range") ?? 0)
    number = tree.number("number") ?? 0
    start = ticks(tree.number("start") ?? 0)
  }
}
nonisolated(unsafe) var settings = Settings()

/// Sleeps until all begin.
private func waitForStart(_ settings: Settings) {
  let timer = Timer.virtual
  VCPU(number: 0, count: settings.count).enable(timer.interrupt)
  while timer.now &+ settings.time.lead < settings.start {
    timer.arm(at: settings.start &- settings.time.lead)
    guest_wait_for_interrupt()
    timer.stop()
    _ = InterruptController.current.drain(limit: 4)
  }
}

/// Nanoseconds as ticks of the counter.
private func ticks(_ nanoseconds: UInt64) -> UInt64 {
  let frequency = Counter.frequency
  return nanoseconds / 1_000_000_000 &* frequency &+ nanoseconds % 1_000_000_000 &* frequency / 1_000_000_000
}

/// The life of every vCPU but the first.
@c(disturb_other)
func liveAsOther(number: UInt64) {
  let vcpu = VCPU(number: number, count: unsafe settings.count)
  vcpu.startController()
  Crew.report(vcpu)
  run(unsafe settings.attack, as: vcpu, unsafe settings)
}

/// Interrupts are masked: those that end a sleep are taken by hand.
@c(guest_interrupt)
func handleInterrupt(number: UInt32) {}
