public import Architecture

/// What of the machine's memory is free, and who gets it. The host tool and the hypervisor reckon by it alike.
///
/// The pieces that are free, in whole blocks of `SystemDescription.memoryUnit`, are a list of their own, made of the tree once.
/// Whoever takes some gets whole blocks.
public struct MemoryPlan: ~Copyable {
  /// In ascending order, none of them empty.
  private let pieces: Storage<AddressRange<PhysicalAddress>>
  private var pieceCount = 0

  /// All memory of `machine` that neither its tree sets aside nor is among `taken`.
  /// - Throws: where `storage` has no room for the list.
  public init(
    _ machine: MachineDescription, excluding taken: Span<AddressRange<PhysicalAddress>>,
    in storage: inout some StorageProvider & ~Copyable
  ) throws(OutOfMemory) {
    // Whoever takes from the middle of a piece makes two of it.
    let room = 64
    var count = 0
    machine.forEachFreeRange(alignedTo: SystemDescription.memoryUnit, excluding: taken) { _ in count += 1 }
    let pieces = try storage.storage(of: AddressRange<PhysicalAddress>.self, count: count + room) { _ in
      AddressRange(start: PhysicalAddress(0), size: 0)
    }
    var next = 0
    machine.forEachFreeRange(alignedTo: SystemDescription.memoryUnit, excluding: taken) { range in
      pieces[next] = range
      next += 1
    }
    self.pieces = pieces
    pieceCount = next
  }

  /// How many bytes are free.
  public var freeSize: UInt64 {
    var size: UInt64 = 0
    for index in 0..<pieceCount { size = size.saturatingSum(pieces[index].size) }
    return size
  }

  /// The first free `size` bytes at a multiple of `alignment`, a power of two, or nil where there are none in one piece.
  public mutating func take(_ size: UInt64, alignment: UInt64 = SystemDescription.memoryUnit)
    -> AddressRange<PhysicalAddress>?
  {
    for index in 0..<pieceCount {
      let start = pieces[index].start.alignedUp(to: alignment)
      guard start >= pieces[index].start, remove(size, at: start, from: index) else { continue }
      return AddressRange(start: start, size: size)
    }
    return nil
  }

  /// Memory for a VM that has the same addresses for its guest as for the machine, and so is one piece; nil where there is none.
  mutating func takeIdentityMemory(of vm: VMDescription) -> GuestMemory? {
    for index in 0..<pieceCount {
      guard let place = vm.identityPlace(in: pieces[index]), remove(place.size, at: place.start, from: index) else {
        continue
      }
      return GuestMemory(at: GuestPhysicalAddress(place.start.rawValue), place)
    }
    return nil
  }

  /// Memory for a guest: in one piece where there is one, at the alignment that gives the largest blocks of stage 2; else in as few
  /// as can be, the largest first. Nil where those are more than a guest's memory can have.
  /// - Throws: where `storage` has no room for a list of several.
  mutating func takeGuestMemory(
    at start: GuestPhysicalAddress, size: UInt64, in storage: inout some StorageProvider & ~Copyable
  ) throws(OutOfMemory) -> GuestMemory? {
    if size >= 1 << 30, let piece = take(size, alignment: 1 << 30) { return GuestMemory(at: start, piece) }
    if let piece = take(size) { return GuestMemory(at: start, piece) }
    guard let picks = picks(for: size) else { return nil }
    var memory = try GuestMemory(at: start, in: &storage)
    for index in 0..<picks.count {
      let piece = pieces[picks.pieces[index]]
      let extent = AddressRange(start: piece.start, size: min(piece.size, size - memory.size))
      guard memory.append(extent) else { return nil }
      pieces[picks.pieces[index]] = AddressRange(
        from: extent.end.alignedUp(to: SystemDescription.memoryUnit), to: piece.end)
    }
    removeEmptyPieces()
    return memory
  }
}

extension MemoryPlan {
  /// Pieces by their indices.
  private struct Picks {
    var pieces = [8 of Int](repeating: 0)
    var count = 0

    func contains(_ piece: Int) -> Bool {
      for index in 0..<count where pieces[index] == piece { return true }
      return false
    }
  }

  /// The pieces, as few as can be, that hold `size` bytes together: the largest until one holds the rest, and then the smallest
  /// that does. Nil where that takes more than a guest's memory can have.
  private func picks(for size: UInt64) -> Picks? {
    var picks = Picks()
    var rest = size
    while rest > 0 {
      var best: Int?
      for index in 0..<pieceCount where !picks.contains(index) {
        let found = best.map { pieces[$0].size } ?? 0
        let size = pieces[index].size
        if found < rest ? size > found : size >= rest && size < found { best = index }
      }
      guard let best, picks.count < GuestMemory.extentLimit else { return nil }
      picks.pieces[picks.count] = best
      picks.count += 1
      rest -= min(rest, pieces[best].size)
    }
    return picks
  }

  /// Takes the blocks of `size` bytes at `start` out of a piece. False where it does not have them all.
  private mutating func remove(_ size: UInt64, at start: PhysicalAddress, from index: Int) -> Bool {
    let piece = pieces[index]
    let blocks = AddressRange(start: start, size: size.roundedUp(to: SystemDescription.memoryUnit))
    guard size > 0, blocks.size >= size, piece.contains(blocks) else { return false }
    let before = AddressRange(from: piece.start, to: blocks.start)
    let after = AddressRange(from: blocks.end, to: piece.end)
    pieces[index] = before
    if before.isEmpty {
      pieces[index] = after
      removeEmptyPieces()
    } else if !after.isEmpty {
      insert(after, behind: index)
    }
    return true
  }

  /// Where there is no room for one more, the smaller of the two is nobody's any more.
  private mutating func insert(_ piece: AddressRange<PhysicalAddress>, behind index: Int) {
    guard pieceCount < pieces.count else {
      if piece.size > pieces[index].size { pieces[index] = piece }
      return
    }
    var place = pieceCount
    while place > index + 1 {
      pieces[place] = pieces[place - 1]
      place -= 1
    }
    pieces[place] = piece
    pieceCount += 1
  }

  private mutating func removeEmptyPieces() {
    var count = 0
    for index in 0..<pieceCount where !pieces[index].isEmpty {
      pieces[count] = pieces[index]
      count += 1
    }
    pieceCount = count
  }
}

extension GuestMemory {
  /// Memory in one piece.
  fileprivate init(at start: GuestPhysicalAddress, _ piece: AddressRange<PhysicalAddress>) {
    self.init(at: start)
    _ = append(piece)
  }
}
