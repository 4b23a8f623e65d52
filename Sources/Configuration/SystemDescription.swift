public import DeviceTree

/// The virtual machines and the scheduling of one system: a view of the bundle, which is a flattened device tree.
///
/// ```
/// / { compatible = "tvisor,system-2"; digest = <u64>; version = "0.2";
///     cpus { cpu@N { reg = <N>; policy = "cyclic"; slice-ns = <u64>; overhead-ns = <u64>;
///                    frame-ns = <u64>; windows = <u64: vm vcpu start length ...>; }; };
///     vms { vm@I { name = "linux"; vcpus = <N ...>; priorities = <cell ...>;
///                  reservations = <u64: budget period deadline ...>;
///                  ...; image@J { address = <u64>; data = [...]; }; }; }; };
/// ```
///
/// All times are in nanoseconds. `vcpus`, `priorities` and `reservations` have an entry for each vCPU, in order; the
/// latter two may be absent, and a reservation of zeros is none. The names of policies are the scheduler's: whoever joins
/// the two resolves them.
///
/// The accessors give an absent or malformed value its default; `validate` says what is wrong.
public struct SystemDescription: Sendable {
  /// The bundle.
  public let tree: DeviceTree

  /// The format that this source reads and writes.
  public static var format: Text { "tvisor,system-2" }

  /// A view of the bundle in `tree`.
  public init(_ tree: DeviceTree) { self.tree = tree }

  /// True where the bundle says that it has the format that this source reads.
  public var hasKnownFormat: Bool { tree.root.isCompatible(with: Self.format) }

  /// The format that the bundle has, and the version of the tool that made it, for messages.
  public var origin: (format: Text, version: Text) {
    (tree.root["compatible"]?.string ?? "none", tree.root["version"]?.string ?? "unknown")
  }

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
