internal import Architecture
internal import Configuration

/// Who gets which of the host's memory. Only the boot CPU uses it, and only before the guests run.
struct MemoryPlan: ~Copyable {
  private let machine: MachineDescription
  private let taken: Storage<AddressRange<PhysicalAddress>>
  private var takenCount = 0

  /// Nothing is given out yet, beside what the tree reserves. There is room for `capacity` ranges.
  init(_ machine: MachineDescription, capacity: Int, in arena: inout Arena) throws(OutOfMemory) {
    self.machine = machine
    taken = try arena.storage(of: AddressRange<PhysicalAddress>.self, count: capacity) { _ in
      AddressRange(start: PhysicalAddress(0), size: 0)
    }
  }

  /// What is given out or set aside so far.
  var reserved: Span<AddressRange<PhysicalAddress>> { taken.span(takenCount) }

  /// Sets a range aside.
  mutating func reserve(_ range: AddressRange<PhysicalAddress>) {
    taken[takenCount] = range
    takenCount += 1
  }

  /// The first free `size` bytes at a multiple of `alignment`, a power of two, or nil where there are none.
  mutating func take(_ size: UInt64, alignment: UInt64) -> AddressRange<PhysicalAddress>? {
    var found: AddressRange<PhysicalAddress>?
    machine.forEachFreeRange(alignedTo: 4096, excluding: reserved) { free in
      let start = free.start.alignedUp(to: alignment)
      let wanted = AddressRange(start: start, size: size)
      if found == nil, start >= free.start, free.contains(wanted), !wanted.isEmpty { found = wanted }
    }
    if let found { reserve(found) }
    return found
  }

  /// Memory of a VM that has the same addresses for its guest, or nil where there is none.
  mutating func takeIdentityMemory(of vm: VMDescription) -> AddressRange<PhysicalAddress>? {
    var found: AddressRange<PhysicalAddress>?
    machine.forEachFreeRange(alignedTo: SystemDescription.memoryUnit, excluding: reserved) { free in
      if found == nil { found = vm.identityPlace(in: free) }
    }
    if let found { reserve(found) }
    return found
  }

  /// Memory of a VM: at the alignment that gives the largest blocks of stage 2.
  mutating func takeGuestMemory(_ size: UInt64) -> AddressRange<PhysicalAddress>? {
    if size >= 1 << 30, let range = take(size, alignment: 1 << 30) { return range }
    return take(size, alignment: 2 << 20)
  }
}
