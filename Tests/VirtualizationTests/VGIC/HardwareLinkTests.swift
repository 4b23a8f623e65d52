import Architecture
import TestSupport
import Testing
import Virtualization

private let versions: [GICVersion] = [.v2, .v3]

/// Interrupts that stand for physical ones (the HW bit).
@Suite(.timeLimited) struct HardwareLinkTests {
  @Test("The guest's end of a hardware interrupt deactivates the physical one without any exit", arguments: versions)
  func deactivation(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.enable(27)
    machine.raiseHardware(27)
    #expect(machine.registers.contents.map(\.physicalID) == [127])
    for _ in 0..<5 {
      #expect(machine.handleAll() == [27])
      #expect(machine.raiseHardware(27))
    }
    #expect(machine.maintenanceCount == 0)
    machine.expectSound()
  }

  @Test("A timer tick costs one list register read and one write when everything fits", arguments: versions)
  func cost(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.enable(27)
    machine.raiseHardware(27)
    _ = machine.handleAll()
    let (readCount, writeCount) = (machine.registers.readCount, machine.registers.writeCount)
    machine.raiseHardware(27)
    #expect(machine.registers.readCount - readCount <= 1)
    #expect(machine.registers.writeCount - writeCount == 1)
  }

  @Test(
    "A hardware edge whose pending state the guest clears is deactivated by the hypervisor", arguments: versions)
  func clearPending(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.enable(40)
    machine.raiseHardware(40, isEdge: true)
    machine.writeBit(0x280, 40)
    #expect(machine.acknowledge() == nil)
    #expect(machine.activePhysicalIDs == [])
    machine.raiseHardware(40, isEdge: true)
    #expect(machine.handleAll() == [40])
    machine.expectSound()
  }

  @Test("A hardware edge that the guest clears while it waits, disabled, is deactivated too", arguments: versions)
  func clearPendingInModel(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.raiseHardware(40, isEdge: true)
    machine.writeBit(0x280, 40)
    #expect(machine.activePhysicalIDs == [])
    machine.expectSound()
  }

  @Test(
    "A hardware interrupt whose active state the guest clears is deactivated by the hypervisor", arguments: versions)
  func clearActive(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.enable(40)
    machine.raiseHardware(40)
    #expect(machine.acknowledge() == 40)
    machine.writeBit(0x380, 40)
    #expect(machine.activePhysicalIDs == [])
    #expect(machine.registers.contents == [])
    machine.expectSound()
  }

  @Test(
    "A hardware interrupt that is disabled in flight keeps its link and is delivered when enabled", arguments: versions)
  func disable(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.enable(27)
    machine.raiseHardware(27)
    machine.writeBit(0x180, 27)
    #expect(machine.acknowledge() == nil)
    #expect(machine.activePhysicalIDs == [127])
    machine.enable(27)
    #expect(machine.handleAll() == [27])
    #expect(machine.activePhysicalIDs == [])
    machine.expectSound()
  }

  @Test(
    "A hardware interrupt made pending again while active is never pending and active with the HW bit",
    arguments: versions)
  func pendingAgain(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.enable(27)
    machine.raiseHardware(27)
    #expect(machine.acknowledge() == 27)
    machine.writeBit(0x200, 27)
    machine.end(27)
    #expect(machine.readBit(0x200, 27))
    #expect(machine.activePhysicalIDs == [])
    #expect(machine.handleAll() == [27])
    machine.unload()
    #expect(machine.activePhysicalIDs == [])
    machine.expectSound()
  }

  @Test(
    "An unloaded vCPU says which physical interrupts have to be active when it is loaded again", arguments: versions)
  func linkInUse(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.enable(27)
    machine.raiseHardware(27)
    machine.unload()
    #expect(machine.isLinked(27))
    machine.load(0)
    #expect(machine.acknowledge() == 27)
    machine.unload()
    #expect(machine.isLinked(27))
    machine.load(0)
    machine.end(27)
    machine.unload()
    #expect(!machine.isLinked(27))
    machine.expectSound()
  }

