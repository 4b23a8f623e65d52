/// A guest's memory: one range of its own addresses, in pieces of the host's memory, its extents, that lie in the guest's order
/// and need not meet on the host. Loading, cleaning, reading instructions and page tables all go by this.
///
/// How many pieces there can be is bounded, and in nearly every VM there is one, which is found by one comparison. Those behind the
/// first lie in memory of their own, which copies share: who has a copy adds nothing any more.
public struct GuestMemory {
  /// The most pieces that a guest's memory can lie in.
  public static var extentLimit: Int { 8 }

  /// Where the guest has it.
  public let start: GuestPhysicalAddress
  /// How many bytes all pieces have together.
  public private(set) var size: UInt64 = 0
  /// How many pieces there are.
  public private(set) var extentCount = 0
  private var first = AddressRange(start: PhysicalAddress(0), size: 0)
  private let others: Storage<AddressRange<PhysicalAddress>>?

  /// Memory from `start` on, without a piece yet, and with room for one.
  public init(at start: GuestPhysicalAddress) {
    self.start = start
    others = nil
  }

  /// The same with room for as many as there can be.
  public init(
    at start: GuestPhysicalAddress, in storage: inout some StorageProvider & ~Copyable
  ) throws(OutOfMemory) {
    self.start = start
    others = try storage.storage(of: AddressRange<PhysicalAddress>.self, count: Self.extentLimit - 1) { _ in
      AddressRange(start: PhysicalAddress(0), size: 0)
    }
  }

  /// The guest's addresses.
  public var range: AddressRange<GuestPhysicalAddress> { AddressRange(start: start, size: size) }

  /// Adds a piece behind those that are there; one that meets the last goes on with it, and an empty one is none. False where
  /// there is no room for it, or where no guest has so many addresses: nothing is added then.
  public mutating func append(_ extent: AddressRange<PhysicalAddress>) -> Bool {
    guard !extent.isEmpty else { return true }
    let (sum, overflow) = size.addingReportingOverflow(extent.size)
    guard !overflow, sum <= 0 &- start.rawValue || start.rawValue == 0 else { return false }
    if extentCount == 0 {
      first = extent
      extentCount = 1
    } else if self.extent(extentCount &- 1).end == extent.start {
      grow(by: extent.size)
    } else {
      guard let others, extentCount &- 1 < others.count else { return false }
      others[extentCount &- 1] = extent
      extentCount &+= 1
    }
    size = sum
    return true
  }

  private mutating func grow(by count: UInt64) {
    if extentCount == 1 { first.size &+= count } else { others?[extentCount &- 2].size &+= count }
  }

  /// The piece at `index`, below `extentCount`: where the host has it.
  public func extent(_ index: Int) -> AddressRange<PhysicalAddress> {
    precondition(index >= 0 && index < extentCount)
    guard index > 0, let others else { return first }
    return others[index &- 1]
  }

  /// Where the host has the byte at a guest's address, and what follows it up to its piece's end; nil outside.
  @inline(__always)
  public func piece(at address: GuestPhysicalAddress) -> AddressRange<PhysicalAddress>? {
    let offset = address.offset(from: start)
    guard offset >= first.size else { return first.rest(from: offset) }
    return offset < size ? laterPiece(at: offset) : nil
  }

  /// The same of what lies behind the first piece.
  @inline(never)
  private func laterPiece(at offset: UInt64) -> AddressRange<PhysicalAddress>? {
    var offset = offset
    for index in 0..<extentCount {
      let extent = extent(index)
      if offset < extent.size { return extent.rest(from: offset) }
      offset &-= extent.size
    }
    return nil
  }

  /// Where the guest has a byte of the host's; nil for one that is not in its memory.
  public func guestAddress(of address: PhysicalAddress) -> GuestPhysicalAddress? {
    var offset: UInt64 = 0
    for index in 0..<extentCount {
      let extent = extent(index)
      if extent.contains(address) { return start.advanced(by: offset &+ address.offset(from: extent.start)) }
      offset &+= extent.size
    }
    return nil
  }
}

extension AddressRange {
  /// What is left behind the first `offset` bytes, which are no more than all.
  @inline(__always)
  fileprivate func rest(from offset: UInt64) -> Self {
    Self(start: start.advanced(by: offset), size: size &- offset)
  }
}
