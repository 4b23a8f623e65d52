public import Scheduling

/// What a person wrote in `system.yaml`: the processors' schedulers and the virtual machines, each with its place.
public struct SystemFile: Sendable {
  /// The text that it was read from.
  public var source: SourceText
  /// The `cpus:` list.
  public var processors: [Processor]
  /// The `vms:` list.
  public var machines: [Machine]

  /// How one physical CPU is shared.
  public struct Processor: Sendable {
    /// The CPU's number, in the order of the board's device tree.
    public var number: Located<UInt64>
    /// The scheduling policy; round robin where the file says nothing.
    public var policy: Located<PolicyKind>
    /// How long a turn is, in nanoseconds, or nil for the default.
    public var slice: Located<UInt64>?
    /// What admission reckons for a switch, in nanoseconds, or nil for the default.
    public var overhead: Located<UInt64>?
    /// After how many nanoseconds the table begins again.
    public var frame: Located<UInt64>?
    /// The table of a cyclic policy.
    public var windows: [Window]
  }

  /// A part of a cyclic table's frame.
  public struct Window: Sendable {
    /// Where its entry begins.
    public var position: Position
    /// The VM's name.
    public var machine: Located<String>
    /// The number of its vCPU; 0 where the file says nothing.
    public var virtualCPU: Located<UInt64>
    /// Nanoseconds from the frame's start.
    public var start: Located<UInt64>
    /// Its length in nanoseconds.
    public var length: Located<UInt64>
  }

  /// One virtual machine.
  public struct Machine: Sendable {
    /// Where its entry begins.
    public var position: Position
    /// Its name: the console's prefix.
    public var name: Located<String>
    /// The instruction set, where the file says it; else the image does.
    public var isa: Located<ISA>?
    /// Bytes of RAM.
    public var memory: Located<UInt64>
    /// Its vCPUs.
    public var virtualCPUs: [VirtualCPU]
    /// What it runs.
    public var payload: Payload
    /// The initial RAM disk's path.
    public var initialRAMDisk: Located<String>?
    /// The command line for its kernel.
    public var bootArguments: Located<String>?
    /// What a reset by the guest does.
    public var onReset: Located<ResetAction>?
    /// The board's devices that are its own.
    public var devices: [Device]
    /// Where its RAM is on the board; nil for anywhere.
    public var placement: Located<Placement>?
    /// What its author takes upon himself about devices that read and write memory by themselves.
    public var dma: Located<DMARisk>?
    /// The INTIDs of the board's further interrupts that are its own.
    public var interrupts: [Located<UInt64>]
  }

  /// A device of the board's that a machine has for its own.
  public struct Device: Sendable {
    /// Its path in the board's device tree.
    public var path: Located<String>
    /// How fast those of its clocks run whose frequency the tree does not say, in hertz.
    public var clock: Located<UInt64>?
  }

  /// One vCPU of a machine.
  public struct VirtualCPU: Sendable {
    /// Where its entry begins.
    public var position: Position
    /// The number of its physical CPU.
    public var processor: Located<UInt64>
    /// The time that it is promised.
    public var reservation: Located<ReservationPhrase>?
    /// Its rank under fixed priorities; a greater one goes first.
    public var priority: Located<UInt64>?
    /// What `simulate` takes it to do.
    public var behaviour: Located<Behaviour>?
  }

  /// A guest's instruction set.
  public enum ISA: String, CaseIterable, Sendable {
    /// 32-bit Arm: ARMv7-A, and ARMv8-A's 32-bit state.
    case aarch32
    /// 64-bit Arm.
    case aarch64
  }

  /// The instruction sets, as builds name them, of TVisor's own guests that the machines run.
  public var ownGuests: Set<String> {
    let paths = machines.compactMap { machine in
      switch machine.payload {
      case .image(let path), .raw(let path, _, _), .firmware(let path): path.value
      }
    }
    return Set(ImageBuilder.isas.filter { isa in paths.contains { $0.hasPrefix("@guests/\(isa)/") } })
  }

  /// What happens when a guest resets itself.
  public enum ResetAction: String, CaseIterable, Sendable {
    /// It boots again from its images.
    case restart
    /// It stays off.
    case stop
  }

  /// Where a machine's RAM is on the board.
  public enum Placement: String, CaseIterable, Sendable {
    /// At the addresses that the guest knows.
    case identity
  }

  /// What is accepted of devices that read and write memory by themselves.
  public enum DMARisk: String, CaseIterable, Sendable {
    /// That they may reach what is not the machine's.
    case atRisk = "at-risk"
  }

  /// What a machine runs; paths are as they were written.
  public enum Payload: Sendable {
    /// A Linux Image or zImage (plain or gzip) or an ELF: detected.
    case image(Located<String>)
    /// Bytes for one address, entered there or at another address.
    case raw(path: Located<String>, address: Located<UInt64>, entry: Located<UInt64>?)
    /// A boot ROM at address 0, entered there.
    case firmware(Located<String>)
  }
}
