import Architecture
import TestSupport
import Testing
import Virtualization

private let versions: [GICVersion] = [.v2, .v3]

/// How often maintenance interrupts come, and how much each of them does.
@Suite("Maintenance comes no more often, and does no more, than it must", .timeLimited) struct MaintenanceTests {
  /// A machine whose guest has edge-triggered interrupts from 32 on.
  private func machine(
    _ version: GICVersion, _ listRegisterCount: Int, interruptCount: Int, priority: (Int) -> UInt8
  ) throws -> GuestMachine {
    let machine = try GuestMachine(version, spiCount: 256, listRegisterCount: listRegisterCount)
    for index in 0..<interruptCount {
      let id = UInt16(32 + index)
      machine.setEdge(id)
      machine.enable(id)
      machine.setPriority(id, priority(index))
    }
    return machine
  }

  /// One settles the list registers (a read and a write of each at most), and fills them (a write of each).
  private func expectBounded(_ machine: GuestMachine, _ listRegisterCount: Int) {
    #expect(machine.worstMaintenanceWork <= 3 * listRegisterCount + 1)
    machine.expectSound()
  }

  @Test(
    "A burst of equals: each maintenance fills all list registers but the one that is being handled",
    arguments: versions, [1, 2, 4, 16])
  func burst(version: GICVersion, listRegisterCount: Int) throws {
    let count = 240
    let machine = try machine(version, listRegisterCount, interruptCount: count) { _ in 0x80 }
    for id in 0..<count { machine.pulse(UInt16(32 + id)) }
    #expect(machine.maintenanceCount == 0)
    #expect(machine.handleAll().count == count)
    // With one list register each interrupt is told when the one before it is acknowledged, and its end when it has none.
    let perInterrupt = listRegisterCount == 1 ? 2 * count : (count + listRegisterCount - 2) / (listRegisterCount - 1)
    #expect(machine.maintenanceCount <= perInterrupt + 1)
    expectBounded(machine, listRegisterCount)
  }

  @Test(
    "EOImode 1, and everything deactivated at the end, which does not trap: none comes while all list registers are active",
    arguments: versions, [1, 4, 16])
  func lateDeactivations(version: GICVersion, listRegisterCount: Int) throws {
    let count = 100
    let machine = try machine(version, listRegisterCount, interruptCount: count) { _ in 0x80 }
    machine.registers.trapsDeactivations = false
    machine.registers.separatesDeactivation = true
    for id in 0..<count { machine.pulse(UInt16(32 + id)) }
    var handled: Set<UInt16> = []
    var roundCount = 0
    while handled.count < count && roundCount < 2 * count {
      roundCount += 1
      var batch: [UInt16] = []
      while let id = machine.acknowledge() {
        machine.end(id)
        batch.append(id)
      }
      #expect(batch.count <= listRegisterCount + 1)
      let before = machine.maintenanceCount
      for _ in 0..<10 { machine.enter() }
      #expect(machine.maintenanceCount == before, "with all active there is nothing to tell")
      for id in batch { machine.deactivate(id) }
      handled.formUnion(batch)
    }
    #expect(handled.count == count)
    // Each deactivation tells at most once, and each round once more that nothing is pending.
    #expect(machine.maintenanceCount <= count + 2 * roundCount)
    expectBounded(machine, listRegisterCount)
  }

  @Test(
    "EOImode 1, and everything deactivated at the end: two for each interrupt while all come, and none after that",
    arguments: versions, [1, 4, 16])
  func trappedDeactivations(version: GICVersion, listRegisterCount: Int) throws {
    let count = 100
    let machine = try machine(version, listRegisterCount, interruptCount: count) { _ in 0x80 }
    machine.registers.separatesDeactivation = true
    for id in 0..<count { machine.pulse(UInt16(32 + id)) }
    var handled: Set<UInt16> = []
    while let id = machine.acknowledge() {
      machine.end(id)
      handled.insert(id)
    }
    #expect(handled.count == count)
    #expect(machine.maintenanceCount <= 2 * count)
    let before = machine.maintenanceCount
    for id in handled { machine.deactivate(id) }
    #expect(machine.maintenanceCount <= before + 1)
    #expect(machine.registers.contents == [])
    expectBounded(machine, listRegisterCount)
  }

  @Test(
    "Thirty nested handlers with more waiting: two for each, at its arrival and at its end",
    arguments: versions, [1, 4, 16])
  func nested(version: GICVersion, listRegisterCount: Int) throws {
    let depth = 30
    // The second half has the least priority, and waits all the time.
    let machine = try machine(version, listRegisterCount, interruptCount: depth + 30) {
      $0 < depth ? UInt8(8 * (depth - 1 - $0)) : 0xf0
    }
    for id in 0..<30 { machine.pulse(UInt16(32 + depth + id)) }
    for id in 0..<depth {
      machine.pulse(UInt16(32 + id))
      #expect(machine.acknowledge() == UInt16(32 + id))
      let before = machine.maintenanceCount
      for _ in 0..<5 { machine.enter() }
      #expect(machine.maintenanceCount <= before + 1)
    }
    for id in (0..<depth).reversed() { machine.end(UInt16(32 + id)) }
    #expect(machine.handleAll().count == 30)
    #expect(machine.registers.contents == [])
    #expect(machine.maintenanceCount <= 2 * (depth + 30))
    expectBounded(machine, listRegisterCount)
  }

  @Test("Without overflow there is none at all", arguments: versions, [4, 16])
  func none(version: GICVersion, listRegisterCount: Int) throws {
    let machine = try machine(version, listRegisterCount, interruptCount: 4) { UInt8($0) * 0x20 }
    for _ in 0..<50 {
      for id in UInt16(32)..<36 { machine.pulse(id) }
      #expect(machine.handleAll() == [32, 33, 34, 35])
    }
    #expect(machine.maintenanceCount == 0)
    machine.expectSound()
  }
}
