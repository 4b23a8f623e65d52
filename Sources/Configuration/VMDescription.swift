public import Architecture
public import DeviceTree

/// One VM of a bundle. Absent and malformed values read as the defaults given here.
public struct VMDescription: Sendable {
  /// The node of the bundle.
  public let node: DeviceTree.Node
  /// The VM's index in the bundle.
  public let index: Int
  /// Where the RAM starts. The bundle's addresses count from `GuestMachine.memoryStart`; what they say moves with this.
  public var memoryStart = GuestMachine.memoryStart

  /// A VM as its node says.
  init(node: DeviceTree.Node, index: Int) {
    self.node = node
    self.index = index
  }

  /// The longest name that a VM can have, in bytes.
  public static var nameLimit: Int { 31 }

  /// The VM's name: letters, digits, ".", "_" and "-". It prefixes the VM's lines on the console. Empty by default.
  public var name: Text { node["name"]?.string ?? "" }

  /// The guest's instruction set by name, "aarch64" by default.
  public var isa: Text { node["isa"]?.string ?? "aarch64" }

  /// The guest's instruction set, or nil where the name is none that this source knows.
  public var instructionSet: InstructionSet? { isa == "aarch64" ? .aarch64 : isa == "aarch32" ? .aarch32 : nil }

  /// How many bytes of RAM there are from `memoryStart` on; 0 by default.
  public var memorySize: UInt64 { node["memory-size"]?.u64 ?? 0 }

  /// The RAM.
  public var memory: AddressRange<GuestPhysicalAddress> {
    AddressRange(start: memoryStart, size: memorySize)
  }

  /// How many bytes of firmware memory there are from address 0 on; 0, by default, for none.
  public var firmwareSize: UInt64 { node["firmware-size"].map { $0.number ?? 0 } ?? 0 }

  /// The firmware memory: the guest may read and execute it.
  public var firmware: AddressRange<GuestPhysicalAddress> {
    AddressRange(start: GuestMachine.firmware.start, size: firmwareSize)
  }

  /// How many vCPUs there are.
  public var vcpuCount: Int { node["vcpus"]?.cellCount ?? 0 }

  /// The physical CPU of vCPU `index`, below `vcpuCount`, or nil past the end.
  public func physicalCPU(vcpu index: Int) -> UInt32? { node["vcpus"]?.cell(at: index) }

  /// The time that vCPU `index` is promised; nil where it shares what others leave, or past the end.
  public func reservation(vcpu index: Int) -> TimeReservation? {
    guard index >= 0, index < vcpuCount, let property = node["reservations"],
      let budget = property.number(at: index * 6, cells: 2), let period = property.number(at: index * 6 + 2, cells: 2),
      let deadline = property.number(at: index * 6 + 4, cells: 2), budget | period | deadline != 0
    else { return nil }
    return TimeReservation(budgetNanoseconds: budget, periodNanoseconds: period, deadlineNanoseconds: deadline)
  }

  /// The priority of vCPU `index` among those on its CPU, or nil where the bundle gives its VM's vCPUs none, or past the
  /// end. What it means is the policy's matter.
  public func priority(vcpu index: Int) -> UInt32? {
    guard index >= 0, index < vcpuCount else { return nil }
    return node["priorities"]?.cell(at: index)
  }

  /// Where the first vCPU starts; 0 by default.
  public var entry: GuestPhysicalAddress { moved(node["entry"]?.u64 ?? 0) }

  /// Where the VM's device tree goes, which is the first vCPU's x0 too, or r2 for AArch32. Nil for none: 0 then.
  public var deviceTree: GuestPhysicalAddress? { (node["device-tree"]?.u64).map(moved) }

  /// Where the VM's initial RAM disk lies: one of the images brings it there.
  public var initialRAMDisk: AddressRange<GuestPhysicalAddress>? {
    guard let range = node["initrd"], range.count == 16, let start = range.number(at: 0, cells: 2),
      let end = range.number(at: 2, cells: 2)
    else { return nil }
    return AddressRange(from: moved(start), to: moved(end))
  }

