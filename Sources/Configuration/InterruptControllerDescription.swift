public import Architecture
public import DeviceTree

/// The host's interrupt controller.
public enum InterruptControllerDescription: Sendable {
  /// A GICv2 with the virtualization extensions.
  case gicv2(GICv2Description)
  /// A GICv3 or GICv4.
  case gicv3(GICv3Description)
  /// The Raspberry Pi 2's and 3's, without a GIC.
  case bcm2836(BCM2836Description)

  /// The version of the GIC that a guest sees: the host's own, or a GICv2 where that has none.
  public var version: GICVersion {
    switch self {
    case .gicv2, .bcm2836: .v2
    case .gicv3: .v3
    }
  }

  /// The controller's node.
  public var node: DeviceTree.Node {
    switch self {
    case .gicv2(let gic): gic.node
    case .gicv3(let gic): gic.node
    case .bcm2836(let controller): controller.node
    }
  }

  /// True for a node of the controller's: its own, or that of another one that is part of it.
  func contains(_ node: DeviceTree.Node) -> Bool {
    if case .bcm2836(let controller) = self, node == controller.peripherals { return true }
    return node == self.node
  }

  /// The distributor's registers (GICD), or what stands for them.
  public var distributor: AddressRange<PhysicalAddress> {
    switch self {
    case .gicv2(let gic): gic.distributor
    case .gicv3(let gic): gic.distributor
    case .bcm2836(let controller): controller.local
    }
  }

  /// The interrupt by which the virtual CPU interface asks for the hypervisor; nil where that is software itself.
  public var maintenanceInterrupt: TreeInterrupt? {
    switch self {
    case .gicv2(let gic): gic.maintenanceInterrupt
    case .gicv3(let gic): gic.maintenanceInterrupt
    case .bcm2836: nil
    }
  }

  /// Finds the first GIC of `tree`, or else the controller of a board without one.
  public init(in tree: DeviceTree) throws(MachineProblem) {
    for node in tree.nodes where node["interrupt-controller"] != nil && node.isEnabled {
      if node.isCompatible(with: "arm,gic-v3") {
        self = .gicv3(try GICv3Description(node))
        return
      }
      if GICv2Description.describes(node) {
        self = .gicv2(try GICv2Description(node))
        return
      }
    }
    // Last, because the BCM2711 has it beside its GIC.
    for node in tree.nodes where node.isCompatible(with: "brcm,bcm2836-l1-intc") && node.isEnabled {
      self = .bcm2836(try BCM2836Description(node))
      return
    }
    // The one that the root names is the one that the CPUs' own interrupts go to.
    guard let other = tree.root.interruptParent, let name = other["compatible"]?.string else {
      throw MachineProblem(missing: "an interrupt controller (GICv2 or GICv3)")
    }
    throw MachineProblem(.unknownInterruptController(name), other)
  }
}

/// A GICv2 with the virtualization extensions (IHI 0048B chapter 5).
public struct GICv2Description: Sendable {
  /// The controller's node.
  public let node: DeviceTree.Node
  /// The distributor (GICD).
  public let distributor: AddressRange<PhysicalAddress>
  /// The CPU interface (GICC).
  public let cpuInterface: AddressRange<PhysicalAddress>
  /// The hypervisor's view of the virtual CPU interface (GICH).
  public let hypervisorInterface: AddressRange<PhysicalAddress>
  /// The virtual machine's view of the virtual CPU interface (GICV).
  public let virtualInterface: AddressRange<PhysicalAddress>
  /// The maintenance interrupt.
  public let maintenanceInterrupt: TreeInterrupt

  /// True where a name in the node's `compatible` is that of a GICv2.
  static func describes(_ node: DeviceTree.Node) -> Bool {
    let names: [8 of Text] = [
      "arm,gic-400", "arm,cortex-a15-gic", "arm,cortex-a7-gic", "arm,cortex-a9-gic", "arm,eb11mp-gic",
      "arm,arm11mp-gic", "arm,pl390", "qcom,msm-qgic2",
    ]
    for index in names.indices where node.isCompatible(with: names[index]) { return true }
    return false
  }

