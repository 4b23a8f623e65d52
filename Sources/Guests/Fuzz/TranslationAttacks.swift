internal import GuestEntry
internal import GuestSupport

extension Attacker {
  /// A stage-1 table of our own for the upper addresses: entries that point outside the RAM, into devices, at itself and at
  /// each other; a table in device memory, beyond the RAM and at odd places. Then accesses, fetches, and maintenance there,
  /// while the other vCPU does the same with its own.
  mutating func attackTranslation() {
    let table = Places.memoryEnd &- Places.scratchSize &- 0x1_0000 &+ processor &* 0x4000
    for index in 0..<8 as Range<UInt64> {
      guest_store64(table &+ index &* 8, descriptor(near: table))
      guest_store64(table &+ 0x1000 &+ index &* 8, descriptor(near: table))
      guest_store64(table &+ 0x2000 &+ index &* 8, descriptor(near: table))
    }
    let root = random.oneIn(4) ? Places.address(&random) & 0xff_ffff_ffc0 : table
    begin()
    let upper = hostile_upper_address & ~0xfff
    let place = upper &+ (UInt64(random.below(4)) << random.pick(12, 21, 30, 30)) &+ UInt64(random.below(0x1000))
    // The sequence's own code, as the upper addresses have it where their first entry is the RAM's.
    let seesRAM = random.oneIn(3)
    if seesRAM { guest_store64(table, VirtMachine.memory | 0x701) }
    guest_data_barrier()
    hostile_use_upper_table(root)
    set(1, place)
    if random.oneIn(4) { add(Code.system(&random)) }
    for _ in 0..<(1 &+ random.below(2)) { add(Code.transfer(&random)) }
    if seesRAM && random.oneIn(2) && root == table {
      add(Code.supervisorCall)
      set(1, Places.address(&random))
      fire(at: upper &+ fuzz_code_address(processor) &- VirtMachine.memory, in: fuzz_state_own)
    } else if random.oneIn(4) {
      fire(at: place, in: fuzz_state_own)
    } else {
      fire()
    }
    hostile_drop_upper_table()
  }

  /// A table's entry: a block, a page, another table, nothing, or noise.
  private mutating func descriptor(near table: UInt64) -> UInt64 {
    let attributes = 0x400 | UInt64(random.below(4)) << 8 | UInt64(random.below(4)) << 6 | UInt64(random.below(2)) << 2
    return switch random.below(8) {
    case 0: 0
    case 1: random.next()
    case 2...3: Places.address(&random) & 0xff_ffff_f000 | attributes | 3
    case 4: Places.address(&random) & 0xff_c000_0000 | attributes | 1
    case 5: Places.address(&random) & 0xff_ffe0_0000 | attributes | 1
    default: table &+ UInt64(random.below(3)) << 12 | 3
    }
  }
}
