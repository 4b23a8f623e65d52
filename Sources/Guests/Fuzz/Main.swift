internal import GuestEntry
internal import GuestSupport

/// Fires random attacks from two vCPUs, with a third one to look after them, for ever or for `rounds=` of them, from `seed=` or
/// else the counter, and says how far it is about ten times a second (`lines=` for another rate); the arguments come from
/// /chosen/bootargs.
///
/// `ground=1` keeps the translation and the vectors that the guest stands on. Without them it takes one exception after the
/// other and no instruction, by which QEMU counts its time where that counts instructions: the time would stand still.
///
/// A machine that restarted goes on with other attacks: its seed is the given one together with the physical counter, which a
/// restart does not set back. `replay=` begins with exactly the seed that a line showed.
@c(Fuzz_main)
func main(treeAddress: UInt64) {
  let tree = MachineTree(at: treeAddress)
  console.start()
  InterruptController.start()
  Places.start(
    memoryEnd: min(tree.memoryEnd, VirtMachine.memory &+ 0x4000_0000), keepsGround: tree.number("ground") == 1)
  fuzz_set_code_base(Places.memoryEnd &- Places.scratchSize &- 0x2_0000)
  // The virtual counter begins anew with the machine.
  let now = guest_physical_count()
  let seed = tree.number("replay") ?? Random.derived(tree.number("seed") ?? now, now) & 0xffff_ffff
  for processor in 0..<4 as Range<UInt64> { fuzz_set_seed(processor, seed) }
  unsafe limits = Limits(
    rounds: tree.number("rounds") ?? .max, linePause: Counter.frequency / max(1, tree.number("lines") ?? 10))
  writeBanner(seed: seed)
  // EL0 and User mode see the RAM here, and may run it.
  guest_map_gigabyte(3, VirtMachine.memory, guest_executable_memory | 0x40)
  // Who runs through empty RAM does not come to the image's beginning.
  for word in 1..<64 as Range<UInt64> {
    guest_store32(VirtMachine.memory &+ 0x20_0000 &- word &* 4, UInt64(Code.undefined))
  }
  guest_write_vbar(fuzz_vector_address())
  attackForEver(0)
}

/// What ends the loop, and how often it says something.
private struct Limits {
  var rounds: UInt64 = .max
  var linePause: UInt64 = 1
}
nonisolated(unsafe) private var limits = Limits()

/// Attacks in a round.
private let roundLength = 100

/// Nobody fired: the second vCPU has come, or something went wrong outside of a sequence.
@c(fuzz_lost)
func beginAnew(processor: UInt64) {
  if fuzz_kind(processor) != 17 {
    fuzz_set_strays(processor, fuzz_strays(processor) &+ 1)
    fuzz_set_mishaps(processor, fuzz_mishaps(processor) &+ 1)
    // A wild store has hit what it lives by: only fresh copies of the images help.
    if fuzz_mishaps(processor) > 16 { PSCI.reset() }
  }
  if processor == Guard.processor { Guard.watchForEver() }
  fuzz_set_round(processor, fuzz_round(processor) &+ 1)
  attackForEver(processor)
}

@c(guest_interrupt)
func handleInterrupt(number: UInt32) {}

/// A wild branch has come to the image's first instruction, which leads to the common vectors.
@c(guest_restarts_when_lost)
func restartsWhenLost() -> Bool { true }

private func attackForEver(_ processor: UInt64) -> Never {
  if processor == 0 { Guard.start() }
  var lastLine = Counter.now
  while true {
    let round = fuzz_round(processor)
    let seed = Random.derived(fuzz_seed(processor) &+ processor << 40, round)
    let now = Counter.now
    let limits = unsafe limits
    let isOver = processor == 0 && round >= limits.rounds
    if processor == 0, now &- lastLine >= limits.linePause || isOver {
      lastLine = now
      writeLine(round: round)
    }
    if isOver { PSCI.powerOff() }
    var attacker = Attacker(processor, seed: seed)
    for _ in 0..<roundLength { attacker.attack() }
    fuzz_set_round(processor, round &+ 1)
    fuzz_set_mishaps(processor, 0)
  }
}

private func writeBanner(seed: UInt64) {
  console.write("\nfuzz: begin GICv")
  console.write(decimal: InterruptController.current.isVersion3 ? 3 : 2)
  console.write(" seed ")
  console.write(decimal: seed)
  console.write("\n")
}

private func writeLine(round: UInt64) {
  console.start()
  console.write("\nfuzz: round ")
  console.write(decimal: round)
  console.write(" seed ")
  console.write(decimal: fuzz_seed(0))
  for processor in 0..<2 as Range<UInt64> {
    console.write(" | ")
    console.write(decimal: fuzz_attacks(processor))
    console.write(" attacks ")
    console.write(decimal: fuzz_faults(processor))
    console.write(" faults ")
    console.write(decimal: fuzz_interrupts(processor))
    console.write(" interrupts ")
    console.write(decimal: fuzz_strays(processor))
    console.write(" strays")
  }
  console.write("\n")
}
