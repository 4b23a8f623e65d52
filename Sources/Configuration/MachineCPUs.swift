public import Architecture
public import DeviceTree

/// A CPU of the host.
public struct HostCPU: Sendable {
  /// The CPU's node.
  public let node: DeviceTree.Node
  /// The CPU's index: its place in the tree, counted without disabled CPUs.
  public let index: Int
  /// The affinity fields of the CPU's MPIDR, at their places in the register.
  public let affinity: UInt64
  /// How the CPU is started.
  public let start: Start

  /// The ways to start a CPU (`enable-method`).
  public enum Start: Equatable, Sendable {
    /// By PSCI's CPU_ON.
    case firmware
    /// By writing an entry point to an address that the CPU polls.
    case spinTable(PhysicalAddress)
    /// By writing an entry point to the register that fills the core's mailbox, which it polls: the Raspberry Pi 2's.
    case mailbox(PhysicalAddress)
    /// In a way that the tree does not say or that TVisor does not know: unless it is the CPU that boots, it stays off.
    case unknown
  }

  /// What the tree says of how the CPU is started.
  public var enableMethod: Text? { node.enableMethod }

  /// The first name of the CPU's `compatible`: "arm,cortex-a53".
  public var compatible: Text? { node["compatible"]?.string }
}

extension HostCPU {
  /// Writes why a CPU whose `start` is unknown cannot be started, by its `enable-method`.
  public static func write<Sink: ByteSink & ~Copyable>(enableMethod method: Text?, to sink: inout Sink) {
    if let method {
      sink.write("its enable-method ")
      sink.write(method.span)
      sink.write(method == "psci" ? " has no firmware in the tree" : " is not known")
    } else {
      sink.write("the tree has neither an enable-method nor PSCI")
    }
  }
}

extension MachineDescription {
  /// The enabled CPUs, in the order of the tree.
  public var cpus: CPUs { CPUs(tree, hasFirmware: firmware?.startsCPUs == true) }

  /// The CPU at `index`, below `cpuCount`, or nil past the end.
  public func cpu(_ index: Int) -> HostCPU? {
    for cpu in cpus where cpu.index == index { return cpu }
    return nil
  }

  /// The enabled CPUs of a tree.
  public struct CPUs: Sequence, IteratorProtocol {
    var nodes: DeviceTree.Node.Children?
    let hasFirmware: Bool
    var index = 0

    /// The enabled CPUs of a tree, which need not describe a machine.
    public init(_ tree: DeviceTree) {
      self.init(tree, hasFirmware: (try? FirmwareDescription(in: tree))?.startsCPUs == true)
    }

    init(_ tree: DeviceTree, hasFirmware: Bool) {
      nodes = tree.node(path: "/cpus")?.children
      self.hasFirmware = hasFirmware
    }

    /// The next CPU.
    public mutating func next() -> HostCPU? {
      while let node = nodes?.next() {
        guard node.isCPU else { continue }
        defer { index += 1 }
        let affinity = node["reg"]?.number ?? 0
        return HostCPU(
          node: node, index: index, affinity: affinity, start: node.cpuStart(affinity, hasFirmware: hasFirmware))
      }
      return nil
    }
  }

  /// How many CPUs are enabled, each with an affinity of its own.
  public static func checkCPUs(in tree: DeviceTree) throws(MachineProblem) -> Int {
    guard let parent = tree.node(path: "/cpus") else { throw MachineProblem(missing: "/cpus") }
    var count = 0
    for node in parent.children where node.isCPU {
      guard let affinity = node["reg"] else { throw MachineProblem(.missing, node, "reg") }
      guard affinity.number != nil, affinity.cellCount == parent.addressCellCount else {
        throw MachineProblem(.tree(.malformed), node, "reg")
      }
      count += 1
    }
    guard count > 0 else { throw MachineProblem(missing: "an enabled CPU (/cpus/cpu@...)") }
    return count
  }
}

extension DeviceTree.Node {
  /// True for an enabled CPU.
  fileprivate var isCPU: Bool { self["device_type"]?.string == "cpu" && isEnabled }

  fileprivate var enableMethod: Text? { (self["enable-method"] ?? parent?["enable-method"])?.string }

  /// How the CPU is started. Trees of one CPU, and some for ARMv7, leave the method out: then it is PSCI where there is
  /// PSCI.
  fileprivate func cpuStart(_ affinity: UInt64, hasFirmware: Bool) -> HostCPU.Start {
    guard let method = enableMethod else { return hasFirmware ? .firmware : .unknown }
    if method == "psci" { return hasFirmware ? .firmware : .unknown }
    if method == "brcm,bcm2836-smp" { return mailboxStart(ofCore: affinity & 3) }
    guard method == "spin-table", let address = self["cpu-release-addr"]?.number else { return .unknown }
    return .spinTable(PhysicalAddress(address))
  }

  /// The firmware's stub has each core poll its mailbox 3 (BCM2836 ARM-local peripherals, "QA7", rev 3.4 §4.8).
  private func mailboxStart(ofCore core: UInt64) -> HostCPU.Start {
    guard let controller = tree.firstNode(compatible: "brcm,bcm2836-l1-intc"), let local = try? controller.region(at: 0)
    else { return .unknown }
    return .mailbox(local.start.advanced(by: 0x8c + 16 * core))
  }
}