  @Test("A hardware interrupt that meets its own software request shares its delivery", arguments: versions)
  func meetsSoftwareRequest(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.enable(27)
    machine.writeBit(0x200, 27)
    machine.raiseHardware(27)
    #expect(machine.handleAll() == [27])
    machine.unload()
    #expect(machine.activePhysicalIDs == [])
    machine.expectSound()
  }

  @Test(
    "A hardware interrupt that comes while its software request is active is deactivated at the end",
    arguments: versions)
  func meetsActiveRequest(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.enable(27)
    machine.writeBit(0x200, 27)
    #expect(machine.acknowledge() == 27)
    machine.raiseHardware(27)
    machine.end(27)
    #expect(machine.handleAll() == [27])
    machine.unload()
    #expect(machine.activePhysicalIDs == [])
    machine.expectSound()
  }

  @Test(
    "A physical interrupt that has come again is not deactivated for the one before it", arguments: versions,
    [27, 40] as [UInt16])
  func comesBeforeDeactivation(version: GICVersion, id: UInt16) throws {
    let machine = try GuestMachine(version)
    machine.enable(id)
    machine.raiseHardware(id)
    #expect(machine.acknowledge() == id)
    // The guest takes back its end of the link; before anybody has ended the physical interrupt, it is there once more: an
    // interrupt comes only where it is not active.
    machine.isDeaf = true
    machine.writeBit(0x380, id)
    machine.gic.refresh(vcpu: 0, registers: &machine.registers)
    #expect(machine.owesDeactivations)
    machine.gic.raiseHardware(id, physicalID: id + 100, vcpu: 0)
    #expect(!machine.owesDeactivations)
    #expect(machine.gic.takeDeactivation(vcpu: 0) == nil)
    machine.isDeaf = false
    machine.enter()
    machine.registers.enableGroups(true, true)
    #expect(machine.isLinked(id))
  }

  @Test(
    "One that comes again between its end and a write to GICD_ISACTIVER keeps its link", arguments: versions)
  func comesAgainMadeActive(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.enable(40)
    machine.raiseHardware(40, isEdge: true)
    #expect(machine.acknowledge() == 40)
    machine.isDeaf = true
    machine.end(40)
    #expect(machine.raiseHardware(40, isEdge: true))
    machine.writeBit(0x300, 40)
    machine.isDeaf = false
    machine.enter()
    #expect(machine.readBit(0x300, 40) && machine.readBit(0x200, 40))
    #expect(machine.activePhysicalIDs == [140])
    machine.writeBit(0x380, 40)
    #expect(machine.handleAll() == [40])
    #expect(machine.activePhysicalIDs == [])
    machine.expectSound()
  }

  @Test(
    "What is pending again without being enabled leaves the link to the guest's deactivation",
    arguments: [GICVersion.v2, .v3])
  func disabledKeepsLink(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.setEdge(40)
    machine.enable(40)
    machine.raiseHardware(40, isEdge: true)
    #expect(machine.acknowledge() == 40)
    machine.writeBit(0x180, 40)
    machine.writeBit(0x200, 40)
    // Nobody but the interface sees this end.
    machine.isDeaf = true
    machine.registers.end(.init(id: 40, source: 0))
    #expect(machine.registers.deactivatedPhysicalIDs == [140])
    machine.isDeaf = false
    machine.enter()
    machine.enable(40)
    #expect(machine.handleAll() == [40])
    machine.expectSound()
  }

  @Test(
    "A physical interrupt that comes takes back its own deactivation, and no other's", arguments: [GICVersion.v2, .v3])
  func ownDeactivation(version: GICVersion) throws {
    let machine = try GuestMachine(version, vcpuCount: 2)
    for id: UInt16 in [40, 41] {
      machine.setEdge(id)
      machine.enable(id)
      machine.route(id, to: 0)
    }
    machine.unload()
    machine.load(1)
    machine.raiseHardware(40, isEdge: true)
    machine.isDeaf = true
    machine.writeBit(0x280, 40)
    #expect(machine.owesDeactivations)
    machine.gic.raiseHardware(41, physicalID: 141, vcpu: 0, isEdge: true)
    machine.isDeaf = false
    machine.enter()
    #expect(machine.activePhysicalIDs == [])
    #expect(!machine.owesDeactivations)
  }
}
