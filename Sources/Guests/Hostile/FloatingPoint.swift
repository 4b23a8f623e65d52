internal import GuestEntry
internal import GuestSupport

/// Fills all vector registers, lets time pass in which other guests may run, and looks whether they are as they were.
func attackFloatingPoint(_ tally: inout Tally, milliseconds: UInt64) {
  let now = Counter.now
  // A pattern that no earlier round and no other guest uses.
  let seed = now &* 0x9e37_79b9_7f4a_7c15
  let differences = hostile_vectors_survive(seed, now &+ Counter.frequency / 1000 &* milliseconds)
  tally.judge("FP registers kept", differences == 0, .value(differences))
}
