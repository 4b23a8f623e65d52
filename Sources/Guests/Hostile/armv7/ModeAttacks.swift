internal import GuestEntry
internal import GuestSupport

/// Loads and stores of a device that are answered through registers of which each mode has its own, and within an IT block, whose
/// state goes on with the instruction that is skipped. The device is a register of the distributor that keeps four priorities.
func attackModes(_ tally: inout Tally) {
  let priorities = UInt32(truncatingIfNeeded: VirtMachine.distributor) &+ 0x400 &+ 40
  let value: UInt32 = 0x1020_3040
  // System (User's registers), FIQ, IRQ, Supervisor, Abort, Undefined.
  let modes: [6 of UInt32] = [0x1f, 0x11, 0x12, 0x13, 0x17, 0x1b]
  modes.forEach { mode in
    let wrongCount = UInt64(hostile_banked_transfers(priorities, mode, value))
    tally.judge("transfers through the registers of mode", at: UInt64(mode), wrongCount == 0, .value(wrongCount))
  }
  guest_store32(UInt64(priorities), UInt64(value))
  let loaded = hostile_load_in_block(priorities)
  tally.judge("loads in an IT block", loaded == 10 << 32 | UInt64(value), .value(loaded))
  guest_store32(UInt64(priorities), 0)
}
