internal import GuestEntry
internal import GuestSupport

/// Patterns in this machine's own registers: EL1's or the privileged modes', the debug registers, the GIC's CPU interface, FP
/// and SIMD. Each is looked at and written anew at every tick.
struct Registers {
  /// What each read right after it was written; bits that do not exist read as they do.
  private var expected = [32 of UInt64](repeating: 0)
  /// The registers that this machine has.
  private var present: UInt64 = 0
  private var seed: UInt64 = 0

  init() {
    hostile_allow_vectors()
    for number in 0..<UInt32(witness_register_count) {
      let fault = probe {
        witness_write(number, 0)
        _ = witness_read(number)
      }
      if fault == nil { present |= 1 << UInt64(number) }
    }
  }

  /// Writes the next patterns. Called with interrupts masked.
  mutating func fill() {
    seed &+= 0x9e37_79b9_7f4a_7c15
    for number in 0..<UInt32(witness_register_count) where present >> UInt64(number) & 1 == 1 {
      witness_write(number, seed &* UInt64(2 &* number &+ 1))
      expected[Int(number)] = witness_read(number)
    }
    hostile_fill_vectors(seed)
  }

  /// The first register that holds something else; nil where all are as they were. Called with interrupts masked.
  func firstWrong() -> UInt32? {
    for number in 0..<UInt32(witness_register_count) where present >> UInt64(number) & 1 == 1 {
      if witness_read(number) != expected[Int(number)] { return number }
    }
    return nil
  }

  /// False where a vector register is not as it was.
  func areVectorsRight() -> Bool { hostile_compare_vectors(seed) == 0 }
}
