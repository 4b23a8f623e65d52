import Architecture
import TestSupport
import Testing
import Virtualization

private let versions: [GICVersion] = [.v2, .v3]

/// More interrupts than list registers.
@Suite(.timeLimited) struct OverflowTests {
  /// A machine in which each of the edges 40 to 43 is more urgent than the one before.
  private static func nesting(_ version: GICVersion, listRegisterCount: Int) throws -> GuestMachine {
    let machine = try GuestMachine(version, listRegisterCount: listRegisterCount)
    for (index, id) in [UInt16](40...43).enumerated() {
      machine.setEdge(id)
      machine.enable(id)
      machine.setPriority(id, UInt8(0x80 - index * 0x20))
    }
    return machine
  }

  @Test(
    "Pending interrupts beyond the list registers are all delivered once, the most urgent first",
    arguments: versions, [1, 2, 4, 16])
  func deliveredInOrder(version: GICVersion, listRegisterCount: Int) throws {
    let machine = try GuestMachine(version, spiCount: 64, listRegisterCount: listRegisterCount)
    let ids = (0..<31).map { UInt16(40 + $0) }
    for id in ids {
      machine.setEdge(id)
      machine.enable(id)
      // 31 different priorities, scattered: 8, 16, ... 248 is the mask and would never be delivered.
      machine.setPriority(id, UInt8((id - 40) * 7 % 31 * 8))
    }
    for id in ids { machine.pulse(id) }
    let handled = machine.handleAll()
    #expect(handled == ids.sorted { ($0 - 40) * 7 % 31 < ($1 - 40) * 7 % 31 })
    #expect(machine.maintenanceCount <= ids.count)
    #expect(machine.acknowledge() == nil)
    machine.expectSound()
  }

