internal import GuestEntry
internal import GuestSupport

/// Says where it finds what virt has, if `places` is among its arguments, which come from /chosen/bootargs, and then visits every
/// encoding of a system register that there is. It says what it finds in them when it starts, fills those that it
/// can write with a pattern of its own, and then: by default looks for ever whether they stay so; with `restart`
/// resets its machine, which starts all of this again. So one machine beside another, on one
/// CPU, tells which registers go with their vCPU, and which of a former run's or of another machine's are still there.
@c(Walk_main)
func main(treeAddress: UInt64) {
  let tree = MachineTree(at: treeAddress)
  console.start()
  guest_mask_interrupts()
  if tree.has("places") { sayPlaces(treeAddress) }
  sayFeatures()
  let seed = tree.number("seed") ?? 1
  sayFresh()
  let kept = fill(seed)
  write("filled ", kept)
  console.write("\n")
  if tree.has("restart") { PSCI.reset() }
  while true { check() }
}

/// What one register is known to be.
private enum Register {
  /// Where the table lies: two doublewords for each encoding.
  private static let table: UInt64 = VirtMachine.memory &+ (8 << 20)

  static func expectation(_ index: UInt32) -> UInt64? {
    let entry = table &+ UInt64(index) &* 16
    return guest_load64(entry) == 1 ? guest_load64(entry &+ 8) : nil
  }

  static func expect(_ value: UInt64?, at index: UInt32) {
    let entry = table &+ UInt64(index) &* 16
    guest_store64(entry, value == nil ? 0 : 1)
    guest_store64(entry &+ 8, value ?? 0)
  }
}

/// What the register at that place of the walk holds; nil where it is undefined, or changes by itself.
private func steadyValue(_ index: UInt32) -> UInt64? {
  guard let value = Encodings.read(index), Encodings.read(index) == value else { return nil }
  return value
}

/// One line for each register that is not zero.
private func sayFresh() {
  var answered: UInt64 = 0
  for index in 0..<Encodings.count {
    guard let value = steadyValue(index) else { continue }
    answered &+= 1
    if value != 0 { say("fresh ", index, value) }
  }
  write("fresh, all ", answered)
  console.write("\n")
}

/// Whether the registers are there of what the identification registers show.
private func sayFeatures() {
  var missing: UInt64 = 0
  let promises = Encodings.promises()
  for index in promises.indices where Encodings.read(promises[index]) == nil {
    missing &+= 1
    say("PROMISED ", promises[index], 0)
  }
  write("missing ", missing)
  console.write("\n")
}

/// Writes a pattern to all of them and notes what is there then, when all are written. The number of those that took some of it.
private func fill(_ seed: UInt64) -> UInt64 {
  var kept: UInt64 = 0
  for index in 0..<Encodings.count {
    let before = steadyValue(index)
    Register.expect(before, at: index)
    guard let before else { continue }
    let mask = Encodings.writableSafely(index)
    Encodings.write(index, before & ~mask | pattern(seed, index) & mask)
    if Encodings.read(index) != before { kept &+= 1 }
  }
  for index in 0..<Encodings.count where Register.expectation(index) != nil {
    Register.expect(steadyValue(index), at: index)
  }
  return kept
}

/// Says which registers are not what they were.
private func check() {
  var right: UInt64 = 0
  for index in 0..<Encodings.count {
    guard let expected = Register.expectation(index) else { continue }
    let value = Encodings.read(index)
    if value == expected { right &+= 1 } else { say("LOST ", index, value ?? 0) }
  }
  write("kept ", right)
  console.write("\n")
}

/// 64 bits that belong to one register of one machine.
private func pattern(_ seed: UInt64, _ index: UInt32) -> UInt64 {
  var value = seed &* 0x9e37_79b9_7f4a_7c15 ^ UInt64(index) &* 0xbf58_476d_1ce4_e5b9
  value ^= value >> 29
  return value &* 0x94d0_49bb_1331_11eb
}

private func say(_ what: StaticString, _ index: UInt32, _ value: UInt64) {
  console.write("walk: ")
  console.write(what)
  console.write(hexadecimal: UInt64(index))
  console.write("=")
  console.write(hexadecimal: value)
  console.write("\n")
}

private func write(_ what: StaticString, _ count: UInt64) {
  console.write("walk: ")
  console.write(what)
  console.write(decimal: count)
}

/// None comes: they stay masked.
@c(guest_interrupt)
func handleInterrupt(number: UInt32) {}
