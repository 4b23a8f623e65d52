internal import GuestEntry
internal import GuestSupport

/// One word in every 4 KiB page of the RAM that nobody else uses, written with what only this guest expects there: the
/// witness that its neighbours do not reach its memory.
struct MemoryPattern {
  private static let pageSize: UInt64 = 4096
  /// The identity mapping has 1 GiB of RAM.
  private static let mappedEnd: UInt64 = VirtMachine.memory &+ 0x4000_0000

  private let pages: Range<UInt64>
  private let spared: Range<UInt64>
  private var seed: UInt64 = 0

  /// The RAM between the image and the end of memory, without the device tree.
  init(in tree: borrowing MachineTree) {
    let start = (guest_end_of_image() &+ Self.pageSize) & ~(Self.pageSize &- 1)
    pages = start..<max(start, min(tree.memoryEnd, Self.mappedEnd))
    spared = tree.extent
    fill()
  }

  /// Fills with the next pattern.
  mutating func fill() {
    seed &+= 1
    forEachPage { guest_store64($0, expected(at: $0)) }
  }

  /// How many pages hold something else.
  func wrongCount() -> UInt64 {
    var wrong: UInt64 = 0
    forEachPage { if guest_load64($0) != expected(at: $0) { wrong &+= 1 } }
    return wrong
  }

  private func expected(at address: UInt64) -> UInt64 { (address ^ seed &<< 40) &* 0x9e37_79b9_7f4a_7c15 }

  /// The word moves through the page with the seed, so that in time all of it is used.
  private func forEachPage(_ body: (UInt64) -> Void) {
    let offset = seed &* 8 % Self.pageSize
    var page = pages.lowerBound
    while page < pages.upperBound {
      if !spared.overlaps(page..<(page &+ Self.pageSize)) { body(page &+ offset) }
      page &+= Self.pageSize
    }
  }
}
