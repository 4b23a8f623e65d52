public import Architecture
public import DeviceTree

/// Registers of a device that a VM was given. An entry of `reg` without size has none; it stays where it is in the list, which
/// drivers know by its order.
public struct GivenRegion: Equatable, Sendable {
  /// The registers, for the host.
  public var host: AddressRange<PhysicalAddress>
  /// The same registers, for the guest: at the same place of a page.
  public var guest: AddressRange<GuestPhysicalAddress>

  /// The pages of 4 KiB that hold the registers, for the guest; `host.expanded(to: 4096)` are the same for the host.
  public var guestPages: AddressRange<GuestPhysicalAddress> { guest.expanded(to: 4096) }
}

/// An interrupt of a device that a VM was given.
public struct GivenInterrupt: Equatable, Sendable {
  /// The shared interrupt of the host's interrupt controller.
  public var host: TreeInterrupt
  /// The INTID by which the guest knows it.
  public var guest: UInt16
}

/// A device that a VM was given.
public struct GivenDevice: Sendable {
  /// Its node in the host's tree.
  public var node: DeviceTree.Node
  /// Its registers among those of the VM's devices, in the order of `reg`.
  public var regions: Range<Int>
  /// Its interrupts among those of the VM's devices, in the order of `interrupts`.
  public var interrupts: Range<Int>
  /// How fast those of its clocks run whose frequency the tree does not say, in hertz, where the system's author does.
  public var clock: UInt32?
}

/// The devices of the host that a VM was given, and where its guest finds them: at the same addresses and INTIDs as the
/// host, where nothing of the guest's own machine has them.
public struct GivenDevices {
  /// The devices, in the order of the bundle.
  public let devices: Storage<GivenDevice>
  /// Their registers.
  public let regions: Storage<GivenRegion>
  /// Their interrupts.
  public let interrupts: Storage<GivenInterrupt>

  /// The devices of `vm`, which is valid for `machine`: what is not is left out.
  public init(
    of vm: VMDescription, on machine: MachineDescription, in storage: inout some StorageProvider & ~Copyable
  ) throws(OutOfMemory) {
    var (deviceCount, regionCount, interruptCount) = (0, 0, 0)
    for node in vm.deviceNodes(in: machine.tree) {
      deviceCount += 1
      regionCount += node.registerRegionCount
      interruptCount += node.sharedInterruptCount(of: machine)
    }
    let root = machine.tree.root
    devices = try storage.storage(of: GivenDevice.self, count: deviceCount) { _ in
      GivenDevice(node: root, regions: 0..<0, interrupts: 0..<0)
    }
    regions = try storage.storage(of: GivenRegion.self, count: regionCount) { _ in .none }
    interrupts = try storage.storage(of: GivenInterrupt.self, count: interruptCount) { _ in .none }
    collect(vm, machine)
    place(vm)
    number()
  }

  /// Notes what the tree says.
  private func collect(_ vm: VMDescription, _ machine: MachineDescription) {
    var (device, region, interrupt) = (0, 0, 0)
    var nodes = vm.deviceNodes(in: machine.tree)
    while let node = nodes.next() {
      let (firstRegion, firstInterrupt) = (region, interrupt)
      for index in 0..<node.registerRegionCount {
        if let host = try? node.region(at: index) { regions[region].host = host }
        region += 1
      }
      for index in 0..<node.sharedInterruptCount(of: machine) {
        if let host = node.sharedInterrupt(index, of: machine) { interrupts[interrupt].host = host }
        interrupt += 1
      }
      devices[device] = GivenDevice(
        node: node, regions: firstRegion..<region, interrupts: firstInterrupt..<interrupt,
        clock: vm.deviceClock(nodes.pathCount - 1))
      device += 1
    }
  }

  /// Gives each region its place in the guest's addresses.
  private func place(_ vm: VMDescription) {
    var cursor = GuestMachine.movedDevices.start
    for index in regions.indices {
      let host = regions[index].host
      guard !host.isEmpty else {
        regions[index].guest = AddressRange(start: GuestPhysicalAddress(host.start.rawValue), size: 0)
        continue
      }
      let pages = host.expanded(to: 4096)
      var start = GuestPhysicalAddress(pages.start.rawValue)
      if !vm.keepsPlace(pages) {
        start = cursor
        cursor = cursor.advanced(by: pages.size)
      }
      regions[index].guest = AddressRange(
        start: start.advanced(by: host.start.offset(from: pages.start)), size: host.size)
    }
  }

