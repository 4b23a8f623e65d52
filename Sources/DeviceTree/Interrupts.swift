/// An interrupt as a GIC's binding describes it (three cells: kind, number, flags), or one of another controller in those
/// terms.
public struct TreeInterrupt: Equatable, Sendable {
  /// Which kind of interrupt, numbered as the binding does.
  public enum Line: Equatable, Sendable {
    /// A shared peripheral interrupt: INTID 32 + number.
    case shared(UInt32)
    /// A private peripheral interrupt: INTID 16 + number.
    case privatePeripheral(UInt32)
  }

  /// When the line asks for the interrupt, as the flags' low four bits say.
  public enum Trigger: UInt32, Sendable {
    case edgeRising = 1
    case edgeFalling = 2
    case levelHigh = 4
    case levelLow = 8

    /// True for both kinds of edge.
    public var isEdge: Bool { self == .edgeRising || self == .edgeFalling }
  }

  /// The line.
  public var line: Line
  /// Its trigger.
  public var trigger: Trigger

  /// An interrupt with both properties given.
  public init(_ line: Line, trigger: Trigger) {
    self.line = line
    self.trigger = trigger
  }

  /// The interrupt's INTID (IHI 0048B §2.2.1).
  public var identifier: UInt32 {
    switch line {
    case .shared(let number): 32 &+ number
    case .privatePeripheral(let number): 16 &+ number
    }
  }
}

/// An interrupt before anything is known of its controller: the controller's node and the cells that are for it.
public struct InterruptSpecifier {
  /// The interrupt controller.
  public let controller: DeviceTree.Node
  let property: DeviceTree.Property
  let start: Int
  /// How many cells the controller takes (#interrupt-cells).
  public let cellCount: Int

  /// The cell at `index`, or nil where there are fewer.
  public func cell(at index: Int) -> UInt32? {
    index >= 0 && index < cellCount ? property.cell(at: start + index) : nil
  }

  /// The interrupt, where the cells are a GIC's. Extended ranges (kinds 2 and 3) are not among them.
  public var gic: TreeInterrupt? {
    guard 3...4 ~= cellCount, let kind = cell(at: 0), let number = cell(at: 1), let flags = cell(at: 2),
      // Bits 8 to 15 are a GICv2's CPU mask for private interrupts.
      let trigger = TreeInterrupt.Trigger(rawValue: flags & 15)
    else { return nil }
    switch kind {
    case 0 where number < 988: return TreeInterrupt(.shared(number), trigger: trigger)
    case 1 where number < 16: return TreeInterrupt(.privatePeripheral(number), trigger: trigger)
    default: return nil
    }
  }

  /// The interrupt, where the controller is one of the Raspberry Pi 2's and 3's: the local one's lines are private, those of
  /// the one behind it (two cells: bank 0 to 2, number) are shared, 32 for each bank.
  public var broadcom: TreeInterrupt? {
    guard cellCount == 2, let first = cell(at: 0), let second = cell(at: 1) else { return nil }
    if controller.isCompatible(with: "brcm,bcm2836-l1-intc") {
      guard first < 10, let trigger = TreeInterrupt.Trigger(rawValue: second & 15) else { return nil }
      return TreeInterrupt(.privatePeripheral(first), trigger: trigger)
    }
    guard controller.isCompatible(with: "brcm,bcm2836-armctrl-ic"), first < 3, second < (first == 0 ? 8 : 32) else {
      return nil
    }
    return TreeInterrupt(.shared(first &* 32 &+ second), trigger: .levelHigh)
  }
}

extension DeviceTree.Node {
  /// The interrupt at `index` of `interrupts-extended` or else `interrupts`, as a GIC's. Nil past the end, an error where
  /// its controller is not found or is unknown.
  public func interrupt(at index: Int) throws(DeviceTreeError) -> TreeInterrupt? {
    guard let specifier = try interruptSpecifier(at: index) else { return nil }
    guard let interrupt = specifier.gic ?? specifier.broadcom else {
      throw DeviceTreeError(.malformed, node: self, property: "interrupts")
    }
    return interrupt
  }

  /// The interrupt at `index` of `interrupts-extended` or else `interrupts`, for whatever controller it belongs to at the end
  /// of all `interrupt-map`s.
  public func interruptSpecifier(at index: Int) throws(DeviceTreeError) -> InterruptSpecifier? {
    guard let specifier = try ownSpecifier(at: index) else { return nil }
    guard let mapped = specifier.mapped(for: self) else {
      throw DeviceTreeError(.interruptParent, node: self, property: "interrupts")
    }
    return mapped
  }

  private func ownSpecifier(at index: Int) throws(DeviceTreeError) -> InterruptSpecifier? {
    guard index >= 0 else { return nil }
    if let extended = self["interrupts-extended"] { return try specifier(at: index, extended: extended) }
    guard let interrupts = self["interrupts"] else { return nil }
    guard let controller = interruptParent, let cells = controller.interruptCellCount else {
      throw DeviceTreeError(.interruptParent, node: self, property: "interrupts")
    }
    guard interrupts.count % (cells * 4) == 0 else {
      throw DeviceTreeError(.malformed, node: self, property: "interrupts")
    }
    guard index < interrupts.cellCount / cells else { return nil }
    return InterruptSpecifier(controller: controller, property: interrupts, start: index * cells, cellCount: cells)
  }

  private func specifier(
    at index: Int, extended: DeviceTree.Property
  ) throws(DeviceTreeError) -> InterruptSpecifier? {
    var start = 0
    var remaining = index
    while let phandle = extended.cell(at: start) {
      guard let controller = tree.node(phandle: phandle), let cells = controller.interruptCellCount else {
        throw DeviceTreeError(.interruptParent, node: self, property: "interrupts-extended")
      }
      guard cells < extended.cellCount - start else {
        throw DeviceTreeError(.malformed, node: self, property: "interrupts-extended")
      }
      if remaining == 0 {
        return InterruptSpecifier(controller: controller, property: extended, start: start + 1, cellCount: cells)
      }
      remaining -= 1
      start += 1 + cells
    }
    return nil
  }

  /// The node that the node's interrupts belong to: what `interrupt-parent` names here or, inherited, above; or the first
  /// interrupt controller on the way up (Devicetree Specification v0.4 §2.4). One that nobody is above, as a GIC, is its own.
  public var interruptParent: DeviceTree.Node? {
    var node = self
    // Nodes that name each other as parents would lead around for ever.
    for _ in 0..<Structure.depthLimit * 2 {
      guard let next = node["interrupt-parent"].map({ $0.u32.flatMap(tree.node(phandle:)) }) ?? node.parent else {
        return self["#interrupt-cells"] == nil ? nil : self
      }
      if next["#interrupt-cells"] != nil { return next }
      node = next
    }
    return nil
  }

  /// #interrupt-cells, 1 to 4; nil where it is missing or absurd.
  var interruptCellCount: Int? {
    self["#interrupt-cells"]?.u32.flatMap { 1...4 ~= $0 ? Int($0) : nil }
  }
}
