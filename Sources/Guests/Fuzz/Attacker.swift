internal import GuestEntry
internal import GuestSupport

/// One vCPU as it attacks: who it is, its chance, and the sequence that it is about to fire.
struct Attacker {
  /// Which vCPU this is.
  let processor: UInt64
  var random: Random
  private var length: UInt32 = 0

  /// How a sequence came to its end.
  enum End {
    case landed
    case fault
    case interrupt
  }

  init(_ processor: UInt64, seed: UInt64) {
    self.processor = processor
    random = Random(seed: seed)
  }

  /// Begins a sequence with every register full of what may matter.
  mutating func begin() {
    length = 0
    for number in 0..<31 as Range<UInt32> { fuzz_set_register(processor, number, Places.value(&random)) }
    fuzz_set_register(processor, 1, Places.address(&random))
    fuzz_set_register(processor, 3, UInt64(random.below(8)))
    fuzz_set_register(processor, 31, Places.scratch(&random) & ~15)
  }

  /// A register that the sequence begins with.
  func set(_ number: UInt32, _ value: UInt64) { fuzz_set_register(processor, number, value) }

  /// Adds an instruction.
  mutating func add(_ word: UInt32) {
    fuzz_set_code(processor, length, word)
    length &+= 1
  }

  /// Fires the sequence in the guest's own state, to land by a branch.
  @discardableResult
  mutating func fire() -> End {
    let start = fuzz_code_address(processor)
    add(Code.branch(from: start &+ UInt64(length) &* 4, to: fuzz_landing_address()))
    return fire(at: start, in: fuzz_state_own)
  }

  /// Fires what is at an address, in a state; a sequence of ours in it ends by an exception.
  @discardableResult
  mutating func fire(at place: UInt64, in state: UInt64) -> End {
    fuzz_synchronize_code(fuzz_code_address(processor))
    fuzz_set_entry(processor, place)
    fuzz_set_state(processor, state)
    fuzz_set_attacks(processor, fuzz_attacks(processor) &+ 1)
    fuzz_run(processor)
    fuzz_set_beat(processor, fuzz_beat(processor) &+ 1)
    switch fuzz_kind(processor) {
    case 16: return .landed
    case let kind where kind & 3 == 1 || kind & 3 == 2:
      fuzz_set_interrupts(processor, fuzz_interrupts(processor) &+ 1)
      answerInterrupt()
      return .interrupt
    default:
      fuzz_set_faults(processor, fuzz_faults(processor) &+ 1)
      return .fault
    }
  }

  /// The alias through which User mode and EL0 see the code of the sequence.
  var aliasOfCode: UInt64 { fuzz_code_address(processor) &- VirtMachine.memory &+ 0xc000_0000 }
}
