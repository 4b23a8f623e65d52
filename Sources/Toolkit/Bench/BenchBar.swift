/// A bar that a figure shall not pass.
public struct BenchBar: Equatable, Sendable {
  /// The figure.
  public var name: String
  /// Only where one vCPU has its CPU for itself; nil where the bar is one for both.
  public var isStatic: Bool?
  /// The most, in the figure's unit.
  public var limit: UInt64

  /// The bars: AArch64 with a GICv3 on a cortex-a57.
  private static let all: [BenchBar] = [
    BenchBar(name: "null-hypercall-hvc", limit: 115),
    BenchBar(name: "unknown-hypercall-hvc", limit: 125),
    BenchBar(name: "gicd-typer-read", limit: 140),
    BenchBar(name: "gicd-isenabler-write", limit: 250),
    BenchBar(name: "uart-flags-read", limit: 150),
    BenchBar(name: "timer-to-spinning-handler", isStatic: true, limit: 130),
    BenchBar(name: "timer-to-spinning-handler", isStatic: false, limit: 150),
    BenchBar(name: "timer-to-sleeping-handler", isStatic: true, limit: 130),
    BenchBar(name: "timer-to-sleeping-handler", isStatic: false, limit: 700),
    BenchBar(name: "sgi-to-own-handler", limit: 300),
    BenchBar(name: "sgi-to-spinning-vcpu", limit: 450),
    BenchBar(name: "vcpu-switch", limit: 600),
    // One instruction is the access itself: there is no fault.
    BenchBar(name: "memory-first-touch", limit: 1),
    BenchBar(name: "memory-later-touch", limit: 1),
    BenchBar(name: "image-bytes", limit: 128 << 10),
    BenchBar(name: "hypervisor-memory", limit: 900 << 10),
    BenchBar(name: "reset-to-first-guest-instruction", limit: 1_000_000),
  ]

  /// Bars of a system with a VM or two.
  private static let ofSmallSystems: Set = ["hypervisor-memory", "reset-to-first-guest-instruction"]

  private init(name: String, isStatic: Bool? = nil, limit: UInt64) {
    self.name = name
    self.isStatic = isStatic
    self.limit = limit
  }

  /// The bar of a figure in a variant, or nil where there is none. ARMv7 may take 1.3 times as many instructions.
  public static func limit(of name: String, in variant: BenchVariant) -> UInt64? {
    guard variant.isBarred, !(variant.isCrowd && ofSmallSystems.contains(name)) else { return nil }
    let bar = all.first { $0.name == name && ($0.isStatic == nil || $0.isStatic == variant.isStatic) }
    guard let bar else { return nil }
    let isCount = !name.hasPrefix("image") && !name.hasPrefix("hypervisor") && bar.limit > 1
    return variant.isa == "armv7" && isCount ? bar.limit * 13 / 10 : bar.limit
  }
}