  /// Gives each interrupt its INTID: its own or, where that is the guest machine's or too large, the last that is free.
  private func number() {
    for index in interrupts.indices {
      let identifier = interrupts[index].host.identifier
      interrupts[index].guest =
        GuestMachine.keepsInterrupt(identifier) ? UInt16(truncatingIfNeeded: identifier) : 0
    }
    var next = UInt16(32 + GuestMachine.sharedInterruptLimit)
    for index in interrupts.indices where interrupts[index].guest == 0 {
      if let same = firstInterrupt(before: index, host: interrupts[index].host.identifier) {
        interrupts[index].guest = interrupts[same].guest
        continue
      }
      repeat { next &-= 1 } while next > 32 && isUsed(next)
      interrupts[index].guest = next
    }
  }

  private func firstInterrupt(before end: Int, host identifier: UInt32) -> Int? {
    for index in 0..<end where interrupts[index].host.identifier == identifier { return index }
    return nil
  }

  private func isUsed(_ guest: UInt16) -> Bool {
    for index in interrupts.indices where interrupts[index].guest == guest { return true }
    return false
  }
}

extension GivenRegion {
  fileprivate static var none: GivenRegion {
    GivenRegion(
      host: AddressRange(start: PhysicalAddress(0), size: 0),
      guest: AddressRange(start: GuestPhysicalAddress(0), size: 0))
  }
}

extension GivenInterrupt {
  fileprivate static var none: GivenInterrupt {
    GivenInterrupt(host: TreeInterrupt(.shared(0), trigger: .levelHigh), guest: 0)
  }
}

extension GuestMachine {
  /// True where a shared interrupt of the host can have the same INTID for a guest.
  static func keepsInterrupt(_ identifier: UInt32) -> Bool {
    identifier >= 32 && identifier < 32 + UInt32(sharedInterruptLimit) && identifier != UInt32(consoleInterrupt)
      && identifier != UInt32(clockInterrupt)
  }
}

extension VMDescription {
  /// The nodes of the VM's devices, without those that the tree does not have.
  func deviceNodes(in tree: DeviceTree) -> DeviceNodes { DeviceNodes(tree: tree, paths: devices) }

  /// True where nothing of the guest's machine is at these addresses, so that the guest finds a device of the host's
  /// where the host has it.
  func keepsPlace(_ pages: AddressRange<PhysicalAddress>) -> Bool {
    let wanted = AddressRange(start: GuestPhysicalAddress(pages.start.rawValue), size: pages.size)
    let limit: UInt64 = instructionSet == .aarch32 ? 1 << 32 : 1 << 39
    guard wanted.start.rawValue < limit, wanted.size <= limit - wanted.start.rawValue else { return false }
    let own: [8 of AddressRange<GuestPhysicalAddress>] = [
      firmware, memory, GuestMachine.distributor, GuestMachine.cpuInterface, GuestMachine.redistributors,
      GuestMachine.console, GuestMachine.clock, GuestMachine.movedDevices,
    ]
    for index in own.indices where own[index].overlaps(wanted) { return false }
    return true
  }
}

/// Nodes by their paths.
struct DeviceNodes: Sequence, IteratorProtocol {
  let tree: DeviceTree
  var paths: DeviceTree.Property.Strings?
  /// How many paths have been looked at.
  var pathCount = 0

  /// The next node that there is.
  mutating func next() -> DeviceTree.Node? {
    while let path = paths?.next() {
      pathCount += 1
      if let node = tree.node(path: path) { return node }
    }
    return nil
  }
}

extension DeviceTree.Node {
  /// How many regions of registers the CPU can reach; 0 where the node has none or they make no sense.
  var registerRegionCount: Int { (try? regionCount) ?? 0 }

  /// The interrupt at `index` where it is a shared one of the machine's own interrupt controller.
  func sharedInterrupt(_ index: Int, of machine: MachineDescription) -> TreeInterrupt? {
    guard let specifier = try? interruptSpecifier(at: index),
      machine.interruptController.contains(specifier.controller), let interrupt = specifier.gic ?? specifier.broadcom,
      case .shared = interrupt.line
    else { return nil }
    return interrupt
  }

  /// How many interrupts the node has up to the first that is no shared one of the machine's GIC.
  func sharedInterruptCount(of machine: MachineDescription) -> Int {
    var count = 0
    while sharedInterrupt(count, of: machine) != nil { count += 1 }
    return count
  }
}
