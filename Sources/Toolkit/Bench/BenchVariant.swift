/// One way to run the bench: a system, or the bench alone on QEMU, with the choices that the figures may depend on.
public struct BenchVariant: Sendable {
  /// Its name: what is special about it, and the interrupt controller.
  public var name: String
  /// What it is, in a few words.
  public var summary: String
  /// The instruction set.
  public var isa: String
  /// The interrupt controller's version; 0 on a board without a choice.
  public var gic: UInt64
  /// The board, where it is not `virt`.
  public var board: Board?
  /// How many physical CPUs there are.
  public var processorCount: UInt64 = 1
  /// What boots.
  public var load: Load
  /// True where the bench's vCPU is the only one of its CPU.
  public var isStatic = false

  /// What boots.
  public enum Load: Equatable, Sendable {
    /// TVisor with the system of this text, one of whose VMs is called `bench`.
    case system(String)
    /// The bench guest at EL1, without a hypervisor, with these arguments.
    case native(arguments: String)
    /// Debian's Linux: in a VM of its own, or without a hypervisor.
    case linux(isNative: Bool)
  }

  /// True for a variant with many VMs.
  public var isCrowd = false

  /// True for what runs without TVisor.
  public var isNative: Bool {
    switch load {
    case .system: false
    case .native: true
    case .linux(let isNative): isNative
    }
  }

  /// True for a variant that measures all paths of one vCPU; the others are there for a figure or two of their own.
  public var isGeneral = true

  /// True where the bars hold: TVisor, with the newest interrupt controller of the instruction set.
  public var isBarred: Bool { !isNative && gic == (isa == "armv7" ? 2 : 3) }

  /// The native variant that this one stands beside.
  public var nativeName: String {
    if case .linux = load { return "linux-native-gic\(gic)" }
    return "native-gic\(gic)"
  }

  /// True where the variant can have a figure of that name; only what cannot is left out.
  public func mayMeasure(_ name: String) -> Bool {
    switch load {
    case .linux: return name == "linux-to-user-space"
    case .native: return name != "linux-to-user-space" && !Self.onlyFigures.contains { $0.name == name }
    case .system(let text):
      if let only = Self.onlyFigures.first(where: { text.contains("bootargs: \($0.argument)\n") }) {
        return name == only.name || !Self.isMeasuredInside(name)
      }
      return name != "linux-to-user-space" && !Self.onlyFigures.contains { $0.name == name }
    }
  }

  /// The figures that the bench measures alone, and the arguments that ask for them.
  private static let onlyFigures = [
    (argument: "switch", name: "vcpu-switch"), (argument: "preempt", name: "timer-to-preempting-handler"),
  ]

  private static func isMeasuredInside(_ name: String) -> Bool {
    name != "reset-to-first-guest-instruction" && name != "hypervisor-memory"
  }
}
