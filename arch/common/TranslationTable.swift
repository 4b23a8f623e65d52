public import Architecture

/// Whoever owns the memory that translation tables lie in.
public protocol TableMemory: ~Copyable {
  /// `count` new tables side by side, 4 KiB each, all zero, the first at a multiple of their whole size.
  mutating func makeTables(_ count: Int) throws(OutOfMemory) -> PhysicalAddress
  /// The descriptor at `index` of the table at `table`.
  func descriptor(in table: PhysicalAddress, at index: Int) -> LongDescriptor
  /// Puts a descriptor there.
  mutating func setDescriptor(_ descriptor: LongDescriptor, in table: PhysicalAddress, at index: Int)
}

/// Why a range cannot be mapped.
public enum MappingError: Error, Equatable, Sendable {
  /// An address or the size is not a multiple of 4 KiB.
  case misaligned
  /// The range passes the end of the input or output addresses.
  case outOfRange
  /// Some of the range is mapped already.
  case alreadyMapped
  /// There is no memory for another table.
  case outOfMemory
}

/// A translation table tree with 4 KiB granule, for the hypervisor's stage 1 and for every VM's stage 2, on both
/// instruction sets. Maps with the largest blocks that alignment allows: 1 GiB, 2 MiB, 4 KiB.
///
/// The tree only grows or loses leaves; who changes a live one does the TLB maintenance.
public struct TranslationTable: Sendable {
  /// The table that the base register points to.
  public let root: PhysicalAddress
  /// The level of the root: 0 or 1.
  public let rootLevel: Int
  /// How many bits of input address are translated.
  public let inputBits: Int

  /// Names an existing tree.
  public init(root: PhysicalAddress, rootLevel: Int, inputBits: Int) {
    self.root = root
    self.rootLevel = rootLevel
    self.inputBits = inputBits
  }

  /// An empty tree for stage 2 with a level-1 root: `inputBits` 31 to 40, of which 40 takes two tables side by side.
  public init(stage2InputBits inputBits: Int, memory: inout some TableMemory & ~Copyable) throws(MappingError) {
    precondition(inputBits > 30 && inputBits <= 40)
    do throws(OutOfMemory) {
      root = try memory.makeTables(inputBits == 40 ? 2 : 1)
    } catch { throw .outOfMemory }
    rootLevel = 1
    self.inputBits = inputBits
  }

  /// Maps the `size` bytes at `input` to those at `output`. What was mapped before an error stays mapped.
  public func map(
    _ input: UInt64, to output: PhysicalAddress, size: UInt64, as attributes: LeafAttributes,
    in memory: inout some TableMemory & ~Copyable
  ) throws(MappingError) {
    guard (input | output.rawValue | size) & 0xfff == 0 else { throw .misaligned }
    let limit: UInt64 = 1 << UInt64(inputBits)
    guard size <= limit, input <= limit - size, output.rawValue <= (1 << 48) - size else { throw .outOfRange }
    var done: UInt64 = 0
    while done < size {
      done += try mapLargest(
        input + done, to: output.advanced(by: done), remaining: size - done, as: attributes, in: &memory)
    }
  }

  /// Maps a guest's memory, piece by piece.
  public func map(
    _ guest: GuestMemory, as attributes: LeafAttributes, in memory: inout some TableMemory & ~Copyable
  ) throws(MappingError) {
    var input = guest.start.rawValue
    for index in 0..<guest.extentCount {
      let extent = guest.extent(index)
      try map(input, to: extent.start, size: extent.size, as: attributes, in: &memory)
      input &+= extent.size
    }
  }

  /// Takes the one leaf that maps `input` away, whatever its size. Does nothing where none does.
  public func unmapLeaf(at input: UInt64, in memory: inout some TableMemory & ~Copyable) {
    guard let found = leaf(for: input, in: memory) else { return }
    memory.setDescriptor(.invalid, in: found.table, at: index(of: input, level: found.level))
  }

  /// Where `input` leads and with which attributes, or nil where it is not mapped: what the hardware's walk would find.
  public func translate(_ input: UInt64, in memory: borrowing some TableMemory & ~Copyable)
    -> (address: PhysicalAddress, attributes: LeafAttributes, level: Int)?
  {
    guard let found = leaf(for: input, in: memory) else { return nil }
    let offset = input & (Self.blockSize(level: found.level) - 1)
    return (found.descriptor.address.advanced(by: offset), found.descriptor.attributes, found.level)
  }

  /// How many bytes a leaf maps at `level`.
  static func blockSize(level: Int) -> UInt64 { 1 << UInt64(39 - 9 * level) }

  /// The root of a concatenated level 1 is one long table: its index is not cut to nine bits.
  private func index(of input: UInt64, level: Int) -> Int {
    Int(truncatingIfNeeded: input >> UInt64(39 - 9 * level)) & (entryCount(level: level) - 1)
  }

  private func entryCount(level: Int) -> Int { level == rootLevel ? 1 << (inputBits - 39 + 9 * level) : 512 }

  private func leaf(for input: UInt64, in memory: borrowing some TableMemory & ~Copyable)
    -> (table: PhysicalAddress, level: Int, descriptor: LongDescriptor)?
  {
    guard input >> UInt64(inputBits) == 0 else { return nil }
    var table = root
    for level in rootLevel...3 {
      let descriptor = memory.descriptor(in: table, at: index(of: input, level: level))
      guard descriptor.isValid else { return nil }
      if !descriptor.isTable(level: level) { return (table, level, descriptor) }
      table = descriptor.address
    }
    return nil
  }

  /// Sets leaves at the first level on the way down where a block fits and no table hangs already, side by side in one table
  /// for as long as that goes, and says how many bytes they map.
  private func mapLargest(
    _ input: UInt64, to output: PhysicalAddress, remaining: UInt64, as attributes: LeafAttributes,
    in memory: inout some TableMemory & ~Copyable
  ) throws(MappingError) -> UInt64 {
    var table = root
    for level in rootLevel...3 {
      let place = index(of: input, level: level)
      let existing = memory.descriptor(in: table, at: place)
      let size = Self.blockSize(level: level)
      if level > 0, (input | output.rawValue) & (size - 1) == 0, remaining >= size, !existing.isTable(level: level) {
        guard !existing.isValid else { throw .alreadyMapped }
        // No larger block can fit before the table's end.
        let end = min(entryCount(level: level), place + Int(clamping: remaining >> UInt64(39 - 9 * level)))
        var next = place
        var done: UInt64 = 0
        repeat {
          let leaf = LongDescriptor.leaf(to: output.advanced(by: done), level: level, attributes: attributes)
          memory.setDescriptor(leaf, in: table, at: next)
          next += 1
          done += size
        } while next < end && !memory.descriptor(in: table, at: next).isValid
        return done
      }
      table = try nextTable(in: table, at: place, level: level, memory: &memory)
    }
    throw .misaligned
  }

  private func nextTable(
    in table: PhysicalAddress, at index: Int, level: Int, memory: inout some TableMemory & ~Copyable
  ) throws(MappingError) -> PhysicalAddress {
    let descriptor = memory.descriptor(in: table, at: index)
    if descriptor.isValid {
      guard descriptor.isTable(level: level) else { throw .alreadyMapped }
      return descriptor.address
    }
    do throws(OutOfMemory) {
      let new = try memory.makeTables(1)
      memory.setDescriptor(.table(at: new), in: table, at: index)
      return new
    } catch { throw .outOfMemory }
  }
}
