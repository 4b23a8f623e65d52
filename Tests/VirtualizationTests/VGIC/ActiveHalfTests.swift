import Architecture
import TestSupport
import Testing
import Virtualization

private let versions: [GICVersion] = [.v2, .v3]

/// Interrupts that are pending again while they are active: the next delivery is by the priority and in the order that hold when
/// it comes (IHI 0048B §3.2.4, figure 4-10).
@Suite("Pending and active", .timeLimited) struct ActiveHalfTests {
  private func machine(_ version: GICVersion, _ priorities: KeyValuePairs<UInt16, UInt8>, hasLinks: Bool = true) throws
    -> GuestMachine
  {
    let machine = try GuestMachine(version, listRegisterCount: 2, hasLinks: hasLinks)
    for (id, priority) in priorities {
      machine.setEdge(id)
      machine.enable(id)
      machine.setPriority(id, priority)
    }
    return machine
  }

  @Test(
    "A priority that is changed while the interrupt is active is that of its next delivery", arguments: versions,
    [false, true])
  func changedPriority(version: GICVersion, isPendingBefore: Bool) throws {
    let machine = try machine(version, [40: 0x80, 41: 0x60])
    machine.pulse(40)
    #expect(machine.acknowledge() == 40)
    if isPendingBefore { machine.pulse(40) }
    machine.setPriority(40, 0x40)
    if !isPendingBefore { machine.pulse(40) }
    machine.pulse(41)
    // What is active keeps the priority that it was acknowledged with, so that the other one preempts it, once.
    #expect(machine.registers.runningPriority == 0x80)
    #expect(machine.acknowledge() == 41)
    machine.end(41)
    machine.pulse(41)
    #expect(machine.acknowledge() == 41)
    machine.pulse(41)
    machine.end(41)
    #expect(machine.acknowledge() == 41)
    machine.end(41)
    machine.end(40)
    machine.pulse(41)
    #expect(machine.handleAll() == [40, 41])
    machine.expectSound()
  }

  @Test("A group that is changed while the interrupt is active is that of its next delivery", arguments: versions)
  func changedGroup(version: GICVersion) throws {
    let machine = try machine(version, [40: 0x80])
    machine.pulse(40)
    #expect(machine.acknowledge() == 40)
    machine.pulse(40)
    machine.writeBit(0x080, 40)
    machine.end(40)
    #expect(machine.registers.contents.map(\.isGroup1) == [true])
    #expect(machine.handleAll() == [40])
    machine.expectSound()
  }

  /// How the interrupt comes again whose list register is full.
  enum Kind: CaseIterable { case edge, linked }

  @Test(
    "What is pending again does not come before a more urgent one that waits for a list register", arguments: versions,
    Kind.allCases)
  func moreUrgentOneWaits(version: GICVersion, kind: Kind) throws {
    // One group priority for all of them (a binary point of 6 leaves bit 7): none preempts another.
    let machine = try machine(version, [40: 0x60, 41: 0x40, 42: 0x50], hasLinks: kind == .edge)
    machine.registers.machineControl = machine.registers.machineControl & ~(7 << 21) | 6 << 21
    if kind == .edge { machine.pulse(40) } else { machine.raiseHardware(40, isEdge: true) }
    #expect(machine.acknowledge() == 40)
    machine.writeBit(0x200, 40)
    machine.pulse(41)
    machine.pulse(42)
    #expect(machine.registers.contents.count == 2)
    machine.end(40)
    #expect(machine.handleAll() == [41, 42, 40])
    #expect(machine.activePhysicalIDs == [])
    machine.expectSound()
  }

  @Test("What is pending again after a more urgent one waits for a list register comes after it", arguments: versions)
  func moreUrgentOneWaitedBefore(version: GICVersion) throws {
    let machine = try machine(version, [40: 0x60, 41: 0x40, 42: 0x50])
    machine.registers.machineControl = machine.registers.machineControl & ~(7 << 21) | 6 << 21
    machine.pulse(40)
    #expect(machine.acknowledge() == 40)
    machine.pulse(41)
    machine.pulse(42)
    machine.writeBit(0x200, 40)
    machine.end(40)
    #expect(machine.handleAll() == [41, 42, 40])
    machine.expectSound()
  }

  @Test(
    "What software has made active, and the guest has deactivated, is handled as any other from then on",
    arguments: versions)
  func madeActiveBefore(version: GICVersion) throws {
    let machine = try GuestMachine(version, listRegisterCount: 1)
    for (id, priority) in [(40, 0x80), (41, 0x40)] as [(UInt16, UInt8)] {
      machine.setEdge(id)
      machine.enable(id)
      machine.setPriority(id, priority)
    }
    machine.registers.separatesDeactivation = true
    machine.writeBit(0x300, 40)
    machine.deactivate(40)
    #expect(!machine.readBit(0x300, 40))
    machine.registers.separatesDeactivation = false
    machine.pulse(40)
    #expect(machine.acknowledge() == 40)
    machine.pulse(41)
    #expect(machine.acknowledge() == 41)
    for id: UInt16 in [41, 40] {
      #expect(machine.readBit(0x300, id))
      machine.end(id)
      #expect(!machine.readBit(0x300, id))
    }
    #expect(machine.registers.contents == [])
    machine.expectSound()
  }
}
