public import Architecture
public import DeviceTree

/// The firmware's power interface, PSCI (Arm DEN 0022).
public struct FirmwareDescription: Sendable {
  /// The node.
  public let node: DeviceTree.Node
  /// How the firmware is called.
  public let conduit: CallConduit
  /// True for PSCI 0.2 and later, whose function numbers are the standard's; 0.1 leaves them to the tree, and has no way to ask for
  /// its version or to turn the machine off.
  public let isStandard: Bool
  /// The number of CPU_ON in PSCI 0.1, where the tree says it (`cpu_on`).
  public let ownCPUOn: UInt32?

  /// True where CPUs can be started by it.
  public var startsCPUs: Bool { isStandard || ownCPUOn != nil }

  /// Finds PSCI in `tree`. Nil where the tree has none.
  public init?(in tree: DeviceTree) throws(MachineProblem) {
    let found =
      tree.firstNode(compatible: "arm,psci-1.0") ?? tree.firstNode(compatible: "arm,psci-0.2")
      ?? tree.firstNode(compatible: "arm,psci")
    guard let node = found else { return nil }
    self.node = node
    isStandard = node.isCompatible(with: "arm,psci-1.0") || node.isCompatible(with: "arm,psci-0.2")
    ownCPUOn = isStandard ? nil : node["cpu_on"]?.u32
    guard let method = node["method"] else { throw MachineProblem(.missing, node, "method") }
    if method.string == "smc" {
      conduit = .secureMonitorCall
    } else if method.string == "hvc" {
      conduit = .hypervisorCall
    } else {
      throw MachineProblem(.unknownFirmwareCall, node, "method")
    }
  }
}
