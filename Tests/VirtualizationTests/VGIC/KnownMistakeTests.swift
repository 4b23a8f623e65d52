import Architecture
import TestSupport
import Testing
import Virtualization

private let versions: [GICVersion] = [.v2, .v3]

/// One test for each mistake with interrupts that hypervisors are known to have made.
@Suite("Known mistakes with interrupts are not made here", .timeLimited) struct KnownMistakeTests {
  @Test("The number of list registers is the hardware's, whatever it is", arguments: versions, [1, 3, 5, 16])
  func listRegisterCount(version: GICVersion, count: Int) throws {
    let machine = try GuestMachine(version, listRegisterCount: count)
    for id in UInt16(32)..<52 {
      machine.enable(id)
      machine.setEdge(id)
      machine.pulse(id)
    }
    #expect(machine.registers.contents.count == count)
    #expect(machine.handleAll().sorted() == Array(32..<52))
    machine.expectSound()
  }

  @Test("Active priorities come back with their vCPU: nothing less urgent gets in", arguments: versions)
  func activePriorities(version: GICVersion) throws {
    let machine = try GuestMachine(version, vcpuCount: 2)
    for (id, priority) in [(UInt16(27), UInt8(0x40)), (30, 0x80)] {
      machine.setPriority(id, priority)
      machine.enable(id)
    }
    machine.setLine(27, true)
    #expect(machine.acknowledge() == 27)
    machine.unload()
    machine.load(1)
    #expect(machine.registers.runningPriority == 0xff)
    machine.unload()
    machine.load(0)
    machine.setLine(30, true)
    #expect(machine.registers.runningPriority == 0x40)
    #expect(machine.acknowledge() == nil)
    machine.setLine(27, false)
    machine.end(27)
    #expect(machine.acknowledge() == 30)
    machine.expectSound()
  }

  @Test("An edge that comes while its interrupt is active is delivered after it", arguments: versions, [1, 4])
  func duplicatePending(version: GICVersion, count: Int) throws {
    let machine = try GuestMachine(version, listRegisterCount: count)
    machine.setEdge(40)
    machine.enable(40)
    machine.pulse(40)
    #expect(machine.acknowledge() == 40)
    machine.pulse(40)
    machine.end(40)
    #expect(machine.handleAll() == [40])
    machine.expectSound()
  }

  @Test("Maintenance is asked for where the vCPU runs, and on no other CPU after it left", arguments: versions)
  func maintenanceElsewhere(version: GICVersion) throws {
    let machine = try GuestMachine(version, vcpuCount: 2, listRegisterCount: 1)
    for id in UInt16(40)...43 {
      machine.setEdge(id)
      machine.enable(id)
      machine.route(id, to: 0)
      machine.pulse(id)
    }
    #expect(machine.registers.signalsNoPending)
    machine.unload()
    #expect(machine.registers.control == [])
    machine.load(1)
    #expect(!machine.registers.signalsNoPending && !machine.registers.isMaintenanceAsserted)
    machine.unload()
    machine.load(0)
    #expect(machine.handleAll() == [40, 41, 42, 43])
    machine.expectSound()
  }

  @Test("A write of GICD_ICENABLER disables, and of zeros does nothing", arguments: versions)
  func clearEnable(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.enable(33, 34)
    machine.write(0x184, 0)
    #expect(machine.readBit(0x100, 33) && machine.readBit(0x180, 34))
    machine.write(0x184, 1 << 1)
    #expect(!machine.readBit(0x100, 33) && machine.readBit(0x100, 34))
  }

  @Test("An interrupt that is disabled while it is pending waits, and comes when it is enabled", arguments: versions)
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

  @Test("A level is looked at again after the end: high comes again, low does not", arguments: versions, [1, 4])
  func levelAfterEnd(version: GICVersion, count: Int) throws {
    let machine = try GuestMachine(version, listRegisterCount: count)
    machine.enable(33)
    machine.setLine(33, true)
    for _ in 0..<3 {
      #expect(machine.acknowledge() == 33)
      machine.end(33)
    }
    #expect(machine.acknowledge() == 33)
    machine.setLine(33, false)
    let before = machine.maintenanceCount
    machine.end(33)
    #expect(machine.acknowledge() == nil)
    #expect(machine.maintenanceCount == before, "a level that has fallen needs no maintenance")
    machine.expectSound()
  }