  /// The guest kernel's command line.
  public var bootArguments: Text? { node["bootargs"]?.string }

  /// What happens when the guest resets itself; by default it starts again.
  public var onReset: ResetAction { ResetAction(name: node["on-reset"]?.string ?? "restart") ?? .restart }

  /// Where the VM's RAM is on the host; anywhere by default.
  public var placement: Placement {
    node["placement"]?.string == "identity" ? .identity : .anywhere
  }

  /// Where a VM's RAM is on the host.
  public enum Placement: Equatable, Sendable {
    /// At `GuestMachine.memoryStart` for the guest, wherever there was room on the host.
    case anywhere
    /// At the same addresses for the guest and the host: devices that the guest owns reach it by the addresses that the
    /// guest knows.
    case identity
  }

  /// True where the system's author takes the risk that a device of the VM's own reads or writes memory that is not the
  /// VM's.
  public var acceptsDMARisk: Bool { node["dma"]?.string == "at-risk" }

  /// An address of the bundle where the VM's RAM has it.
  func moved(_ address: UInt64) -> GuestPhysicalAddress {
    let address = GuestPhysicalAddress(address)
    guard address >= GuestMachine.memoryStart else { return address }
    return memoryStart.advanced(by: address.offset(from: GuestMachine.memoryStart))
  }

  /// What follows a guest's reset.
  public enum ResetAction: Equatable, Sendable {
    /// The VM starts again from its images.
    case restart
    /// The VM stays off.
    case stop

    /// The action of that name.
    public init?(name: Text) {
      if name == "restart" {
        self = .restart
      } else if name == "stop" {
        self = .stop
      } else {
        return nil
      }
    }

    /// The action's name in a bundle.
    public var name: Text { self == .restart ? "restart" : "stop" }
  }

  /// The paths, in the host's tree, of the devices that the VM owns.
  public var devices: DeviceTree.Property.Strings? { node["devices"]?.strings }

  /// How fast the clocks of the device at `index` run whose frequency the host's tree does not say, in hertz; nil where the
  /// bundle does not say it either.
  func deviceClock(_ index: Int) -> UInt32? {
    let frequency = node["device-clocks"]?.cell(at: index) ?? 0
    return frequency == 0 ? nil : frequency
  }

  /// How many physical interrupts the VM owns beside those of its devices.
  public var interruptCount: Int { node["interrupts"]?.cellCount ?? 0 }

  /// The INTID at `index`, below `interruptCount`, or nil past the end.
  public func interrupt(_ index: Int) -> UInt32? { node["interrupts"]?.cell(at: index) }

  /// The images that are copied into the VM's memory at each start.
  public var images: Images { Images(vm: self) }

  /// The images of a VM.
  public struct Images: Sequence, IteratorProtocol {
    let vm: VMDescription
    var nodes: DeviceTree.Node.Children
    var index = 0

    init(vm: VMDescription) {
      self.vm = vm
      nodes = vm.node.children
    }

    /// The next image.
    public mutating func next() -> ImageDescription? {
      guard let node = nodes.next() else { return nil }
      defer { index += 1 }
      return ImageDescription(
        node: node, index: index, address: vm.moved(node["address"]?.u64 ?? 0))
    }
  }
}

/// Bytes that are copied to a guest's memory at each start of the VM.
public struct ImageDescription: Sendable {
  /// The node of the bundle.
  public let node: DeviceTree.Node
  /// The image's index among those of its VM.
  public let index: Int

  /// Where the bytes go; 0 by default.
  public let address: GuestPhysicalAddress

  /// The bytes; none by default.
  public var data: DeviceTree.Property? { node["data"] }

  /// The guest-physical addresses that the image takes.
  public var range: AddressRange<GuestPhysicalAddress> {
    AddressRange(start: address, size: UInt64(data?.count ?? 0))
  }
}
