internal import GuestEntry
internal import GuestSupport

/// When this machine's virtual counter began to run, by the system counter: the hypervisor starts it at zero with the
/// guest, so the difference of the two counters is what passed from reset to the guest's first instruction. In QEMU with
/// `-icount` the system counter starts at zero with the machine, and so this is how many instructions that took.
struct EntryTime {
  private let value: UInt64

  init() {
    let virtual = guest_virtual_count()
    let physical = guest_physical_count()
    value = physical &- virtual
  }

  /// Writes it, less what reading the second counter took; without a hypervisor it is nothing.
  func write(with yardstick: Yardstick) {
    yardstick.report("reset-to-first-guest-instruction", value > yardstick.overhead ? value &- yardstick.overhead : 0)
  }
}
