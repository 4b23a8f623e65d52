internal import GuestEntry
internal import GuestSupport

/// The first load from pages that nothing has touched since this machine started, spread over all of its RAM, and the same
/// pages again. A hypervisor that maps memory only when it is used shows in the first.
func timeMemory(with yardstick: Yardstick, _ tree: MachineTree) {
  let start = (guest_end_of_image() &+ 0xfff) & ~0xfff
  let stride = tree.memoryEnd > start ? (tree.memoryEnd &- start) / UInt64(Samples.totalCount) & ~0xfff : 0
  guard stride > 0 else { return }
  touch("memory-first-touch")
  touch("memory-later-touch")

  func touch(_ name: StaticString) {
    var page = start
    yardstick.sample(name, less: yardstick.overhead) {
      let elapsed = bench_load32(page)
      page &+= stride
      return elapsed
    }
  }
}
