/// A guest's memory: one range of its own addresses, in pieces of the host's memory, its extents, that lie in the guest's order
/// and need not meet on the host. Loading, cleaning, reading instructions and page tables all go by this.
///
/// A piece that meets the one before it goes on with it. How many there can be is bounded: a VM's memory is looked up by walking
/// over them, one in nearly every VM.
public struct GuestMemory: Sendable {
  /// The most pieces that a guest's memory can lie in.
  public static var extentLimit: Int { 8 }

  /// Where the guest has it.
  public let start: GuestPhysicalAddress
  /// How many bytes all pieces have together.
  public private(set) var size: UInt64 = 0
  /// How many pieces there are.
  public private(set) var extentCount = 0
  private var extents = [8 of AddressRange<PhysicalAddress>](
    repeating: AddressRange(start: PhysicalAddress(0), size: 0))

  /// Memory from `start` on, without a piece yet.
  public init(at start: GuestPhysicalAddress) { self.start = start }

  /// The guest's addresses.
  public var range: AddressRange<GuestPhysicalAddress> { AddressRange(start: start, size: size) }

  /// Adds a piece behind those that are there. False where there are as many as there can be, or where no guest has so many
  /// addresses: nothing is added then. An empty piece is none.
  public mutating func append(_ extent: AddressRange<PhysicalAddress>) -> Bool {
    guard !extent.isEmpty else { return true }
    let (sum, overflow) = size.addingReportingOverflow(extent.size)
    guard !overflow, sum <= 0 &- start.rawValue || start.rawValue == 0 else { return false }
    if extentCount > 0, extents[extentCount &- 1].end == extent.start {
      extents[extentCount &- 1].size &+= extent.size
    } else {
      guard extentCount < Self.extentLimit else { return false }
      extents[extentCount] = extent
      extentCount &+= 1
    }
    size = sum
    return true
  }

  /// The piece at `index`, below `extentCount`: where the host has it.
  public func extent(_ index: Int) -> AddressRange<PhysicalAddress> {
    precondition(index >= 0 && index < extentCount)
    return extents[index]
  }

  /// Where the host has the byte at a guest's address, and what follows it up to its piece's end; nil outside.
  @inline(__always)
  public func piece(at address: GuestPhysicalAddress) -> AddressRange<PhysicalAddress>? {
    var offset = address.offset(from: start)
    guard offset < size else { return nil }
    var index = 0
    while offset >= extents[index].size {
      offset &-= extents[index].size
      index &+= 1
    }
    let extent = extents[index]
    return AddressRange(start: extent.start.advanced(by: offset), size: extent.size &- offset)
  }

  /// Where the guest has a byte of the host's; nil for one that is not in its memory.
  public func guestAddress(of address: PhysicalAddress) -> GuestPhysicalAddress? {
    var offset: UInt64 = 0
    for index in 0..<extentCount {
      if extents[index].contains(address) {
        return start.advanced(by: offset &+ address.offset(from: extents[index].start))
      }
      offset &+= extents[index].size
    }
    return nil
  }
}