  /// The controller that `node` describes.
  init(_ node: DeviceTree.Node) throws(MachineProblem) {
    self.node = node
    distributor = try node.neededRegion(0, of: 4, least: 0x1000)
    // Two pages: GICC_DIR and GICV_DIR are the second ones.
    cpuInterface = try node.neededRegion(1, of: 4, least: 0x2000)
    guard try node.checkedRegionCount() > 2 else { throw Self.lacksVirtualInterface(node, distributor) }
    hypervisorInterface = try node.neededRegion(2, of: 4, least: 0x1000)
    virtualInterface = try node.neededRegion(3, of: 4, least: 0x2000)
    maintenanceInterrupt = try node.neededPrivateInterrupt(0, of: 1)
  }

  /// The problem of a tree that leaves GICH and GICV out. Some kinds of GIC always have them, at one place.
  private static func lacksVirtualInterface(
    _ node: DeviceTree.Node, _ distributor: AddressRange<PhysicalAddress>
  ) -> MachineProblem {
    let isVirt = node.tree.root.isCompatible(with: "linux,dummy-virt")
    let always: [3 of Text] = ["arm,gic-400", "arm,cortex-a15-gic", "arm,cortex-a7-gic"]
    var hasThem = false
    // QEMU's virt has them at places of its own.
    for index in always.indices where !isVirt && node.isCompatible(with: always[index]) { hasThem = true }
    return MachineProblem(
      .noVirtualInterface(isVirt: isVirt, distributor: hasThem ? distributor.start : nil), node, "reg")
  }
}

/// A GICv3 or GICv4, whose CPU interfaces are system registers (IHI 0069).
public struct GICv3Description: Sendable {
  /// The controller's node.
  public let node: DeviceTree.Node
  /// The distributor (GICD).
  public let distributor: AddressRange<PhysicalAddress>
  /// How many regions of redistributors there are.
  public let redistributorRegionCount: Int
  /// How far one redistributor is from the next (`redistributor-stride`); nil where each says its own size (GICR_TYPER).
  public let redistributorStride: UInt64?
  /// The maintenance interrupt.
  public let maintenanceInterrupt: TreeInterrupt

  /// The region of redistributors (GICR) at `index`, or nil past the last.
  public func redistributorRegion(_ index: Int) -> AddressRange<PhysicalAddress>? {
    guard index >= 0, index < redistributorRegionCount else { return nil }
    // Two frames of 64 KiB for a CPU at least (IHI 0069 §12.10).
    return try? node.neededRegion(1 + index, of: 1 + redistributorRegionCount, least: 0x2_0000)
  }

  /// The controller that `node` describes.
  init(_ node: DeviceTree.Node) throws(MachineProblem) {
    self.node = node
    distributor = try node.neededRegion(0, of: 2, least: 0x1_0000)
    var regionCount = 1
    if let property = node["#redistributor-regions"] {
      guard let count = property.u32, count > 0, count <= 1024 else {
        throw MachineProblem(.tree(.malformed), node, "#redistributor-regions")
      }
      regionCount = Int(count)
    }
    for index in 0..<regionCount { _ = try node.neededRegion(1 + index, of: 1 + regionCount) }
    redistributorRegionCount = regionCount
    redistributorStride = try node["redistributor-stride"].map { (property) throws(MachineProblem) -> UInt64 in
      // Two frames of 64 KiB each at least (IHI 0069 §12.10).
      guard let stride = property.number, stride >= 0x2_0000, stride % 0x1_0000 == 0 else {
        throw MachineProblem(.tree(.malformed), node, "redistributor-stride")
      }
      return stride
    }
    maintenanceInterrupt = try node.neededPrivateInterrupt(0, of: 1)
  }
}

/// The interrupt controllers of the BCM2836 and BCM2837, the Raspberry Pi 2's and 3's chips.
public struct BCM2836Description: Sendable {
  /// The local controller's node.
  public let node: DeviceTree.Node
  /// The local controller's registers: timers, mailboxes, and what each core has pending.
  public let local: AddressRange<PhysicalAddress>
  /// The node of the peripherals' controller behind it.
  public let peripherals: DeviceTree.Node
  /// The registers of that one.
  public let shared: AddressRange<PhysicalAddress>

  /// The controllers of which `node` describes the local one.
  init(_ node: DeviceTree.Node) throws(MachineProblem) {
    self.node = node
    local = try node.neededRegion(0, of: 1)
    guard let peripherals = node.tree.firstNode(compatible: "brcm,bcm2836-armctrl-ic") else {
      throw MachineProblem(missing: "the peripherals' interrupt controller (brcm,bcm2836-armctrl-ic)")
    }
    self.peripherals = peripherals
    shared = try peripherals.neededRegion(0, of: 1)
  }
}
