internal import Architecture
public import Configuration
internal import DeviceTree
internal import Scheduling

/// Which CPU does the console's own work, which is nobody's guest's: typed characters, statistics, what the UART had no room
/// for. It does so whenever it has nothing else to run, and else in one short step each millisecond.
public enum ConsolePlace {
  /// The CPU of a system whose form is valid, of those among a machine's `cpuCount` CPUs that are up: one without vCPUs if there is
  /// one, else where the least was promised to anybody; the first of several.
  public static func cpu(of system: SystemDescription, cpuCount: Int, isUp: (Int) -> Bool) -> Int {
    var (best, least) = (0, Int.max)
    for cpu in 0..<max(cpuCount, 1) where isUp(cpu) {
      let weight = promises(of: system, on: UInt32(truncatingIfNeeded: cpu))
      if weight < least { (best, least) = (cpu, weight) }
    }
    return best
  }

  /// How much a step of ours would take from what was promised there.
  private static func promises(of system: SystemDescription, on cpu: UInt32) -> Int {
    if CPUPlan.vcpuCount(of: system, on: cpu) == 0 { return 0 }
    guard let name = system.cpu(cpu)?.policyName, let policy = PolicyKind(name: name.span) else { return 1 }
    switch policy {
    case .roundRobin: return 1
    case .earliestDeadline: return 2
    case .fixedPriority: return 3
    case .cyclic: return 4
    case .static: return 6
    default: return 5
    }
  }
}