  @Test("A level that falls before it is acknowledged leaves nothing behind", arguments: versions)
  func levelWithdrawn(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.enable(33)
    machine.setLine(33, true)
    machine.setLine(33, false)
    #expect(machine.acknowledge() == nil)
    #expect(machine.registers.contents == [])
    machine.expectSound()
  }

  @Test("A timer that its guest masks after it came is not pending any more", arguments: versions)
  func timerMasked(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.enable(27)
    machine.raiseHardware(27)
    machine.lowerHardware(27)
    #expect(machine.acknowledge() == nil)
    #expect(!machine.readBit(0x200, 27))
    #expect(machine.activePhysicalIDs == [])
    #expect(!machine.hasPendingInterrupt(0))
    // An acknowledged one is the guest's to end, whatever its line does.
    machine.raiseHardware(27)
    #expect(machine.acknowledge() == 27)
    machine.lowerHardware(27)
    #expect(machine.readBit(0x300, 27))
    machine.end(27)
    #expect(machine.activePhysicalIDs == [])
    machine.expectSound()
  }

  @Test("No offset, width or value of any frame traps, and holes read as zero", arguments: versions)
  func everyOffset(version: GICVersion) throws {
    let machine = try GuestMachine(version, vcpuCount: 2)
    for width in [AccessWidth.byte, .halfword, .word, .doubleword] {
      for offset in stride(from: UInt32(0), to: 0x1_0000, by: width.byteCount == 1 ? 61 : 4 * 7) {
        machine.gic.writeDistributor(offset: offset, width: width, value: .max, vcpu: 0)
        _ = machine.gic.readDistributor(offset: offset, width: width, vcpu: 1)
      }
      for offset in stride(from: UInt32(0), to: 0x2_0000, by: width.byteCount == 1 ? 127 : 4 * 11) {
        machine.gic.writeRedistributor(offset: offset, frame: 3, width: width, value: .max)
        machine.gic.writeRedistributor(offset: offset, frame: 1, width: width, value: .max)
        _ = machine.gic.readRedistributor(offset: offset, frame: 1, width: width)
      }
    }
    machine.enter()
    for offset: UInt32 in [0x010, 0x040, 0x7fc, 0xd00, 0xe00, 0xfcc, 0x1000, 0x5ffc, 0xc000] {
      #expect(machine.gic.readDistributor(offset: offset, width: .word, vcpu: 0) == 0)
    }
  }

  @Test(
    "A VM that starts again has no interrupt, priority or physical interrupt of its former life", arguments: versions)
  func restart(version: GICVersion) throws {
    let machine = try GuestMachine(version, vcpuCount: 2, listRegisterCount: 1)
    for id: UInt16 in [27, 40, 41, 42] {
      machine.enable(id)
      if id >= 32 { machine.route(id, to: 0) }
    }
    machine.setPriority(40, 0x80)
    machine.setPriority(41, 0x40)
    machine.raiseHardware(40)
    #expect(machine.acknowledge() == 40)
    machine.raiseHardware(41)
    #expect(machine.acknowledge() == 41)
    machine.raiseHardware(27)
    machine.setLine(42, true)
    machine.unload()
    machine.reset()
    #expect(machine.activePhysicalIDs == [])
    machine.load(0)
    machine.enableInterface()
    machine.write(0x000, 3)
    machine.enable(27, 40, 41, 42)
    #expect(machine.acknowledge() == nil)
    #expect(machine.registers.runningPriority == 0xff)
    #expect(machine.registers.contents == [])
    for id: UInt16 in [27, 40, 41, 42] { #expect(!machine.readBit(0x200, id) && !machine.readBit(0x300, id)) }
    machine.expectSound()
  }
}
