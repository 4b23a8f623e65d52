import Architecture
import TestSupport
import Testing
import Virtualization

private let versions: [GICVersion] = [.v2, .v3]

/// The guest goes on between an end of interrupt that no list register has and the maintenance interrupt that it leads to: what
/// the interface has then is not what it had at the end (IHI 0048B §5.3.4: a level, which is taken when the CPU takes it).
@Suite("Maintenance that comes late, after more has changed", .timeLimited) struct LateMaintenanceTests {
  /// Edges that preempt one another, each more urgent than the one before it.
  private func machine(_ version: GICVersion, _ ids: ClosedRange<UInt16>, from priority: Int = 0x80) throws
    -> GuestMachine
  {
    let machine = try GuestMachine(version, listRegisterCount: 2)
    for (index, id) in ids.enumerated() {
      machine.setEdge(id)
      machine.enable(id)
      machine.setPriority(id, UInt8(priority - index * 0x20))
    }
    return machine
  }

  private func take(_ machine: GuestMachine, _ ids: ClosedRange<UInt16>) {
    for id in ids {
      machine.pulse(id)
      #expect(machine.acknowledge() == id)
    }
  }

  /// 40 to 43 are active, the first two without list registers. The second of these ends, and another one of its priority is
  /// acknowledged before anybody looks.
  private func endAndTakeItsLike(_ machine: GuestMachine) {
    machine.end(43)
    machine.setEdge(50)
    machine.enable(50)
    machine.setPriority(50, 0x60)
    machine.pulse(50)
    machine.isDeaf = true
    machine.end(42)
    machine.end(41)
    #expect(machine.acknowledge() == 50)
    machine.isDeaf = false
    machine.enter()
  }

  private func expectOnlyTheFirst(_ machine: GuestMachine) {
    #expect(machine.readBit(0x300, 40))
    #expect(!machine.readBit(0x300, 41))
    #expect(machine.readBit(0x300, 50))
    machine.end(50)
    machine.end(40)
    for id: UInt16 in [40, 41, 42, 43, 50] { #expect(!machine.readBit(0x300, id)) }
    #expect(machine.registers.contents == [])
    machine.expectSound()
  }

  @Test("Of two without list registers the one that was acknowledged last has ended", arguments: versions)
  func innermost(version: GICVersion) throws {
    let machine = try machine(version, 40...43)
    take(machine, 40...43)
    endAndTakeItsLike(machine)
    expectOnlyTheFirst(machine)
  }

  @Test(
    "An end that nobody had to be found for is found for nobody once, and the next is one of an interrupt's",
    arguments: versions)
  func orphan(version: GICVersion) throws {
    let machine = try machine(version, 40...43)
    take(machine, 40...43)
    // Software makes the innermost inactive under its handler's hands, whose end then finds nothing.
    machine.writeBit(0x380, 43)
    machine.end(43)
    for id: UInt16 in [40, 41, 42] { #expect(machine.readBit(0x300, id)) }
    for id: UInt16 in [42, 41, 40] { machine.end(id) }
    take(machine, 40...43)
    endAndTakeItsLike(machine)
    expectOnlyTheFirst(machine)
  }

  @Test("What ended while its vCPU left the CPU has ended, though nobody was told", arguments: versions)
  func unloaded(version: GICVersion) throws {
    let machine = try machine(version, 40...43)
    take(machine, 40...43)
    machine.isDeaf = true
    for id: UInt16 in [43, 42, 41] { machine.end(id) }
    machine.isDeaf = false
    machine.unload()
    machine.load(0)
    #expect(machine.readBit(0x300, 40))
    for id: UInt16 in [41, 42, 43] { #expect(!machine.readBit(0x300, id)) }
    machine.end(40)
    #expect(machine.registers.contents == [])
    machine.expectSound()
  }

  @Test("GICv2 has one register of active priorities for both groups", arguments: [false, true])
  func group1(isGroup1: Bool) throws {
    let machine = try machine(.v2, 40...43)
    if isGroup1 { machine.write(0x084, 0xf << 8) }
    take(machine, 40...43)
    for id: UInt16 in 40...43 { #expect(machine.readBit(0x300, id)) }
    for id: UInt16 in [43, 42, 41, 40] {
      machine.end(id)
      #expect(!machine.readBit(0x300, id))
      for other in 40..<id { #expect(machine.readBit(0x300, other)) }
    }
    machine.expectSound()
  }

  @Test(
    "Software that takes back an activation of its own takes no end from anybody", arguments: versions)
  func activationTakenBack(version: GICVersion) throws {
    let machine = try machine(version, 40...43)
    machine.setEdge(44)
    machine.enable(44)
    machine.pulse(44)
    // Active without an acknowledgement, and so without an end.
    machine.writeBit(0x300, 44)
    machine.writeBit(0x380, 44)
    machine.writeBit(0x280, 44)
    take(machine, 40...43)
    endAndTakeItsLike(machine)
    expectOnlyTheFirst(machine)
  }
}
