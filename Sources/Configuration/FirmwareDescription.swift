public import Architecture
public import DeviceTree

/// The firmware's power interface, PSCI 0.2 or later (Arm DEN 0022), whose function numbers are the standard's.
public struct FirmwareDescription: Sendable {
  /// The node.
  public let node: DeviceTree.Node
  /// How the firmware is called.
  public let conduit: CallConduit

  /// The node that describes PSCI, of whatever version.
  static func node(in tree: DeviceTree) -> DeviceTree.Node? {
    tree.firstNode(compatible: "arm,psci-1.0") ?? tree.firstNode(compatible: "arm,psci-0.2")
      ?? tree.firstNode(compatible: "arm,psci")
  }

  /// Finds PSCI in `tree`. Nil where the tree has none.
  init?(in tree: DeviceTree) throws(MachineProblem) {
    guard let node = Self.node(in: tree) else { return nil }
    self.node = node
    guard node.isCompatible(with: "arm,psci-1.0") || node.isCompatible(with: "arm,psci-0.2") else {
      throw MachineProblem(.unknownFirmwareCall, node, "compatible")
    }
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
