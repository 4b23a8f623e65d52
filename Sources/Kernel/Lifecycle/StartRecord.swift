package import Architecture

/// What each start of a VM needs, found once when the system was built: no start looks into the bundle or at a tree.
package struct StartRecord {
  /// Where the first vCPU begins.
  package let entry: GuestPhysicalAddress
  /// It starts again when it resets itself.
  package let restartsOnReset: Bool
  /// What goes into its memory, one after the other.
  package let images: Storage<GuestImage>
  /// Where the guest finds its device tree; nil for none.
  package let treePlace: GuestPhysicalAddress?
  /// The device tree; empty where it needs none, or where that does not fit.
  package let tree: AddressRange<PhysicalAddress>
  /// The bytes in it that are other ones at each start: `kaslr-seed`'s and `rng-seed`'s, each a multiple of four and 32 at most.
  package let seeds: (kaslr: Range<Int>, random: Range<Int>)?

  /// A record of all that was found.
  package init(
    entry: GuestPhysicalAddress, restartsOnReset: Bool, images: Storage<GuestImage>, treePlace: GuestPhysicalAddress?,
    tree: AddressRange<PhysicalAddress>, seeds: (kaslr: Range<Int>, random: Range<Int>)?
  ) {
    self.entry = entry
    self.restartsOnReset = restartsOnReset
    self.images = images
    self.treePlace = treePlace
    self.tree = tree
    self.seeds = seeds
  }
}

/// An image of a VM's.
package struct GuestImage {
  /// Where its bytes are in the bundle, by the hypervisor's address.
  package var data: UInt
  /// Where they go, all of them in the RAM or all in the firmware's memory.
  package var place: GuestPhysicalAddress
  /// How many they are, at least one.
  package var size: UInt64

  /// An image of `size` bytes at `data`.
  package init(data: UInt, place: GuestPhysicalAddress, size: UInt64) {
    self.data = data
    self.place = place
    self.size = size
  }
}
