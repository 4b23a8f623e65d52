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
    case devices, interrupts, address, data
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
    /// All VMs together need more memory, in bytes, than the machine has free.
    case exceedsMachine(needed: UInt64, free: UInt64)
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
    /// There is no VM, or the VM has no vCPU, of that index.
    case noSuchVCPU(vm: UInt32, vcpu: UInt32)
    /// The vCPU is on another CPU than the table that gives it a window.
    case onAnotherCPU(UInt32)
    /// The budget does not come before the deadline, or the deadline not before the period's end.
    case outOfOrder
    /// The machine's tree has no such node.
    case noSuchDevice(Text)
    /// This cannot be asked for yet.
    case notOffered
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
    if case .betterAligned = kind { true } else { false }
  }
}
