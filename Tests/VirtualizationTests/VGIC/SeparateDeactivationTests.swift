import Architecture
import TestSupport
import Testing
import Virtualization

private let versions: [GICVersion] = [.v2, .v3]

/// EOImode 1: a write of EOIR drops the priority, one of DIR deactivates (IHI 0048B §3.2.1, IHI 0069 §4.4.1).
@Suite("Deactivations by themselves", .timeLimited) struct SeparateDeactivationTests {
  private func machine(
    _ version: GICVersion, vcpuCount: Int = 1, listRegisterCount: Int = 4, edges ids: Range<UInt16> = 40..<52
  ) throws -> GuestMachine {
    let machine = try GuestMachine(version, vcpuCount: vcpuCount, listRegisterCount: listRegisterCount)
    machine.registers.separatesDeactivation = true
    for id in ids {
      machine.setEdge(id)
      machine.enable(id)
      machine.route(id, to: 0)
    }
    return machine
  }

  /// Acknowledges what comes and drops its priority.
  private func takeAll(_ machine: GuestMachine) -> [UInt16] {
    var taken: [UInt16] = []
    while let id = machine.acknowledge() {
      taken.append(id)
      machine.end(id)
    }
    return taken
  }

  @Test(
    "However many are active, the next one comes, and each is deactivated alone, in whatever order",
    arguments: versions, [1, 2, 4, 16])
  func beyondListRegisters(version: GICVersion, listRegisterCount: Int) throws {
    let ids = [UInt16](40..<52)
    for order in [ids, ids.reversed(), ids.filter { $0 % 2 == 0 } + ids.filter { $0 % 2 == 1 }] {
      let machine = try machine(version, listRegisterCount: listRegisterCount)
      for id in ids {
        machine.pulse(id)
        #expect(takeAll(machine) == [id])
      }
      // Its own tick, and an SGI.
      machine.enable(27)
      machine.raiseHardware(27)
      #expect(takeAll(machine) == [27])
      var active = Set(ids + [27])
      for id in order + [27] {
        machine.deactivate(id)
        active.remove(id)
        for other in ids + [27] { #expect(machine.readBit(0x300, other) == active.contains(other)) }
      }
      #expect(machine.registers.contents == [])
      #expect(machine.activePhysicalIDs == [])
      machine.expectSound()
    }
  }

  @Test("A deactivated one comes again while others are active, and is a new one", arguments: versions)
  func comesAgain(version: GICVersion) throws {
    let machine = try machine(version, listRegisterCount: 2)
    for id in UInt16(40)..<46 { machine.pulse(id) }
    #expect(takeAll(machine).sorted() == [UInt16](40..<46))
    for id in UInt16(40)..<46 {
      machine.pulse(id)
      #expect(machine.acknowledge() == nil)
      #expect(machine.readBit(0x200, id) && machine.readBit(0x300, id))
      machine.deactivate(id)
      #expect(takeAll(machine) == [id])
    }
    machine.expectSound()
  }

  @Test("They trap while an active interrupt of the only vCPU is in no list register, and then only")
  func traps() throws {
    let machine = try machine(.v3, listRegisterCount: 1)
    #expect(!machine.registers.isDeactivationTrapped)
    machine.pulse(40)
    #expect(takeAll(machine) == [40])
    #expect(!machine.registers.isDeactivationTrapped)
    machine.pulse(41)
    #expect(takeAll(machine) == [41])
    #expect(machine.registers.isDeactivationTrapped)
    machine.deactivate(40)
    #expect(!machine.registers.isDeactivationTrapped)
    machine.deactivate(41)
    #expect(machine.registers.contents == [])
    // What software makes active has no list register where all are taken.
    machine.pulse(42)
    #expect(takeAll(machine) == [42])
    machine.writeBit(0x300, 43)
    #expect(machine.registers.isDeactivationTrapped)
    machine.deactivate(43)
    #expect(!machine.readBit(0x300, 43) && machine.readBit(0x300, 42))
    #expect(!machine.registers.isDeactivationTrapped)
    // Nor one that goes to no vCPU.
    machine.write(0x6000 + 44 * 8, 0xff, .doubleword)
    machine.writeBit(0x300, 44)
    machine.deactivate(44)
    #expect(!machine.readBit(0x300, 44))
    machine.expectSound()
  }

  @Test("Where there are several vCPUs they trap from the start, however a vCPU comes to its CPU")
  func trapsAlways() throws {
    let machine = try machine(.v3, vcpuCount: 2)
    #expect(machine.registers.isDeactivationTrapped)
    machine.pulse(40)
    machine.unload()
    machine.load(1)
    #expect(machine.registers.isDeactivationTrapped)
    machine.unload()
    machine.load(0)
    #expect(machine.registers.isDeactivationTrapped)
  }

  /// Where the vCPU that has acknowledged is when another one deactivates.
  enum Place: CaseIterable {
    case loaded, unloaded, evicted, unloadedEvicted, reset
  }

  @Test(
    "Another vCPU deactivates an SPI wherever its handler is, and it comes again", arguments: versions, Place.allCases)
  func another(version: GICVersion, place: Place) throws {
    let machine = try machine(version, vcpuCount: 2, listRegisterCount: 1)
    var other = ListRegisterInterpreter(version: version, count: 4)
    machine.pulse(40)
    #expect(takeAll(machine) == [40])
    if place == .evicted || place == .unloadedEvicted {
      machine.pulse(41)
      #expect(takeAll(machine) == [41])
    }
    if place != .loaded && place != .evicted { machine.unload() }
    if place == .reset { machine.reset(vcpu: 0) }
    machine.gic.load(vcpu: 1, into: &other)
    other.separatesDeactivation = true
    machine.gic.deactivate(register: 40, vcpu: 1, registers: &other)
    machine.gic.refresh(vcpu: 1, registers: &other)
    machine.enter()
    if machine.running == nil { machine.load(0) }
    #expect(!machine.readBit(0x300, 40))
    #expect(machine.readBit(0x300, 41) == (place == .evicted || place == .unloadedEvicted))
    if place == .reset { machine.enableInterface() }
    machine.pulse(40)
    #expect(machine.acknowledge() == 40)
    machine.expectSound()
  }

  @Test("A private interrupt is its own vCPU's to deactivate", arguments: versions)
  func privateOnes(version: GICVersion) throws {
    let machine = try machine(version, vcpuCount: 2)
    machine.enable(20)
    machine.setLine(20, true)
    #expect(machine.acknowledge() == 20)
    machine.end(20)
    machine.unload()
    machine.load(1)
    machine.registers.separatesDeactivation = true
    machine.deactivate(20)
    machine.unload()
    machine.load(0)
    #expect(machine.readBit(0x300, 20))
    machine.expectSound()
  }

  @Test("GICv2's SGI is active for the one that sent it: a deactivation of another's does nothing", arguments: [1, 4])
  func sources(listRegisterCount: Int) throws {
    let machine = try machine(.v2, vcpuCount: 2, listRegisterCount: listRegisterCount)
    machine.unload()
    machine.load(1)
    machine.write(0xf00, 1 << 16 | 3)
    machine.unload()
    machine.load(0)
    #expect(machine.acknowledge() == 3)
    machine.end(3, source: 1)
    if listRegisterCount == 1 {
      machine.pulse(40)
      #expect(takeAll(machine) == [40])
    }
    machine.deactivate(3, source: 0)
    #expect(machine.readBit(0x300, 3))
    machine.deactivate(3, source: 1)
    #expect(!machine.readBit(0x300, 3))
    machine.expectSound()
  }

  @Test("With EOImode 0, for what is not active and for what there is not they do nothing", arguments: versions)
  func nothing(version: GICVersion) throws {
    let machine = try machine(version, vcpuCount: 2)
    machine.pulse(40)
    for id: UInt16 in [40, 41, 200, 1019, 1020, 1023] { machine.deactivate(id) }
    machine.registers.separatesDeactivation = false
    #expect(machine.acknowledge() == 40)
    machine.deactivate(40)
    #expect(machine.readBit(0x300, 40))
    machine.end(40)
    #expect(!machine.readBit(0x300, 40))
    machine.expectSound()
  }

  @Test("Software that makes an evicted interrupt inactive makes room for the next one that waits", arguments: versions)
  func roomAfterRequest(version: GICVersion) throws {
    let machine = try GuestMachine(version, listRegisterCount: 1)
    machine.registers.trapsDeactivations = false
    for (index, id) in ([40, 41, 42] as [UInt16]).enumerated() {
      machine.setEdge(id)
      machine.enable(id)
      machine.setPriority(id, UInt8(0x80 - index * 0x20))
    }
    machine.registers.separatesDeactivation = true
    for id: UInt16 in [40, 41] {
      machine.pulse(id)
      #expect(machine.acknowledge() == id)
    }
    machine.pulse(42)
    // Two that are evicted at once could not be told apart.
    #expect(machine.acknowledge() == nil)
    machine.writeBit(0x380, 40)
    #expect(machine.acknowledge() == 42)
    machine.expectSound()
  }
}
