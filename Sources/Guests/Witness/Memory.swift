internal import GuestEntry
internal import GuestSupport

/// Every word of the RAM that nobody else uses, looked at slice by slice and written anew.
struct Memory {
  private static let sliceSize: UInt64 = 0x4000
  private let words: Range<UInt64>
  private let spared: Range<UInt64>
  private var place: UInt64
  /// How often all of it was looked at.
  private(set) var passCount: UInt64 = 0
  private(set) var wrongCount: UInt64 = 0

  /// The RAM between the image and the end of memory, without the device tree.
  init(in tree: borrowing MachineTree) {
    let start = (guest_end_of_image() &+ 4095) & ~4095
    words = start..<max(start &+ Self.sliceSize, min(tree.memoryEnd, VirtMachine.memory &+ 0x4000_0000))
    spared = (tree.extent.lowerBound & ~7)..<((tree.extent.upperBound &+ 7) & ~7)
    place = start
    var address = start
    while address < words.upperBound {
      if !spared.contains(address) { guest_store64(address, expected(at: address, in: 0)) }
      address &+= 8
    }
  }

  /// Looks at the next slice, and fills it for the next pass.
  mutating func checkSlice() {
    let end = min(place &+ Self.sliceSize, words.upperBound)
    while place < end {
      if !spared.contains(place) {
        if guest_load64(place) != expected(at: place, in: passCount) { wrongCount &+= 1 }
        guest_store64(place, expected(at: place, in: passCount &+ 1))
      }
      place &+= 8
    }
    guard place == words.upperBound else { return }
    place = words.lowerBound
    passCount &+= 1
  }

  private func expected(at address: UInt64, in pass: UInt64) -> UInt64 {
    (address ^ pass << 40) &* 0x9e37_79b9_7f4a_7c15
  }
}
