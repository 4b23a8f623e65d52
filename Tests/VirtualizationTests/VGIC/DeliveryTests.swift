import Architecture
import TestSupport
import Testing
import Virtualization

private let versions: [GICVersion] = [.v2, .v3]

/// How single interrupts reach the guest.
@Suite(.timeLimited) struct DeliveryTests {
  @Test("An edge that arrives while its interrupt is active is delivered once more", arguments: versions)
  func edgeWhileActive(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.setEdge(40)
    machine.enable(40)
    machine.pulse(40)
    #expect(machine.acknowledge() == 40)
    machine.pulse(40)
    machine.pulse(40)
    #expect(machine.registers.contents.map(\.state) == [.pendingAndActive])
    machine.end(40)
    #expect(machine.handleAll() == [40])
    machine.expectSound()
  }

  @Test(
    "An edge that arrives while its interrupt is pending adds nothing and writes no list register", arguments: versions)
  func edgeWhilePending(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.setEdge(40)
    machine.enable(40)
    machine.pulse(40)
    let writeCount = machine.registers.writeCount
    machine.pulse(40)
    #expect(machine.registers.writeCount == writeCount)
    #expect(machine.handleAll() == [40])
    machine.expectSound()
  }

  @Test(
    "A level that is still high at the end of interrupt is delivered again, and a low one is not", arguments: versions)
  func levelIsSampledAgain(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.enable(33)
    machine.setLine(33, true)
    #expect(machine.acknowledge() == 33)
    machine.end(33)
    #expect(machine.acknowledge() == 33)
    machine.setLine(33, false)
    machine.end(33)
    #expect(machine.acknowledge() == nil)
    #expect(!machine.readBit(0x200, 33))
    machine.expectSound()
  }

  @Test("A level that falls before the guest acknowledges is taken back", arguments: versions)
  func levelFalls(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.enable(33)
    machine.setLine(33, true)
    #expect(machine.registers.isInterruptSignalled)
    machine.setLine(33, false)
    #expect(machine.acknowledge() == nil)
    machine.setLine(33, true)
    #expect(machine.handleAll(limit: 1) == [33])
    machine.expectSound()
  }

  @Test("A level that falls after the acknowledgement leaves the interrupt active", arguments: versions)
  func levelFallsWhileActive(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.enable(33)
    machine.setLine(33, true)
    #expect(machine.acknowledge() == 33)
    machine.setLine(33, false)
    #expect(machine.readBit(0x300, 33))
    #expect(!machine.readBit(0x200, 33))
    machine.end(33)
    #expect(!machine.readBit(0x300, 33))
    machine.expectSound()
  }

  @Test(
    "An interrupt that is disabled while it is pending in a list register waits until it is enabled",
    arguments: versions)
  func disableWhilePending(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.setEdge(40)
    machine.enable(40)
    machine.pulse(40)
    machine.writeBit(0x180, 40)
    #expect(machine.acknowledge() == nil)
    #expect(machine.readBit(0x200, 40))
    machine.enable(40)
    #expect(machine.handleAll() == [40])
    machine.expectSound()
  }

  @Test("An interrupt that is disabled while it is active stays active until its end", arguments: versions)
  func disableWhileActive(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.setEdge(40)
    machine.enable(40)
    machine.pulse(40)
    #expect(machine.acknowledge() == 40)
    machine.writeBit(0x180, 40)
    #expect(machine.readBit(0x380, 40))
    machine.end(40)
    #expect(!machine.readBit(0x380, 40))
    machine.expectSound()
  }

  @Test("Turning the distributor off takes pending interrupts away, and on brings them back", arguments: versions)
  func distributorOff(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.enable(33)
    machine.setLine(33, true)
    machine.write(0x000, 0)
    #expect(!machine.registers.isInterruptSignalled)
    machine.write(0x000, 3)
    #expect(machine.acknowledge() == 33)
    machine.expectSound()
  }

  @Test("A list register has the interrupt's group, which after reset is 0", arguments: versions)
  func group(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.enable(33)
    machine.setLine(33, true)
    #expect(machine.registers.contents.map(\.isGroup1) == [false])
    machine.write(0x084, 2)
    #expect(machine.registers.contents.map(\.isGroup1) == [true])
    machine.write(0x000, 1)
    #expect(machine.registers.contents == [])
    machine.expectSound()
  }

