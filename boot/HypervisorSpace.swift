internal import Architecture
internal import ArmCommon
internal import ArmRegisters
internal import Backend
internal import Entry
internal import Kernel

/// The hypervisor's own stage 1: what entry code began, completed. W^X throughout (the WXN bit of our control register
/// holds us to it).
///
/// Only the boot CPU changes it, and only before the guests run.
struct HypervisorSpace: ~Copyable {
  private let table: TranslationTable
  /// The 2 MiB that the image has, which entry code mapped page by page.
  let imageBlock: AddressRange<PhysicalAddress>

  /// True where EL0 has to be kept out of what we map.
  private let knowsUserLevel: Bool

  static let blockSize: UInt64 = 2 << 20

  /// The space that entry code made for the image loaded at `load` and entered at exception level `level`.
  init(load: PhysicalAddress, level: UInt) {
    knowsUserLevel = AddressSpaceLayout.knowsUserLevel(level)
    imageBlock = AddressRange(start: load, size: Self.blockSize)
    table = TranslationTable(
      root: load.advanced(by: Image.offset(of: address_of_tables())),
      rootLevel: AddressSpaceLayout.rootLevel, inputBits: AddressSpaceLayout.inputBits)
  }

  /// The image itself, with its data, tables and stacks.
  var ownRange: AddressRange<PhysicalAddress> {
    AddressRange(start: imageBlock.start, size: Image.offset(of: address_of_image_end()))
  }

  /// What the image leaves of its block: the first arena. Where a loader has put its tree there, the larger part of the two beside.
  func arenaRange(sparing tree: PhysicalAddress) -> AddressRange<PhysicalAddress> {
    let all = AddressRange(from: ownRange.end, to: imageBlock.end)
    guard all.contains(AddressRange(start: tree, size: 8)) else { return all }
    let size = UInt32(bigEndian: unsafe tree.unsafePointer.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
    let behind = tree.advanced(by: min(UInt64(size), all.size)).alignedUp(to: 4096)
    let before = AddressRange(from: all.start, to: tree.alignedDown(to: 4096))
    let after = AddressRange(from: behind, to: all.end)
    return after.size > before.size ? after : before
  }

  /// Takes away the map of the image's block at its physical address, which only the switch of the MMU needed. Where the
  /// linear map is at physical addresses itself, it is a part of that.
  mutating func removeIdentityMap(in arena: inout Arena) {
    guard !AddressSpaceLayout.staysWhereLoaded else { return }
    table.unmapLeaf(at: imageBlock.start.rawValue, in: &arena)
    Processor.invalidateOwnTranslations()
  }

  /// Maps memory that is neither the image's nor what the loader left, in whole pages.
  mutating func mapMemory(_ range: AddressRange<PhysicalAddress>, in arena: inout Arena) throws(MappingError) {
    try map(range, .hypervisorData, &arena)
    barrier()
  }

  /// Maps the stack and the emergency stack of the CPU with that index to the pages at `pages`, stack first. What lies
  /// between stays unmapped. Gives the stack's end.
  mutating func mapStack(_ index: Int, to pages: PhysicalAddress, in arena: inout Arena) throws(MappingError) -> UInt {
    let slot = AddressSpaceLayout.stacksBase + UInt64(index) * StackLayout.slotSize
    try table.map(
      slot + StackLayout.slotSize - StackLayout.stackSize, to: pages, size: StackLayout.stackSize,
      as: ours(.hypervisorData), in: &arena)
    try table.map(
      slot, to: pages.advanced(by: StackLayout.stackSize), size: StackLayout.emergencySize, as: ours(.hypervisorData),
      in: &arena)
    barrier()
    return UInt(slot + StackLayout.slotSize)
  }

  /// Maps what the loader left for us, read-only unless we shall change it, and gives a pointer to it. Pages at its ends that are mapped already, by
  /// an earlier call, stay as they are.
  mutating func mapConstants(
    _ range: AddressRange<PhysicalAddress>, isWritable: Bool = false, in arena: inout Arena
  ) throws(MappingError) -> UnsafeRawPointer {
    guard isReachable(range) else { throw .outOfRange }
    var pages = range.expanded(to: 4096)
    while !pages.isEmpty, isMapped(pages.start, in: arena) {
      pages = AddressRange(from: pages.start.advanced(by: 4096), to: pages.end)
    }
    while !pages.isEmpty, isMapped(PhysicalAddress(pages.end.rawValue - 4096), in: arena) { pages.size -= 4096 }
    try map(pages, isWritable ? .hypervisorData : .hypervisorConstants, &arena)
    barrier()
    return unsafe UnsafeRawPointer(range.start.unsafePointer)
  }

  /// Maps the registers of a device and says where they are now. Pages that are mapped already stay as they are.
  mutating func mapDevice(_ range: AddressRange<PhysicalAddress>, in arena: inout Arena) throws(MappingError) -> UInt {
    guard isReachable(range) else { throw .outOfRange }
    let pages = range.expanded(to: 4096)
    do throws(MappingError) {
      try map(pages, .hypervisorDevice, &arena)
    } catch {
      guard error == .alreadyMapped else { throw error }
      var page = pages.start
      while page < pages.end {
        if !isMapped(page, in: arena) {
          try map(AddressRange(start: page, size: 4096), .hypervisorDevice, &arena)
        }
        page = page.advanced(by: 4096)
      }
    }
    barrier()
    return range.start.mapped
  }

  /// True where the linear map has a place for all of the range.
  private func isReachable(_ range: AddressRange<PhysicalAddress>) -> Bool {
    let reach = AddressRange(start: PhysicalAddress(0), size: AddressSpaceLayout.linearSize)
    return reach.contains(range) && !AddressSpaceLayout.imageWindow.overlaps(range)
      && !AddressSpaceLayout.hidden(by: imageBlock).overlaps(range)
  }

  private func isMapped(_ page: PhysicalAddress, in arena: borrowing Arena) -> Bool {
    table.translate(UInt64(page.mapped), in: arena) != nil
  }

  private func map(
    _ range: AddressRange<PhysicalAddress>, _ attributes: LeafAttributes, _ arena: inout Arena
  ) throws(MappingError) {
    guard !range.isEmpty else { return }
    try table.map(UInt64(range.start.mapped), to: range.start, size: range.size, as: ours(attributes), in: &arena)
  }

  /// The attributes as our regime has them.
  private func ours(_ attributes: LeafAttributes) -> LeafAttributes {
    knowsUserLevel ? attributes.withoutUserLevel : attributes
  }

  /// A new descriptor is seen by the table walk of the next access (DDI 0487, D8.2.6).
  private func barrier() {
    barrier_complete_inner()
    barrier_instruction()
  }
}
