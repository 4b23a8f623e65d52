internal import Architecture
internal import ArmCommon
internal import Kernel

/// Where everything that is sized at boot comes from: per-VM and per-vCPU state, translation tables. Memory is handed
/// out upwards and never comes back, but for what the last request turns out not to need. It starts as what the image
/// leaves of its last 2 MiB block.
///
/// Only the boot CPU uses it, and only before the guests run.
struct Arena: ~Copyable {
  private var next: PhysicalAddress
  private var end: PhysicalAddress
  /// How much was handed out, in bytes, with what alignment cost.
  private(set) var usedByteCount: UInt64 = 0
  /// How much there was at first and what was added, in bytes.
  private(set) var byteCount: UInt64

  init(_ range: AddressRange<PhysicalAddress>) {
    next = range.start
    end = range.end
    byteCount = range.size
  }

  /// Goes on in another range of mapped memory; what is left of the current one is given up.
  mutating func extend(with range: AddressRange<PhysicalAddress>) {
    next = range.start
    end = range.end
    byteCount += range.size
  }

  /// How much one request can still get, in bytes.
  var remainingByteCount: UInt64 { end.offset(from: next) }

  /// `count` bytes at a multiple of `alignment`, a power of two.
  @inline(never)
  mutating func take(_ count: UInt64, alignment: UInt64) throws(OutOfMemory) -> PhysicalAddress {
    let start = next.alignedUp(to: alignment)
    guard start <= end, end.offset(from: start) >= count else {
      throw OutOfMemory(requestedByteCount: Int(truncatingIfNeeded: count))
    }
    usedByteCount += start.offset(from: next) + count
    next = start.advanced(by: count)
    return start
  }
}

extension Arena {
  /// Takes back the end of what was handed out last, from `place` on.
  mutating func takeBack(from place: PhysicalAddress) {
    precondition(place <= next)
    usedByteCount -= next.offset(from: place)
    next = place
  }
}

extension Arena: StorageProvider {
  mutating func storage<Element: ~Copyable>(of type: Element.Type, count: Int, initial: (Int) -> Element)
    throws(OutOfMemory) -> Storage<Element>
  {
    precondition(count >= 0)
    let (size, overflow) = MemoryLayout<Element>.stride.multipliedReportingOverflow(by: count)
    guard !overflow else { throw OutOfMemory(requestedByteCount: .max) }
    let start = try take(UInt64(size), alignment: UInt64(max(MemoryLayout<Element>.alignment, 16)))
    // Arena memory belongs to nobody else; it becomes Element's here, once.
    let base = unsafe start.unsafePointer.bindMemory(to: Element.self, capacity: count)
    for index in 0..<count { unsafe (base + index).initialize(to: initial(index)) }
    return unsafe Storage(unsafeBase: base, count: count)
  }
}

extension Arena: TableMemory {
  mutating func makeTables(_ count: Int) throws(OutOfMemory) -> PhysicalAddress {
    let size = UInt64(count) * 4096
    let start = try take(size, alignment: size)
    unsafe start.unsafePointer.initializeMemory(as: UInt64.self, repeating: 0, count: Int(size / 8))
    return start
  }

  func descriptor(in table: PhysicalAddress, at index: Int) -> LongDescriptor {
    LongDescriptor(rawValue: unsafe table.unsafePointer.load(fromByteOffset: index * 8, as: UInt64.self))
  }

  mutating func setDescriptor(_ descriptor: LongDescriptor, in table: PhysicalAddress, at index: Int) {
    unsafe table.unsafePointer.storeBytes(of: descriptor.rawValue, toByteOffset: index * 8, as: UInt64.self)
  }
}
