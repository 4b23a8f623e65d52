import Architecture
import TestSupport
import Virtualization

/// The model on physical CPUs with simulated list registers, and the reference beside it: each step happens to both, and
/// `differences` says where a guest could tell one from the other.
final class Race {
  /// What a guest has acknowledged.
  struct Handled: Equatable {
    var acknowledgement: ListRegisterInterpreter.Acknowledgement
    var isEnded = false
    /// The same guest has written it to GICD_ICACTIVER since: to deactivate it once more would be unpredictable.
    var isDeactivated = false
  }

  static let spiCount = 32
  /// INTIDs with a physical interrupt behind them, which is theirs plus 100.
  static let hardwareIDs = [27, 54, 55]
  /// Those of them whose physical interrupts are level-sensitive.
  static let levelHardwareIDs = [27, 54]

  let board: RaceBoard
  var gic: VirtualGIC
  let reference: ReferenceGIC
  var cpus: [ListRegisterInterpreter]
  /// Which vCPU each CPU runs.
  var running: [Int?]
  /// What each vCPU has acknowledged and not deactivated, the last one last.
  var handling: [[Handled]]
  /// vCPUs that have something to flush and whose CPUs have not heard of it.
  var unserved: UInt64 = 0
  /// Interrupts that a CPU acknowledged before it had heard of all changes: how far the acknowledgement reached is open.
  var uncertain: Set<ReferenceGIC.Name> = []
  /// What each loaded vCPU has acknowledged, ended or deactivated since it was last looked at.
  var touched: [Int: Set<ReferenceGIC.Name>] = [:]
  var differences: [String] = []
  private(set) var acknowledgedCount = 0
  private(set) var maintenanceCount = 0
  /// Physical interrupts that EL2 has acknowledged and nobody has deactivated, by CPU for private ones.
  var activePhysicalIDs: Set<ReferenceGIC.Name> = []
  /// Interrupts whose physical lines have fallen while they were pending, and that nobody has looked at since: they may be
  /// acknowledged once more.
  var fallen: Set<ReferenceGIC.Name> = []
  private var seenDeactivationCounts: [Int]

  init(_ board: RaceBoard) throws {
    self.board = board
    var storage = HeapStorage()
    gic = try VirtualGIC(
      version: board.version, vcpuCount: board.vcpuCount, sharedInterruptCount: Self.spiCount,
      usesHardwareLinks: board.hasLinks, storage: &storage)
    reference = ReferenceGIC(board.version, vcpuCount: board.vcpuCount, spiCount: Self.spiCount)
    cpus = board.listRegisterCounts.map {
      var cpu = ListRegisterInterpreter(
        version: board.version, count: $0, preemptionBitCount: board.preemptionBitCount)
      cpu.trapsDeactivations = board.trapsDeactivations
      return cpu
    }
    running = .init(repeating: nil, count: cpus.count)
    handling = .init(repeating: [], count: board.vcpuCount)
    seenDeactivationCounts = .init(repeating: 0, count: cpus.count)
  }

  /// Runs steps until the two differ; returns how many ran.
  func run(_ steps: [Step]) -> Int {
    for (index, step) in steps.enumerated() {
      apply(step)
      compare()
      if !differences.isEmpty { return index + 1 }
    }
    return steps.count
  }

  func cpu(running vcpu: Int) -> Int? { running.firstIndex(of: vcpu) }

  /// The CPU goes back to its guest after an exit: what changed reaches list registers, here or everywhere.
  func leave(_ cpu: Int) {
    defer { for index in cpus.indices { cpus[index].synchronizeMasks() } }
    collectDeactivations()
    for _ in 0..<64 {
      unserved |= gic.takeAttention()
      let served = unserved & (board.isPrompt ? .max : running[cpu].map { 1 << UInt64($0) } ?? 0)
      // A vCPU that runs nowhere only has to be woken.
      for vcpu in 0..<board.vcpuCount where self.cpu(running: vcpu) == nil { unserved &= ~(1 << UInt64(vcpu)) }
      guard served != 0 else { break }
      for vcpu in 0..<board.vcpuCount where served >> UInt64(vcpu) & 1 != 0 {
        unserved &= ~(1 << UInt64(vcpu))
        if let cpu = self.cpu(running: vcpu) { gic.bring(vcpu: vcpu, into: &cpus[cpu]) }
      }
      collectDeactivations()
    }
    if gic.attention != 0 && board.isPrompt { differences.append("attention \(gic.attention) never ends") }
  }

  /// Answers maintenance interrupts wherever they are asserted.
  func serveMaintenance(isPrompt: Bool = true) {
    guard isPrompt || !board.isMaintenanceLate else { return }
    for round in 0...6 {
      var isQuiet = true
      for cpu in cpus.indices where cpus[cpu].isMaintenanceAsserted {
        guard let vcpu = running[cpu] else { continue }
        isQuiet = false
        maintenanceCount += 1
        gic.beginMaintenance(vcpu: vcpu, registers: &cpus[cpu])
        while gic.needsRefresh(vcpu: vcpu) {
          if cpus[cpu].isMaintenanceAsserted { differences.append("maintenance is asked for before it is done") }
          gic.refreshSome(vcpu: vcpu, registers: &cpus[cpu])
        }
        unserved &= ~(1 << UInt64(vcpu))
        leave(cpu)
      }
      if isQuiet { return }
      if round == 6 { differences.append("maintenance storms") }
    }
  }

  /// Ends the physical interrupts that guests' ends, or the model, have ended.
  func collectDeactivations() {
    for cpu in cpus.indices {
      let all = cpus[cpu].deactivatedPhysicalIDs
      for id in all[seenDeactivationCounts[cpu]...] { deactivatePhysical(Int(id), running[cpu]) }
      seenDeactivationCounts[cpu] = all.count
    }
    guard gic.hasDeactivations else { return }
    for vcpu in 0..<board.vcpuCount {
      while let id = gic.takeDeactivation(vcpu: vcpu) { deactivatePhysical(Int(id), vcpu) }
    }
  }

  private func deactivatePhysical(_ id: Int, _ vcpu: Int?) {
    let name = ReferenceGIC.Name(id: id, vcpu: id - 100 < 32 ? vcpu : nil)
    if activePhysicalIDs.remove(name) == nil { differences.append("physical \(id) deactivated though not active") }
  }

  func countAcknowledgement() { acknowledgedCount += 1 }
}