  @Test(
    "More urgent interrupts than there are list registers take them one by one, each in a piece of its own",
    arguments: versions, [2, 4, 16])
  func replacedInPieces(version: GICVersion, listRegisterCount: Int) throws {
    let machine = try GuestMachine(version, spiCount: 64, listRegisterCount: listRegisterCount)
    let lesser = (0..<listRegisterCount).map { UInt16(40 + $0) }
    let greater = (0..<listRegisterCount).map { UInt16(60 + $0) }
    for (ids, priority) in [(lesser, 0x80 as UInt8), (greater, 0x40)] {
      for id in ids {
        machine.setEdge(id)
        machine.setPriority(id, priority)
      }
    }
    for id in lesser { machine.enable(id) }
    for id in lesser { machine.pulse(id) }
    machine.isDeaf = true
    for id in greater { machine.enable(id) }
    for id in greater { machine.pulse(id) }
    _ = machine.gic.takeAttention()
    let most = machine.gic.bring(vcpu: 0, into: &machine.registers)
    #expect(most.written == 1 && most.read <= listRegisterCount)
    machine.isDeaf = false
    let handled = machine.handleAll()
    #expect(
      handled.prefix(listRegisterCount).sorted() == greater && handled.suffix(listRegisterCount).sorted() == lesser)
    machine.expectSound()
  }

  @Test(
    "What waits for a list register may go while it is looked for: what the guest did since is seen before the next one comes",
    arguments: versions)
  func candidateGoesBetweenPieces(version: GICVersion) throws {
    let machine = try GuestMachine(version, spiCount: 64)
    for id in UInt16(40)...44 {
      machine.setEdge(id)
      machine.setPriority(id, id == 44 ? 0x40 : 0x80)
    }
    for id in UInt16(40)...43 {
      machine.enable(id)
      machine.pulse(id)
    }
    // Another CPU's doing: it reaches this one in pieces, and the interrupt is turned off again before the last.
    machine.isDeaf = true
    machine.enable(44)
    machine.pulse(44)
    _ = machine.gic.takeAttention()
    for _ in 0..<2 { machine.gic.refreshSome(vcpu: 0, registers: &machine.registers) }
    machine.write(0x184, 1 << 12)
    _ = machine.gic.takeAttention()
    machine.gic.bring(vcpu: 0, into: &machine.registers)
    machine.isDeaf = false
    #expect(machine.handleAll().sorted() == Array(40...43))
    machine.setEdge(45)
    machine.setPriority(45, 0x40)
    machine.enable(45)
    machine.pulse(45)
    // None of those that were handled comes again.
    #expect(machine.handleAll() == [45])
    machine.expectSound()
  }

  @Test("Equal priorities beyond the list registers are all delivered once", arguments: versions, [1, 2, 4])
  func equalPriorities(version: GICVersion, listRegisterCount: Int) throws {
    let machine = try GuestMachine(version, spiCount: 96, listRegisterCount: listRegisterCount)
    let ids = (33..<100).map(UInt16.init)
    for id in ids {
      machine.enable(id)
      machine.setLine(id, true)
    }
    var handled: [UInt16] = []
    while let id = machine.acknowledge() {
      machine.setLine(id, false)
      machine.end(id)
      handled.append(id)
    }
    #expect(handled.sorted() == ids)
    #expect(machine.maintenanceCount <= 2 * ids.count)
    machine.expectSound()
  }

  @Test("A more urgent interrupt takes the place of a less urgent one that is only pending", arguments: versions)
  func replacement(version: GICVersion) throws {
    let machine = try GuestMachine(version, listRegisterCount: 1)
    machine.enable(33, 34)
    machine.setPriority(33, 0x80)
    machine.setPriority(34, 0x40)
    machine.setLine(33, true)
    machine.setLine(34, true)
    #expect(machine.acknowledge() == 34)
    machine.setLine(34, false)
    machine.end(34)
    #expect(machine.acknowledge() == 33)
    machine.expectSound()
  }

  @Test("While all list registers are active, a more urgent interrupt still preempts", arguments: versions, [1, 2, 3])
  func preemption(version: GICVersion, listRegisterCount: Int) throws {
    let machine = try GuestMachine(version, listRegisterCount: listRegisterCount)
    let ids = [UInt16](40...47)
    for (index, id) in ids.enumerated() {
      machine.setEdge(id)
      machine.enable(id)
      machine.setPriority(id, UInt8(0xe0 - index * 0x10))
    }
    for id in ids {
      machine.pulse(id)
      #expect(machine.acknowledge() == id)
    }
    for id in ids { #expect(machine.readBit(0x300, id)) }
    for id in ids.reversed() {
      machine.end(id)
      #expect(!machine.readBit(0x300, id))
    }
    #expect(machine.registers.contents == [])
    #expect(machine.maintenanceCount <= 2 * ids.count)
    machine.expectSound()
  }

  @Test(
    "Where deactivations do not trap, EOImode 1 and all list registers active: one preempts, the next when one is deactivated",
    arguments: versions)
  func allActive(version: GICVersion) throws {
    let machine = try Self.nesting(version, listRegisterCount: 2)
    machine.registers.trapsDeactivations = false
    machine.registers.separatesDeactivation = true
    for id: UInt16 in 40...42 {
      machine.pulse(id)
      #expect(machine.acknowledge() == id)
    }
    for id: UInt16 in 40...42 { #expect(machine.readBit(0x300, id)) }
    // Nothing but deactivations can help the fourth: no maintenance until one comes.
    let count = machine.maintenanceCount
    machine.pulse(43)
    #expect(machine.registers.contents.map(\.state) == [.active, .active])
    #expect(machine.maintenanceCount == count)
    // The order of deactivations is the guest's: the one that has no list register first.
    machine.end(42)
    machine.deactivate(40)
    #expect(!machine.readBit(0x300, 40))
    #expect(machine.acknowledge() == 43)
    for id: UInt16 in [43, 42, 41] {
      #expect(machine.readBit(0x300, id))
      machine.deactivate(id)
      #expect(!machine.readBit(0x300, id))
    }
    for _ in 0..<3 { machine.end(0) }
    #expect(machine.registers.runningPriority == 0xff)
    #expect(machine.registers.contents == [])
    machine.expectSound()
  }

  @Test("Of active ones the one makes room that will be ended last", arguments: versions)
  func outermost(version: GICVersion) throws {
    let machine = try Self.nesting(version, listRegisterCount: 2)
    for id: UInt16 in 40...43 {
      machine.pulse(id)
      #expect(machine.acknowledge() == id)
      #expect(Set(machine.registers.contents.map(\.virtualID)).isSubset(of: [id - 1, id]))
    }
    machine.expectSound()
  }

  @Test(
    "Where deactivations do not trap, what software has made active stays where its deactivation is seen",
    arguments: versions)
  func madeActiveStays(version: GICVersion) throws {
    let machine = try GuestMachine(version, listRegisterCount: 1)
    machine.registers.trapsDeactivations = false
    machine.registers.separatesDeactivation = true
    machine.setEdge(41)
    machine.enable(40, 41)
    machine.writeBit(0x300, 40)
    machine.pulse(41)
    machine.deactivate(40)
    #expect(!machine.readBit(0x300, 40))
    #expect(machine.acknowledge() == 41)
    machine.expectSound()
  }

  @Test(
    "Ends that are owed for interrupts that software deactivated are not taken for those of evicted ones",
    arguments: versions)
  func orphanedEnd(version: GICVersion) throws {
    let machine = try Self.nesting(version, listRegisterCount: 1)
    for id: UInt16 in 40...43 {
      machine.pulse(id)
      #expect(machine.acknowledge() == id)
    }
    machine.writeBit(0x380, 42)
    machine.writeBit(0x380, 43)
    for id: UInt16 in [43, 42, 41, 40] {
      #expect(machine.readBit(0x300, 40) && machine.readBit(0x300, 41) == (id != 40))
      machine.end(id)
    }
    #expect(!machine.readBit(0x300, 40))
    #expect(machine.registers.contents == [])
    machine.expectSound()
  }

  @Test(
    "Active hardware interrupts in all list registers neither lose the next one nor their deactivation",
    arguments: versions)
  func allActiveInHardware(version: GICVersion) throws {
    let machine = try GuestMachine(version, listRegisterCount: 1)
    machine.enable(27, 40)
    machine.setPriority(27, 0x80)
    machine.setPriority(40, 0x40)
    machine.raiseHardware(27)
    #expect(machine.acknowledge() == 27)
    machine.raiseHardware(40)
    #expect(machine.activePhysicalIDs == [127, 140])
    #expect(machine.maintenanceCount == 0)
    machine.end(27)
    #expect(machine.activePhysicalIDs == [140])
    #expect(machine.handleAll() == [40])
    #expect(machine.activePhysicalIDs == [])
    machine.expectSound()
  }

  @Test(
    "Where deactivations do not trap, a guest that deactivates late is told of the next as soon as there is room",
    arguments: versions)
  func lateDeactivation(version: GICVersion) throws {
    let machine = try GuestMachine(version, listRegisterCount: 2)
    machine.registers.trapsDeactivations = false
    machine.registers.separatesDeactivation = true
    for id in UInt16(40)...43 {
      machine.setEdge(id)
      machine.enable(id)
      machine.pulse(id)
    }
    // Two that list registers hold, and one that had to leave its own.
    var handled: [UInt16] = []
    for _ in 0..<3 {
      guard let id = machine.acknowledge() else { break }
      handled.append(id)
      machine.end(id)
    }
    #expect(handled.count == 3)
    #expect(machine.acknowledge() == nil)
    machine.deactivate(handled[1])
    let last = machine.acknowledge()
    #expect(Set(handled + [last ?? 0]) == [40, 41, 42, 43])
    machine.expectSound()
  }

  @Test(
    "Interrupts of a group that the guest has not enabled do not keep another's from the list registers",
    arguments: versions)
  func disabledGroup(version: GICVersion) throws {
    let machine = try GuestMachine(version, listRegisterCount: 1)
    machine.registers.enableGroups(false, true)
    machine.enable(33, 34)
    machine.write(0x084, 1 << 2)
    machine.setPriority(34, 0x80)
    machine.setLine(33, true)
    machine.setLine(34, true)
    #expect(machine.acknowledge() == 34)
    machine.expectSound()
  }

  @Test(
    "While one group alone is on, maintenance tells of the other's coming on, and of nobody's going off",
    arguments: versions, [0, 1])
  func lastGroup(version: GICVersion, group: Int) throws {
    let machine = try GuestMachine(version, listRegisterCount: 1)
    machine.registers.enableGroups(group == 0, group == 1)
    machine.write(0x084, group == 0 ? 0 : ~0)
    for id in UInt16(40)...42 {
      machine.setEdge(id)
      machine.enable(id)
      machine.pulse(id)
    }
    let control = machine.registers.control
    #expect(control.isDisjoint(with: [.group0Disabled, .group1Disabled]))
    #expect(control.contains(group == 0 ? .group1Enabled : .group0Enabled))
    machine.expectSound()
  }

  @Test(
    "A guest that forgets its active priorities has at most 32 interrupts at work without a list register, and loses none",
    arguments: versions)
  func forgotten(version: GICVersion) throws {
    let machine = try GuestMachine(version, spiCount: 128, listRegisterCount: 2)
    let ids = (40..<140).map(UInt16.init)
    for id in ids {
      machine.setEdge(id)
      machine.enable(id)
      machine.setPriority(id, 0x80)
      machine.pulse(id)
    }
    var taken: [UInt16] = []
    while let id = machine.acknowledge() {
      taken.append(id)
      machine.registers[activePriorities: 0] = 0
      machine.registers[activePriorities: 4] = 0
      machine.enter()
    }
    #expect(taken.count >= 32 && taken.count <= 34)
    // An end that finds no list register counts for those whose priority is not active, which are all of them.
    var rest = ids.filter { !taken.contains($0) }
    var open = taken
    while let id = open.popLast() {
      machine.end(id)
      while let next = machine.acknowledge() {
        rest.removeAll { $0 == next }
        machine.end(next)
      }
    }
    #expect(rest == [])
    #expect(!machine.hasStormed)
  }

  @Test(
    "List registers that are filled all at once are not taken for empty ones by a mask that is late",
    arguments: versions)
  func filledAtOnce(version: GICVersion) throws {
    let machine = try GuestMachine(version, listRegisterCount: 2)
    machine.write(0x000, 0)
    for id in UInt16(40)...43 {
      machine.setEdge(id)
      machine.enable(id)
      machine.pulse(id)
    }
    machine.write(0x000, 3)
    #expect(machine.handleAll().sorted() == [40, 41, 42, 43])
    machine.expectSound()
  }

  @Test("Nothing asks for maintenance once everything fits again", arguments: versions)
  func maintenanceEnds(version: GICVersion) throws {
    let machine = try GuestMachine(version, listRegisterCount: 2)
    for id in UInt16(40)...44 {
      machine.setEdge(id)
      machine.enable(id)
      machine.pulse(id)
    }
    #expect(machine.registers.signalsNoPending)
    #expect(machine.handleAll().count == 5)
    #expect(!machine.registers.signalsNoPending)
    machine.pulse(40)
    let count = machine.maintenanceCount
    #expect(machine.handleAll() == [40])
    #expect(machine.maintenanceCount == count)
    machine.expectSound()
  }
}
