import Architecture

/// One thing that happens to a machine. Written out it is Swift again, so that a printed sequence can be pasted into a
/// test. A step that makes no sense where it stands does nothing, so that a sequence stays valid when steps are left out.
enum Step: Equatable {
  /// A CPU runs a vCPU that runs nowhere else.
  case load(cpu: Int, vcpu: Int)
  /// A CPU runs nothing.
  case unload(cpu: Int)
  /// The guest on a CPU reads a register of the distributor or of a redistributor.
  case read(cpu: Int, Frame, UInt32, AccessWidth)
  /// The guest on a CPU writes one.
  case write(cpu: Int, Frame, UInt32, AccessWidth, UInt64)
  /// The guest on a CPU writes GICv3's ICC_SGI1R_EL1 or, for group 0, ICC_SGI0R_EL1.
  case generateSGI(cpu: Int, UInt64, isGroup1: Bool)
  /// A device's wire: a PPI's of a vCPU, or an SPI's.
  case line(Int, vcpu: Int, isHigh: Bool)
  /// The line of a physical interrupt behind a virtual one rises: a PPI's on the CPU that runs its vCPU, or an SPI's.
  case hardware(Int, cpu: Int)
  /// Such a line falls, and nobody is told.
  case fall(Int, cpu: Int)
  /// The time of a vCPU's timer, behind PPI 27, has come while it runs nowhere: the physical interrupt is active from its next
  /// load on.
  case timer(vcpu: Int)
  /// The guest on a CPU acknowledges what is signalled.
  case acknowledge(cpu: Int)
  /// The guest on a CPU ends what it acknowledged last and has not ended.
  case end(cpu: Int)
  /// The guest on a CPU deactivates an interrupt that it has ended, with EOImode 1.
  case deactivate(cpu: Int, Int)
  /// The guest on a CPU, with EOImode 1, deactivates an interrupt that another vCPU, or nobody, has acknowledged.
  case deactivateAnother(cpu: Int, Int)
  /// The guest on a CPU sets its priority mask and group enables.
  case interface(cpu: Int, mask: UInt8, group0: Bool, group1: Bool)
  /// The guest on a CPU, while it handles nothing, sets its binary points, CBPR and EOImode.
  case modes(cpu: Int, UInt8, UInt8, isCommon: Bool, separates: Bool)
  /// CPU_ON of a vCPU that does not run.
  case reset(vcpu: Int)
  /// A CPU hears that something changed for its vCPU, where that takes time.
  case attend(cpu: Int)
}

/// What a sequence runs on.
struct RaceBoard: Equatable, CustomStringConvertible {
  var version: GICVersion
  var vcpuCount: Int
  /// How many list registers each CPU has.
  var listRegisterCounts: [Int]
  /// Whether the HW bit works.
  var hasLinks: Bool
  /// True where other CPUs hear of changes at once, false where only `attend` and their own exits make them look.
  var isPrompt: Bool
  /// How many bits of a priority the CPUs preempt by: more than five only with a GICv3.
  var preemptionBitCount = 5
  /// Whether deactivations trap where they have to.
  var trapsDeactivations = true
  /// Which groups interrupts are in at first: 0, 1, or nil for either.
  var group: Int?
  /// True where maintenance interrupts are taken only when the CPU is at EL2 for something else.
  var isMaintenanceLate = false

  var description: String {
    "RaceBoard(version: .\(version), vcpuCount: \(vcpuCount), listRegisterCounts: \(listRegisterCounts), "
      + "hasLinks: \(hasLinks), isPrompt: \(isPrompt), preemptionBitCount: \(preemptionBitCount), "
      + "trapsDeactivations: \(trapsDeactivations), group: \(group.map { "\($0)" } ?? "nil"), "
      + "isMaintenanceLate: \(isMaintenanceLate))"
  }
}

extension Step: CustomStringConvertible {
  var description: String {
    switch self {
    case .load(let cpu, let vcpu): return ".load(cpu: \(cpu), vcpu: \(vcpu))"
    case .unload(let cpu): return ".unload(cpu: \(cpu))"
    case .read(let cpu, let frame, let offset, let width):
      return ".read(cpu: \(cpu), \(frame.text), 0x\(String(offset, radix: 16)), .\(width))"
    case .write(let cpu, let frame, let offset, let width, let value):
      return
        ".write(cpu: \(cpu), \(frame.text), 0x\(String(offset, radix: 16)), .\(width), 0x\(String(value, radix: 16)))"
    case .generateSGI(let cpu, let value, let isGroup1):
      return ".generateSGI(cpu: \(cpu), 0x\(String(value, radix: 16)), isGroup1: \(isGroup1))"
    case .line(let id, let vcpu, let isHigh): return ".line(\(id), vcpu: \(vcpu), isHigh: \(isHigh))"
    case .hardware(let id, let cpu): return ".hardware(\(id), cpu: \(cpu))"
    case .fall(let id, let cpu): return ".fall(\(id), cpu: \(cpu))"
    case .timer(let vcpu): return ".timer(vcpu: \(vcpu))"
    case .acknowledge(let cpu): return ".acknowledge(cpu: \(cpu))"
    case .end(let cpu): return ".end(cpu: \(cpu))"
    case .deactivate(let cpu, let index): return ".deactivate(cpu: \(cpu), \(index))"
    case .deactivateAnother(let cpu, let index): return ".deactivateAnother(cpu: \(cpu), \(index))"
    case .interface(let cpu, let mask, let group0, let group1):
      return ".interface(cpu: \(cpu), mask: 0x\(String(mask, radix: 16)), group0: \(group0), group1: \(group1))"
    case .modes(let cpu, let point0, let point1, let isCommon, let separates):
      return ".modes(cpu: \(cpu), \(point0), \(point1), isCommon: \(isCommon), separates: \(separates))"
    case .reset(let vcpu): return ".reset(vcpu: \(vcpu))"
    case .attend(let cpu): return ".attend(cpu: \(cpu))"
    }
  }
}

extension Frame {
  /// Swift again.
  var text: String {
    switch self {
    case .distributor: ".distributor"
    case .redistributor(let owner): ".redistributor(\(owner))"
    }
  }
}

extension Step {
  /// True for what brings a CPU to EL2, where it also finds that maintenance is asked for.
  var isExit: Bool {
    switch self {
    case .acknowledge, .end, .deactivate, .interface, .modes: false
    default: true
    }
  }
}
