public import DeviceTree

/// The host's architected timer: one private interrupt for each of its timers.
public struct TimerDescription: Sendable {
  /// The timer's node.
  public let node: DeviceTree.Node
  /// The secure EL1 physical timer's interrupt, where the tree has it.
  public let secureInterrupt: TreeInterrupt?
  /// The non-secure EL1 physical timer's interrupt.
  public let physicalInterrupt: TreeInterrupt
  /// The EL1 virtual timer's interrupt.
  public let virtualInterrupt: TreeInterrupt
  /// The EL2 physical timer's interrupt.
  public let hypervisorInterrupt: TreeInterrupt
  /// The counter's frequency in hertz, where firmware left it to the tree (`clock-frequency`) to say.
  public let clockFrequency: UInt32?

  /// How fast the counter runs, in hertz, where the register for it (CNTFRQ) has a value: the tree has one of its own only
  /// where firmware leaves that register wrong, so it counts for more. Nil where neither says anything.
  public func frequency(register: UInt64) -> UInt64? {
    if let clockFrequency, clockFrequency > 0 { return UInt64(clockFrequency) }
    return register > 0 ? register : nil
  }

  /// Finds the timer of `tree`.
  public init(in tree: DeviceTree) throws(MachineProblem) {
    guard let node = tree.firstNode(compatible: "arm,armv8-timer") ?? tree.firstNode(compatible: "arm,armv7-timer")
    else {
      for node in tree.nodes
      where node.isCompatible(with: "arm,armv8-timer") || node.isCompatible(with: "arm,armv7-timer") {
        throw MachineProblem(.disabled, node)
      }
      throw MachineProblem(missing: "the architected timer (arm,armv8-timer or arm,armv7-timer)")
    }
    self.node = node
    let order = TimerOrder(node)
    secureInterrupt = try order.secure.map { (index) throws(MachineProblem) in
      try node.neededPrivateInterrupt(index, of: 4)
    }
    physicalInterrupt = try Self.interrupt(order.physical, node)
    virtualInterrupt = try Self.interrupt(order.virtual, node)
    hypervisorInterrupt = try Self.interrupt(order.hypervisor, node)
    clockFrequency = node["clock-frequency"]?.u32
  }

  private static func interrupt(_ index: Int?, _ node: DeviceTree.Node) throws(MachineProblem) -> TreeInterrupt {
    guard let index else { throw MachineProblem(.tooFewInterrupts(needed: 4), node, "interrupt-names") }
    return try node.neededPrivateInterrupt(index, of: 4)
  }
}

/// Where in `interrupts` each timer's interrupt is: in the binding's order, or where `interrupt-names` says.
private struct TimerOrder {
  var secure: Int? = 0
  var physical: Int? = 1
  var virtual: Int? = 2
  var hypervisor: Int? = 3

  init(_ node: DeviceTree.Node) {
    guard let names = node["interrupt-names"] else { return }
    secure = nil
    physical = nil
    virtual = nil
    hypervisor = nil
    var index = 0
    for name in names.strings {
      if name == "sec-phys" { secure = index }
      if name == "phys" { physical = index }
      if name == "virt" { virtual = index }
      if name == "hyp-phys" { hypervisor = index }
      index += 1
    }
  }
}
