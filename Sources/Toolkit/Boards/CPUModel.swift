/// What is known of a core that QEMU plays or a tree names: the instruction sets at the levels that matter here.
public struct CPUModel: Equatable, Sendable {
  /// Its name: `cortex-a53`.
  public var name: String
  /// True where EL2 is 64-bit, so that it takes the ARMv8 image; else it has Hyp mode, and takes the ARMv7 one.
  public var is64Bit: Bool
  /// True where guests at EL1 can be 32-bit.
  public var runsAArch32Guests: Bool
  /// False where it has neither EL2 nor Hyp mode.
  public var canVirtualize: Bool

  private init(_ name: String, is64Bit: Bool, runsAArch32Guests: Bool = false, canVirtualize: Bool = true) {
    self.name = name
    self.is64Bit = is64Bit
    self.runsAArch32Guests = runsAArch32Guests
    self.canVirtualize = canVirtualize
  }

  /// Those that are known, from the cores' technical reference manuals (ID_AA64PFR0_EL1, ID_PFR1).
  public static let all: [CPUModel] =
    ["cortex-a35", "cortex-a53", "cortex-a55", "cortex-a57", "cortex-a72", "cortex-a73", "cortex-a75", "max"].map {
      CPUModel($0, is64Bit: true, runsAArch32Guests: !["cortex-a75"].contains($0))
    }
    + [
      "cortex-a65", "cortex-a76", "cortex-a77", "cortex-a78", "cortex-a710", "cortex-x1", "a64fx", "neoverse-n1",
      "neoverse-n2", "neoverse-v1",
    ].map { CPUModel($0, is64Bit: true) }
    + ["cortex-a7", "cortex-a15", "cortex-a17"].map { CPUModel($0, is64Bit: false, runsAArch32Guests: true) }
    + ["cortex-a8", "cortex-a9", "cortex-a5", "cortex-r5", "cortex-r5f", "arm1176", "arm926"].map {
      CPUModel($0, is64Bit: false, canVirtualize: false)
    }

  /// The model of that name, behind which options may stand (`cortex-a53,pmu=off`).
  public static func named(_ name: String) -> CPUModel? {
    let plain = name.prefix { $0 != "," }
    return all.first { $0.name == plain }
  }

  /// Why a board of that instruction set cannot have a CPU of that name, or nil. Of models that nobody knows, nothing is said.
  static func obstacle(to name: String, onBoardFor isa: String) -> String? {
    guard let model = named(name) else { return nil }
    guard model.canVirtualize else { return "\(model.name) has no virtualization (EL2 or Hyp mode)" }
    let fits = model.is64Bit == (isa == "armv8")
    let state = model.is64Bit ? "64-bit" : "32-bit"
    return fits ? nil : "\(model.name) is \(state) at EL2, and the board's image is for \(isa)"
  }
}
