import Architecture
import TestSupport
import Testing
import Virtualization

private let versions: [GICVersion] = [.v2, .v3]

/// Interrupts whose physical lines fall while they wait, and rise again: pending of a level-sensitive interrupt is its line, or a
/// write to GICD_ISPENDR (IHI 0048B §3.2.4, §4.3.7).
@Suite("A line that is low is not pending", .timeLimited) struct PhysicalLineTests {
  /// The virtual timer, and a device that was given.
  static let ids: [UInt16] = [27, 40]

  /// What keeps an interrupt from the guest, and the write that lets it come.
  enum Obstacle: CaseIterable {
    case disabled, distributorOff, otherGroup, lowPriority, edge
  }

  private func obstruct(_ machine: GuestMachine, _ id: UInt16, _ obstacle: Obstacle) {
    switch obstacle {
    case .disabled: machine.writeBit(0x180, id)
    case .distributorOff: machine.write(0x000, 0)
    case .otherGroup:
      machine.write(0x000, 1)
      machine.writeBit(0x080, id)
    case .lowPriority: machine.setPriority(id, 0xf8)
    case .edge: machine.writeBit(0x180, id)
    }
  }

  private func release(_ machine: GuestMachine, _ id: UInt16, _ obstacle: Obstacle) {
    switch obstacle {
    case .disabled: machine.enable(id)
    case .distributorOff: machine.write(0x000, 3)
    case .otherGroup:
      let offset: UInt32 = 0x080 + UInt32(id / 32) * 4
      if machine.gic.version == .v3 && id < 32 {
        machine.writeRedistributor(0x1_0000 + offset, 0)
      } else {
        machine.write(offset, 0)
      }
    case .lowPriority: machine.setPriority(id, 0x80)
    case .edge:
      let (offset, bit) = (0xc00 + UInt32(id / 16) * 4, UInt64(2) << UInt64(id % 16 * 2))
      if machine.gic.version == .v3 && id < 32 {
        machine.writeRedistributor(0x1_0000 + offset, bit)
      } else {
        machine.write(offset, bit)
      }
      machine.enable(id)
    }
  }

  @Test(
    "Whatever write lets an interrupt come, it does not if its line has fallen since",
    arguments: versions, Obstacle.allCases)
  func fallen(version: GICVersion, obstacle: Obstacle) throws {
    for id in Self.ids {
      for listRegisterCount in [1, 4] {
        let machine = try GuestMachine(version, listRegisterCount: listRegisterCount)
        machine.enable(id)
        obstruct(machine, id, obstacle)
        machine.setPhysicalLine(id, true)
        #expect(machine.acknowledge() == nil)
        machine.setPhysicalLine(id, false)
        release(machine, id, obstacle)
        #expect(machine.acknowledge() == nil)
        #expect(!machine.readBit(0x200, id))
        #expect(machine.activePhysicalIDs == [])
        machine.setPhysicalLine(id, true)
        #expect(machine.acknowledge() == id)
        machine.expectSound()
      }
    }
  }

  @Test(
    "Whatever write lets an interrupt come, it does if its line is high still",
    arguments: versions, [Obstacle.disabled, .distributorOff, .otherGroup, .lowPriority])
  func high(version: GICVersion, obstacle: Obstacle) throws {
    for id in Self.ids {
      let machine = try GuestMachine(version)
      machine.enable(id)
      obstruct(machine, id, obstacle)
      machine.setPhysicalLine(id, true)
      #expect(machine.acknowledge() == nil)
      release(machine, id, obstacle)
      #expect(machine.acknowledge() == id)
      machine.expectSound()
    }
  }

  @Test("A write of another vCPU makes nothing come whose line has fallen", arguments: versions)
  func retargeted(version: GICVersion) throws {
    let machine = try GuestMachine(version, vcpuCount: 2)
    machine.enable(40)
    machine.route(40, to: 1)
    machine.setPhysicalLine(40, true)
    machine.setPhysicalLine(40, false)
    machine.route(40, to: 0)
    #expect(machine.acknowledge() == nil)
    machine.route(40, to: 1)
    machine.unload()
    machine.load(1)
    #expect(machine.acknowledge() == nil)
    #expect(machine.activePhysicalIDs == [])
    machine.expectSound()
  }

  @Test(
    "An SPI that waited in a list register of a vCPU that was away comes only if its line is high", arguments: versions)
  func away(version: GICVersion) throws {
    for isHigh in [false, true] {
      let machine = try GuestMachine(version, vcpuCount: 2)
      machine.enable(40)
      machine.route(40, to: 0)
      machine.setPhysicalLine(40, true)
      machine.unload()
      machine.load(1)
      machine.setPhysicalLine(40, isHigh)
      machine.unload()
      machine.load(0)
      #expect(machine.acknowledge() == (isHigh ? 40 : nil))
      machine.expectSound()
    }
  }