  @Test("A change of priority reaches an interrupt that is pending in a list register", arguments: versions)
  func priorityChange(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.enable(33, 34)
    machine.setPriority(33, 0x80)
    machine.setPriority(34, 0x40)
    machine.setLine(33, true)
    machine.setLine(34, true)
    machine.setPriority(33, 0x20)
    #expect(machine.acknowledge() == 33)
    machine.expectSound()
  }

  @Test("An SPI that is retargeted while pending leaves the old vCPU and reaches the new one", arguments: versions)
  func retarget(version: GICVersion) throws {
    let machine = try GuestMachine(version, vcpuCount: 2)
    machine.setEdge(40)
    machine.enable(40)
    machine.route(40, to: 0)
    machine.pulse(40)
    #expect(machine.registers.isInterruptSignalled)
    machine.route(40, to: 1)
    #expect(!machine.registers.isInterruptSignalled)
    #expect(machine.attended & 2 != 0)
    machine.unload()
    #expect(machine.hasPendingInterrupt(1))
    #expect(!machine.hasPendingInterrupt(0))
    machine.load(1)
    #expect(machine.handleAll() == [40])
    machine.expectSound()
  }

  @Test("An SPI that waits in the list registers of a vCPU that is not loaded can be retargeted", arguments: versions)
  func retargetUnloaded(version: GICVersion) throws {
    let machine = try GuestMachine(version, vcpuCount: 2)
    machine.setEdge(40)
    machine.enable(40)
    machine.route(40, to: 0)
    machine.pulse(40)
    machine.unload()
    machine.load(1)
    machine.route(40, to: 1)
    #expect(machine.handleAll() == [40])
    machine.unload()
    machine.load(0)
    #expect(machine.acknowledge() == nil)
    machine.expectSound()
  }

  @Test(
    "Setting and clearing the pending bit by software works in the model and in list registers", arguments: versions)
  func softwarePending(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.setEdge(40)
    machine.writeBit(0x200, 40)
    #expect(machine.readBit(0x200, 40))
    #expect(machine.readBit(0x280, 40))
    machine.writeBit(0x280, 40)
    #expect(!machine.readBit(0x200, 40))
    machine.enable(40)
    #expect(machine.acknowledge() == nil)
    machine.writeBit(0x200, 40)
    #expect(machine.registers.isInterruptSignalled)
    machine.writeBit(0x280, 40)
    #expect(machine.acknowledge() == nil)
    machine.writeBit(0x200, 40)
    #expect(machine.handleAll() == [40])
    machine.expectSound()
  }

  @Test("Clearing the pending bit of a level that is high leaves it pending", arguments: versions)
  func clearHighLevel(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.enable(33)
    machine.setLine(33, true)
    machine.writeBit(0x280, 33)
    #expect(machine.readBit(0x200, 33))
    #expect(machine.acknowledge() == 33)
    machine.expectSound()
  }

  @Test("The active bit can be cleared while a list register has it, and set while none has", arguments: versions)
  func softwareActive(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.setEdge(40)
    machine.enable(40)
    machine.pulse(40)
    #expect(machine.acknowledge() == 40)
    machine.writeBit(0x380, 40)
    #expect(!machine.readBit(0x300, 40))
    #expect(machine.registers.contents == [])

    machine.registers.separatesDeactivation = true
    machine.writeBit(0x300, 41)
    #expect(machine.readBit(0x300, 41))
    machine.deactivate(41)
    #expect(!machine.readBit(0x300, 41))
    machine.expectSound()
  }

  @Test("A pending interrupt made active by software is delivered after its deactivation", arguments: versions)
  func activeWhilePending(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.registers.separatesDeactivation = true
    machine.setEdge(40)
    machine.enable(40)
    machine.pulse(40)
    machine.writeBit(0x300, 40)
    #expect(machine.acknowledge() == nil)
    machine.deactivate(40)
    #expect(machine.acknowledge() == 40)
    machine.expectSound()
  }
}
