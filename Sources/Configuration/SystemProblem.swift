public import DeviceTree

/// One thing that is wrong with a system: with what, with which of its fields, and how.
public struct SystemProblem: Equatable, Sendable {
  /// What a problem concerns. Indices count from 0 in the order of the bundle.
  public enum Subject: Equatable, Sendable {
    /// The system as a whole.
    case system
    /// The entry at `index` in the list of physical CPUs.
    case cpu(index: Int)
    /// A window in the table of the entry at index `cpu` in the list of physical CPUs.
    case window(cpu: Int, window: Int)
    /// A VM.
    case vm(Int)
    /// A vCPU of a VM.
    case vcpu(vm: Int, vcpu: Int)
    /// An image of a VM.
    case image(vm: Int, image: Int)
    /// A device of a VM.
    case device(vm: Int, device: Int)
    /// A physical interrupt of a VM.
    case interrupt(vm: Int, interrupt: Int)
  }

  /// Which of the subject's values a problem concerns.
  public enum Field: Equatable, Sendable {
    case format, vms, cpu, slice, overhead, frame, windows
    case name, isa, memorySize, firmwareSize, vcpus, reservation, priority, entry, deviceTree, initialRAMDisk,
      bootArguments, onReset
    case devices, interrupts, placement, dma, address, data
  }

  /// How a value is wrong.
  public enum Kind: Equatable, Sendable {
    /// The bundle has another format, or is none.
    case unknownFormat
    /// There is none, where at least one is needed.
    case none
    /// The value is not there.
    case missing
    /// The value's length or content is none that the bundle's format knows.
    case malformed
    /// The text is empty.
    case empty
    /// The text has more bytes than it can.
    case tooLong(limit: Int)
    /// The name has a character that is no letter, digit, ".", "_" or "-".
    case notPlain
    /// The name is the hypervisor's own.
    case reserved
    /// The same is given before, by the VM (or, for CPUs, the entry) of that index.
    case duplicate(of: Int)
    /// The name is none of those that there are.
    case unknown(Text)
    /// The number is no multiple of what it must be.
    case misaligned(to: UInt64)
    /// The number would better be a multiple: it works, and costs speed or memory.
    case betterAligned(to: UInt64)
    /// The number, or how many there are, is below what is allowed.
    case tooSmall(limit: UInt64)
    /// The number, or how many there are, is above what is allowed.
    case tooLarge(limit: UInt64)
    /// All VMs together need more memory, in bytes, than the machine has free; the VM of index `greatest` needs the most.
    case exceedsMachine(needed: UInt64, free: UInt64, greatest: Int)
    /// The addresses lie neither in the VM's RAM nor in its firmware memory.
    case outsideMemory
    /// The addresses meet those of the VM's image of that index.
    case overlapsImage(Int)
    /// The addresses meet those of the VM's device tree.
    case overlapsDeviceTree
    /// No image brings anything to these addresses.
    case notLoaded
    /// The machine's CPUs run no guests of this instruction set.
    case notHosted(Text)
    /// The machine has no such CPU.
    case noSuchCPU(UInt32, count: Int)
    /// The machine has no way that TVisor knows to start the CPU: only what the tree says of it.
    case staysOff(UInt32, method: Text?)
    /// There is no VM, or the VM has no vCPU, of that index.
    case noSuchVCPU(vm: UInt32, vcpu: UInt32)
    /// The vCPU is on another CPU than the table that gives it a window.
    case onAnotherCPU(UInt32)
    /// The budget does not come before the deadline, or the deadline not before the period's end.
    case outOfOrder
    /// The machine's tree has no such node.
    case noSuchDevice(Text)
    /// The tree says that the node, or the bus that it is on, is disabled.
    case disabledDevice
    /// The hypervisor itself uses the device, its registers' pages or its interrupt.
    case usedByHypervisor(Use)
    /// The node has no registers that the CPU could reach.
    case noRegisters
    /// The node's registers lie in memory.
    case liesInMemory
    /// A page has registers of the first node and of the other, which does not go to the same VM, and so many more like that.
    case sharesPage(DeviceTree.Node, with: DeviceTree.Node, more: Int)
    /// An interrupt of the node is no shared one of the machine's GIC.
    case foreignInterrupt
    /// An interrupt of the device is also that of a device of the VM of that index.
    case sharedInterrupt(vm: Int)
    /// The device may read and write memory by itself, with nothing between the two.
    case mastersBus
    /// The same of this device and perhaps others, where the VM's placement allows it: whoever runs in the VM is trusted.
    case reachesAllMemory
    /// All devices of the VM need more addresses or interrupts than a guest has for them.
    case noRoomForDevices
    /// The node is larger than a guest's tree has room for.
    case largeDevice
    /// A clock's frequency was given for a device that does not want one.
    case unusedClock
    /// No free memory of the machine has addresses that a guest's memory can have.
    case noIdentity(UInt64)
    /// The machine's free memory lies in so many pieces that so many bytes take more than a guest's memory can have.
    case scattered(UInt64)
    /// Not together with firmware, which looks for RAM at a fixed place.
    case notWithFirmware
    /// This cannot be asked for.
    case notOffered
  }

  /// What the hypervisor uses a device for.
  public enum Use: Equatable, Sendable {
    /// What all VMs' consoles and its own are shown by.
    case console
    /// Taking interrupts.
    case interruptController
  }

  /// With what something is wrong.
  public var subject: Subject
  /// Which of its fields.
  public var field: Field
  /// How.
  public var kind: Kind

  /// A problem with every property given.
  public init(_ subject: Subject, _ field: Field, _ kind: Kind) {
    self.subject = subject
    self.field = field
    self.kind = kind
  }

  /// True where the system may start all the same.
  public var isWarning: Bool {
    switch kind {
    case .betterAligned, .reachesAllMemory: true
    default: false
    }
  }
}