  @Test("GICD_ISPENDR and GICD_ICPENDR read one while the interrupt is active and its line high", arguments: versions)
  func readWhileActive(version: GICVersion) throws {
    for id in Self.ids {
      let machine = try GuestMachine(version)
      machine.enable(id)
      machine.setPhysicalLine(id, true)
      #expect(machine.acknowledge() == id)
      for base: UInt32 in [0x200, 0x280] {
        machine.registers.lines[id + 100] = true
        #expect(machine.readBit(base, id) && machine.readBit(0x300, id))
        machine.registers.lines[id + 100] = false
        #expect(!machine.readBit(base, id) && machine.readBit(0x300, id))
      }
      machine.end(id)
      #expect(machine.activePhysicalIDs == [])
      machine.expectSound()
    }
  }

  @Test("What software has made pending stays so when the line falls, until it is taken back", arguments: versions)
  func requested(version: GICVersion) throws {
    for id in Self.ids {
      for isEnabled in [false, true] {
        let machine = try GuestMachine(version)
        if isEnabled { machine.enable(id) }
        machine.setPhysicalLine(id, true)
        machine.writeBit(0x200, id)
        machine.setPhysicalLine(id, false)
        #expect(machine.readBit(0x200, id))
        machine.writeBit(0x280, id)
        #expect(!machine.readBit(0x200, id))
        machine.enable(id)
        #expect(machine.acknowledge() == nil)
        machine.writeBit(0x200, id)
        #expect(machine.acknowledge() == id)
        machine.expectSound()
      }
    }
  }

  @Test("GICD_ICPENDR leaves what a high line makes pending", arguments: versions)
  func cleared(version: GICVersion) throws {
    for id in Self.ids {
      let machine = try GuestMachine(version)
      machine.enable(id)
      machine.setPhysicalLine(id, true)
      machine.writeBit(0x280, id)
      #expect(machine.readBit(0x200, id))
      #expect(machine.acknowledge() == id)
      machine.expectSound()
    }
  }

  @Test("An edge has no line that could fall: it waits, whatever its wire does", arguments: versions)
  func edges(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.raiseHardware(40, isEdge: true)
    machine.registers.lines[140] = false
    #expect(machine.readBit(0x200, 40))
    machine.enable(40)
    #expect(machine.acknowledge() == 40)
    #expect(!machine.readBit(0x200, 40))
    machine.expectSound()
  }

  @Test(
    "An interrupt that waits for a list register is gone when its line has fallen by the time it gets one",
    arguments: versions)
  func overflow(version: GICVersion) throws {
    let machine = try GuestMachine(version, listRegisterCount: 1)
    machine.enable(33, 40)
    machine.setPriority(33, 0x40)
    machine.setPriority(40, 0x80)
    machine.setLine(33, true)
    machine.setPhysicalLine(40, true)
    #expect(machine.acknowledge() == 33)
    machine.setLine(33, false)
    machine.registers.lines[140] = false
    machine.end(33)
    _ = machine.readBit(0x200, 40)
    #expect(machine.acknowledge() == nil)
    #expect(machine.activePhysicalIDs == [])
    machine.expectSound()
  }

  @Test("The lines of private interrupts show in the redistributor that they belong to, and nowhere else")
  func privateLines() throws {
    let machine = try GuestMachine(.v3, vcpuCount: 2)
    machine.enable(27)
    machine.setPhysicalLine(27, true)
    #expect(machine.acknowledge() == 27)
    // GICD_ISPENDR0 is RAZ with affinity routing (IHI 0069 §12.9.22).
    #expect(machine.read(0x200) == 0)
    #expect(machine.readRedistributor(0x1_0200) == 1 << 27)
    #expect(machine.readRedistributor(0x1_0200, frame: 1) == 0)
    machine.expectSound()
  }

  @Test("What this CPU has on a line says nothing of another's timer")
  func anotherLine() throws {
    let machine = try GuestMachine(.v3, vcpuCount: 2)
    machine.writeRedistributor(0x1_0100, 1 << 27, frame: 1)
    machine.raiseHardware(27, vcpu: 1)
    machine.registers.lines[127] = false
    let high = machine.gic.lookAtLines(offset: 0x200, width: .word, owner: 1, reader: 0, registers: machine.registers)
    #expect(high == 0)
    #expect(machine.isLinked(27, vcpu: 1))
    #expect(machine.hasPendingInterrupt(1))
  }
}
