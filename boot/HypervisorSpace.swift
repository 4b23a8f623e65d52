internal import Architecture
internal import ArmCommon
internal import ArmRegisters
internal import Backend
internal import Entry

/// The hypervisor's own stage 1: what entry code began, completed. W^X throughout (the WXN bit of our control register holds us to it).
///
/// Only the boot CPU changes it, and only before the guests run.
struct HypervisorSpace: ~Copyable {
  private let table: TranslationTable
  /// The 2 MiB block that the image lies in, which entry code mapped page by page.
  let imageBlock: AddressRange<PhysicalAddress>

  static let blockSize: UInt64 = 2 << 20

  /// The space that entry code made for the image loaded at `load`.
  init(load: PhysicalAddress) {
    imageBlock = AddressRange(start: load, size: Self.blockSize)
    table = TranslationTable(
      root: load.advanced(by: Image.offset(of: address_of_tables())),
      rootLevel: AddressSpaceLayout.rootLevel, inputBits: AddressSpaceLayout.inputBits)
  }

  /// What the image leaves of its block: the first arena.
  var firstArenaRange: AddressRange<PhysicalAddress> {
    AddressRange(
      from: imageBlock.start.advanced(by: Image.offset(of: address_of_image_end())), to: imageBlock.end)
  }

  /// Takes away the map of the image's block at its physical address, which only the switch of the MMU needed.
  mutating func removeIdentityMap(in arena: inout Arena) {
    table.unmapLeaf(at: imageBlock.start.rawValue, in: &arena)
    Processor.invalidateOwnTranslations()
  }

  /// Maps memory, all of it but the image's block. Pages that the range has only in part are left out.
  mutating func mapMemory(_ range: AddressRange<PhysicalAddress>, in arena: inout Arena) throws(MappingError) {
    let start = range.start.alignedUp(to: 4096)
    let end = range.end.alignedDown(to: 4096)
    try map(AddressRange(from: start, to: min(end, imageBlock.start)), .hypervisorData, &arena)
    try map(AddressRange(from: max(start, imageBlock.end), to: end), .hypervisorData, &arena)
    barrier()
  }

  /// Maps the stack and the emergency stack of the CPU with that index to the pages at `pages`, stack first. What lies
  /// between stays unmapped. Gives the stack's end.
  mutating func mapStack(_ index: Int, to pages: PhysicalAddress, in arena: inout Arena) throws(MappingError) -> UInt {
    let slot = AddressSpaceLayout.stacksBase + UInt64(index) * StackLayout.slotSize
    try table.map(
      slot + StackLayout.slotSize - StackLayout.stackSize, to: pages, size: StackLayout.stackSize, as: .hypervisorData,
      in: &arena)
    try table.map(
      slot, to: pages.advanced(by: StackLayout.stackSize), size: StackLayout.emergencySize, as: .hypervisorData,
      in: &arena)
    barrier()
    return UInt(slot + StackLayout.slotSize)
  }

  /// Maps what the loader left for us, read-only and apart from the rest of memory, and gives a pointer to it. Pages at
  /// its ends that are mapped so already stay as they are.
  mutating func mapConstants(_ range: AddressRange<PhysicalAddress>, in arena: inout Arena)
    throws(MappingError) -> UnsafeRawPointer
  {
    var pages = range.expanded(to: 4096)
    while !pages.isEmpty, isMappedAsConstant(pages.start, in: arena) {
      pages = AddressRange(from: pages.start.advanced(by: 4096), to: pages.end)
    }
    while !pages.isEmpty, isMappedAsConstant(PhysicalAddress(pages.end.rawValue - 4096), in: arena) {
      pages.size -= 4096
    }
    if !pages.isEmpty {
      try table.map(
        pages.start.rawValue | AddressSpaceLayout.constantsBase, to: pages.start, size: pages.size,
        as: .hypervisorConstants,
        in: &arena)
    }
    barrier()
    return unsafe UnsafeRawPointer(bitPattern: UInt(range.start.rawValue | AddressSpaceLayout.constantsBase))
      .unsafelyUnwrapped
  }

  private func isMappedAsConstant(_ page: PhysicalAddress, in arena: borrowing Arena) -> Bool {
    table.translate(page.rawValue | AddressSpaceLayout.constantsBase, in: arena) != nil
  }

  /// Maps the registers of a device and says where they are now. Pages that are mapped already stay as they are.
  mutating func mapDevice(_ range: AddressRange<PhysicalAddress>, in arena: inout Arena) throws(MappingError) -> UInt {
    var page = range.start.alignedDown(to: 4096)
    while page < range.end {
      if table.translate(UInt64(page.mapped), in: arena) == nil {
        try map(AddressRange(start: page, size: 4096), .hypervisorDevice, &arena)
      }
      page = page.advanced(by: 4096)
    }
    barrier()
    return range.start.mapped
  }

  private func map(
    _ range: AddressRange<PhysicalAddress>, _ attributes: LeafAttributes, _ arena: inout Arena
  ) throws(MappingError) {
    guard !range.isEmpty else { return }
    try table.map(UInt64(range.start.mapped), to: range.start, size: range.size, as: attributes, in: &arena)
  }

  /// A new descriptor is seen by the table walk of the next access (DDI 0487, D8.2.6).
  private func barrier() {
    barrier_complete_inner()
    barrier_instruction()
  }
}
