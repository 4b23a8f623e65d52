public import DeviceTree

/// The virtual machines and the scheduling of one system: a view of the bundle, which is a flattened device tree.
///
/// ```
/// / { compatible = "tvisor,system-1";
///     cpus { cpu@N { reg = <N>; policy = "round-robin"; slice-ns = <u64>; }; };
///     vms { vm@I { name = "linux"; ...; image@J { address = <u64>; data = [...]; }; }; }; };
/// ```
///
/// The accessors give an absent or malformed value its default; `validate` says what is wrong.
public struct SystemDescription: Sendable {
  /// The bundle.
  public let tree: DeviceTree

  /// The format that this source reads and writes.
  public static var format: Text { "tvisor,system-1" }

  /// A view of the bundle in `tree`.
  public init(_ tree: DeviceTree) { self.tree = tree }

  /// True where the bundle says that it has the format that this source reads.
  public var hasKnownFormat: Bool { tree.root.isCompatible(with: Self.format) }

  /// How many VMs there are.
  public var vmCount: Int {
    var count = 0
    for _ in vms { count += 1 }
    return count
  }

  /// The VM at `index`, below `vmCount`, or nil past the end.
  public func vm(_ index: Int) -> VMDescription? {
    for vm in vms where vm.index == index { return vm }
    return nil
  }

  /// The VMs in the order of the bundle.
  public var vms: VMs { VMs(nodes: tree.node(path: "/vms")?.children) }

  /// What the bundle says about physical CPUs, in its order. A CPU that it does not name has the defaults.
  public var cpus: CPUs { CPUs(nodes: tree.node(path: "/cpus")?.children) }

  /// How physical CPU `index` is shared, where the bundle says so.
  public func cpu(_ index: UInt32) -> CPUDescription? {
    for cpu in cpus where cpu.index == index { return cpu }
    return nil
  }

  /// The VMs of a bundle.
  public struct VMs: Sequence, IteratorProtocol {
    var nodes: DeviceTree.Node.Children?
    var index = 0

    init(nodes: DeviceTree.Node.Children?) { self.nodes = nodes }

    /// The next VM.
    public mutating func next() -> VMDescription? {
      guard let node = nodes?.next() else { return nil }
      defer { index += 1 }
      return VMDescription(node: node, index: index)
    }
  }

  /// The physical CPUs that a bundle names.
  public struct CPUs: Sequence, IteratorProtocol {
    var nodes: DeviceTree.Node.Children?

    /// The next CPU.
    public mutating func next() -> CPUDescription? {
      guard let node = nodes?.next() else { return nil }
      return CPUDescription(node: node)
    }
  }
}

/// How the vCPUs on one physical CPU share it.
public struct CPUDescription: Sendable {
  /// The node of the bundle.
  public let node: DeviceTree.Node

  /// The physical CPU, counted in the order of the host's tree without the disabled ones.
  public var index: UInt32 { node["reg"]?.u32 ?? .max }

  /// The policy's name.
  public var policyName: Text { node["policy"]?.string ?? "round-robin" }

  /// The policy, or nil where the name is none that this source knows.
  public var policy: SchedulingPolicy? { SchedulingPolicy(name: policyName) }

  /// The time that a vCPU runs before the next one's turn, in nanoseconds; nil where the bundle leaves that to the policy.
  public var sliceNanoseconds: UInt64? { node["slice-ns"]?.u64 }
}

/// The scheduling policies that a system can name.
public enum SchedulingPolicy: Equatable, Sendable {
  /// Every runnable vCPU in turn, for a slice of time.
  case roundRobin

  /// The policy of that name.
  public init?(name: Text) {
    guard name == SchedulingPolicy.roundRobin.name else { return nil }
    self = .roundRobin
  }

  /// The policy's name in a bundle.
  public var name: Text {
    switch self {
    case .roundRobin: "round-robin"
    }
  }
}
