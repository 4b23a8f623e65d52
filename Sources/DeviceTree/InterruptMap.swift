// Nexus nodes: buses that pass their devices' interrupts on under other names (Devicetree Specification v0.4 §2.4.3).

extension InterruptSpecifier {
  /// The interrupt of `device` as the controller at the end of all maps knows it; nil where a map has no row for it, or leads
  /// around.
  func mapped(for device: DeviceTree.Node) -> InterruptSpecifier? {
    var specifier = self
    for depth in 0..<Structure.depthLimit {
      guard let map = specifier.controller["interrupt-map"] else { return specifier }
      // A second nexus does not see the device's address: a map there that asks for one is not understood.
      guard let next = specifier.row(of: map, for: depth == 0 ? device : nil) else { return nil }
      specifier = next
    }
    return nil
  }

  /// What the map makes of the interrupt. A row is a unit address and an interrupt as the nexus has them, the next controller,
  /// and a unit address and an interrupt as that one has them.
  private func row(of map: DeviceTree.Property, for device: DeviceTree.Node?) -> InterruptSpecifier? {
    let addressCells = controller.addressCellCount
    guard addressCells <= 4 else { return nil }
    var start = 0
    while let phandle = map.cell(at: start + addressCells + cellCount) {
      guard let next = controller.tree.node(phandle: phandle), let cells = next.interruptCellCount else { return nil }
      // A controller has no unit addresses unless it says so.
      let values = start + addressCells + cellCount + 1 + Int(min(next["#address-cells"]?.u32 ?? 0, 4))
      guard values + cells <= map.cellCount else { return nil }
      if matches(map, at: start, addressCells: addressCells, device) {
        return InterruptSpecifier(controller: next, property: map, start: values, cellCount: cells)
      }
      start = values + cells
    }
    return nil
  }

  /// True where the row that begins at `start` is about this interrupt of the device, in the bits of the nexus's mask.
  private func matches(
    _ map: DeviceTree.Property, at start: Int, addressCells: Int, _ device: DeviceTree.Node?
  ) -> Bool {
    let mask = controller["interrupt-map-mask"]
    let address = device?["reg"]
    for index in 0..<addressCells + cellCount {
      if device == nil, index < addressCells, mask?.cell(at: index) ?? ~0 != 0 { return false }
      let own = index < addressCells ? address?.cell(at: index) : cell(at: index - addressCells)
      guard let other = map.cell(at: start + index), ((own ?? 0) ^ other) & (mask?.cell(at: index) ?? ~0) == 0 else {
        return false
      }
    }
    return true
  }
}
