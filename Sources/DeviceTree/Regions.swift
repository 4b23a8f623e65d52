public import Architecture

extension DeviceTree.Node {
  /// How many cells an address has in the children's `reg` (#address-cells; 2 where the node does not say).
  public var addressCellCount: Int { cellCount(of: "#address-cells", otherwise: 2) }

  /// How many cells a size has in the children's `reg` (#size-cells; 1 where the node does not say).
  public var sizeCellCount: Int { cellCount(of: "#size-cells", otherwise: 1) }

  @inline(never)
  private func cellCount(of name: Text, otherwise fallback: Int) -> Int {
    guard let property = self[name] else { return fallback }
    // What is absurd stays so, in every size of Int.
    return Int(min(property.u32 ?? .max, 0xffff))
  }

  /// How many regions `reg` has.
  public var regionCount: Int {
    @inline(never) get throws(DeviceTreeError) {
      guard let reg = self["reg"] else { return 0 }
      let shape = try RegionShape(bus: parent, of: self, property: "reg")
      guard reg.count % (shape.cellCount * 4) == 0 else {
        throw DeviceTreeError(.malformed, node: self, property: "reg")
      }
      return reg.count / (shape.cellCount * 4)
    }
  }

  /// The region at `index` of `reg`, as an address that the CPU can use: translated through the `ranges` of every bus up
  /// to the root (Devicetree Specification v0.4 §2.3.8). Nil past the end of `reg`.
  @inline(never)
  public func region(at index: Int) throws(DeviceTreeError) -> AddressRange<PhysicalAddress>? {
    guard index >= 0, index < (try regionCount), let reg = self["reg"] else { return nil }
    let shape = try RegionShape(bus: parent, of: self, property: "reg")
    let start = index * shape.cellCount
    guard let address = reg.number(at: start, cells: shape.addressCells),
      let size = reg.number(at: start + shape.addressCells, cells: shape.sizeCells)
    else { throw DeviceTreeError(.malformed, node: self, property: "reg") }
    var region = AddressRange(start: PhysicalAddress(address), size: size)
    var bus = parent
    while let crossed = bus, let above = crossed.parent {
      region = try crossed.translate(region, to: above, for: self)
      bus = above
    }
    return region
  }

  /// What a region of a child's address space is in the address space of `parent`, this bus's own parent.
  private func translate(
    _ region: AddressRange<PhysicalAddress>, to parent: DeviceTree.Node, for node: DeviceTree.Node
  ) throws(DeviceTreeError) -> AddressRange<PhysicalAddress> {
    guard let ranges = self["ranges"] else { throw DeviceTreeError(.untranslatable, node: node, property: "reg") }
    if ranges.isEmpty { return region }
    let child = try RegionShape(bus: self, of: self, property: "ranges")
    let parentCells = parent.addressCellCount
    guard parentCells <= 2, ranges.cellCount % (child.cellCount + parentCells) == 0, ranges.count % 4 == 0 else {
      throw DeviceTreeError(.malformed, node: self, property: "ranges")
    }
    var index = 0
    while index < ranges.cellCount {
      let from = PhysicalAddress(ranges.number(at: index, cells: child.addressCells) ?? 0)
      let to = PhysicalAddress(ranges.number(at: index + child.addressCells, cells: parentCells) ?? 0)
      let size = ranges.number(at: index + child.addressCells + parentCells, cells: child.sizeCells) ?? 0
      if AddressRange(start: from, size: size).contains(region) {
        return AddressRange(start: to.advanced(by: region.start.offset(from: from)), size: region.size)
      }
      index += child.cellCount + parentCells
    }
    throw DeviceTreeError(.untranslatable, node: node, property: "reg")
  }
}

/// How many cells the addresses and sizes below a bus have.
private struct RegionShape {
  let addressCells: Int
  let sizeCells: Int
  var cellCount: Int { addressCells + sizeCells }

  /// The shape below `bus`, or an error about `property` of `node`: what has no cells or more than 64 bits (PCI) is not a
  /// region that the CPU could use.
  init(bus: DeviceTree.Node?, of node: DeviceTree.Node, property: Text) throws(DeviceTreeError) {
    addressCells = bus?.addressCellCount ?? 2
    sizeCells = bus?.sizeCellCount ?? 1
    guard 1...2 ~= addressCells, 0...2 ~= sizeCells else {
      throw DeviceTreeError(.malformed, node: node, property: property)
    }
  }
}
