public import Architecture
public import DeviceTree

/// A part of memory that the machine's tree sets aside.
public struct Reservation: Equatable, Sendable {
  /// The addresses.
  public var range: AddressRange<PhysicalAddress>
  /// False where nobody may even map it (`no-map`), lest the CPU read it speculatively.
  public var allowsMapping: Bool
}

extension MachineDescription {
  /// Calls `body` with each bank of memory (`device_type = "memory"`), in ascending order. What nodes say twice or in parts that
  /// meet (firmware fills in one, an overlay brings another) is one bank.
  public func forEachMemoryBank(_ body: (AddressRange<PhysicalAddress>) -> Void) {
    Self.forEachMemoryBank(of: tree, body)
  }

  /// The same of a tree that need not describe a machine.
  public static func forEachMemoryBank(of tree: DeviceTree, _ body: (AddressRange<PhysicalAddress>) -> Void) {
    var past = PhysicalAddress(0)
    var isLast = false
    while !isLast, let bank = firstBank(of: tree, past, &isLast) {
      body(bank)
      past = bank.end
    }
  }

  /// The lowest bank that ends behind an address: the lowest region that does, grown by what meets it until nothing does. Mostly the
  /// tree has them in order, and one look is enough.
  @inline(never)
  private static func firstBank(
    of tree: DeviceTree, _ past: PhysicalAddress, _ isLast: inout Bool
  ) -> AddressRange<PhysicalAddress>? {
    var bank: AddressRange<PhysicalAddress>?
    var hasChanged = true
    while hasChanged {
      hasChanged = false
      isLast = true
      for node in tree.root.children where node.isMemory {
        for index in 0..<((try? node.regionCount) ?? 0) {
          guard let region = node.filledRegion(index), region.end > past else { continue }
          guard let found = bank else {
            bank = region
            continue
          }
          let joined = found.joined(with: region)
          if joined == nil { isLast = false }
          let better = joined ?? (found.start < region.start ? found : region)
          hasChanged = hasChanged || better != found
          bank = better
        }
      }
    }
    return bank
  }

  /// Calls `body` with what the memory reservation block and /reserved-memory set aside. The tree itself, the bundle and
  /// the hypervisor are not among it.
  public func forEachReservation(_ body: (Reservation) -> Void) {
    for index in 0..<tree.reservationCount {
      if let range = tree.reservation(at: index), !range.isEmpty {
        body(Reservation(range: range, allowsMapping: true))
      }
    }
    guard let reserved = tree.node(path: "/reserved-memory") else { return }
    for node in reserved.children where node.isEnabled {
      for index in 0..<((try? node.regionCount) ?? 0) {
        guard let range = node.filledRegion(index) else { continue }
        body(Reservation(range: range, allowsMapping: node["no-map"] == nil))
      }
    }
  }

  /// Calls `body` with each stretch of memory, cut to multiples of `alignment` (a power of two), that is neither reserved
  /// nor in `taken`, in ascending order.
  public func forEachFreeRange(
    alignedTo alignment: UInt64, excluding taken: Span<AddressRange<PhysicalAddress>>,
    _ body: (AddressRange<PhysicalAddress>) -> Void
  ) {
    forEachMemoryBank { bank in
      var cursor = bank.start
      while cursor < bank.end {
        let stretch = stretch(from: cursor, to: bank.end, excluding: taken)
        let start = cursor.alignedUp(to: alignment)
        let end = stretch.end.alignedDown(to: alignment)
        if stretch.isFree, start >= cursor, start < end { body(AddressRange(from: start, to: end)) }
        cursor = stretch.end
      }
    }
  }

  /// What lies from an address on, up to `limit` at most. Here once for all who look for free memory.
  @inline(never)
  private func stretch(
    from start: PhysicalAddress, to limit: PhysicalAddress, excluding taken: Span<AddressRange<PhysicalAddress>>
  ) -> Stretch {
    var stretch = Stretch(start: start, limit: limit)
    forEachReservation { stretch.avoid($0.range) }
    for index in taken.indices { stretch.avoid(taken[index]) }
    return stretch
  }

  /// Checks that there is memory and that its ranges are sound.
  public static func checkMemory(in tree: DeviceTree) throws(MachineProblem) {
    var hasMemory = false
    for node in tree.root.children where node.isMemory {
      for index in 0..<(try node.checkedRegionCount()) where try node.soundRegion(index) != nil { hasMemory = true }
    }
    guard hasMemory else { throw MachineProblem(missing: "memory (a node with device_type = \"memory\")") }
  }

  /// Checks that every region of /reserved-memory can be read.
  static func checkReservations(in tree: DeviceTree) throws(MachineProblem) {
    guard let reserved = tree.node(path: "/reserved-memory") else { return }
    for node in reserved.children where node.isEnabled {
      for index in 0..<(try node.checkedRegionCount()) { _ = try node.soundRegion(index) }
    }
  }
}

extension DeviceTree.Node {
  /// True for a node that describes memory and is not disabled.
  fileprivate var isMemory: Bool {
    @inline(never) get { self["device_type"]?.string == "memory" && isEnabled }
  }

  /// The region at `index` of `reg`; nil where it is empty, cannot be read, or is no range of addresses that there are.
  @inline(never)
  fileprivate func filledRegion(_ index: Int) -> AddressRange<PhysicalAddress>? {
    guard let range = try? region(at: index), range.isSound else { return nil }
    return range
  }

  /// The region at `index` of `reg`; nil where it is empty, as trees are that a loader fills in.
  fileprivate func soundRegion(_ index: Int) throws(MachineProblem) -> AddressRange<PhysicalAddress>? {
    let found: AddressRange<PhysicalAddress>?
    do { found = try region(at: index) } catch { throw MachineProblem(error, self) }
    guard let found, !found.isEmpty else { return nil }
    guard found.isSound else { throw MachineProblem(.range, self, "reg") }
    return found
  }
}

extension AddressRange<PhysicalAddress> {
  /// Both as one range, or nil where there is something between them.
  fileprivate func joined(with other: Self) -> Self? {
    guard start <= other.end, other.start <= end else { return nil }
    return Self(from: min(start, other.start), to: max(end, other.end))
  }
}

/// The memory from an address up to where something changes: free up to the next reservation, or not free up to the end
/// of one. It is never empty.
private struct Stretch {
  let start: PhysicalAddress
  let limit: PhysicalAddress
  var end: PhysicalAddress
  var isFree = true

  init(start: PhysicalAddress, limit: PhysicalAddress) {
    self.start = start
    self.limit = limit
    end = limit
  }

  /// Takes a reservation into account.
  @inline(never)
  mutating func avoid(_ range: AddressRange<PhysicalAddress>) {
    if range.contains(start) {
      // A range up to the very end of the address space leaves nothing: its end wraps around to 0.
      let past = range.end > start ? min(range.end, limit) : limit
      end = isFree ? past : max(end, past)
      isFree = false
    } else if isFree, !range.isEmpty, range.start > start {
      end = min(end, range.start)
    }
  }
}
