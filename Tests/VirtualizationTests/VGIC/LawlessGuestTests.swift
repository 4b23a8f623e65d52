import Architecture
import TestSupport
import Testing
import Virtualization

/// A guest that breaks the rules of its CPU interface: what it then sees is unpredictable, but the model holds.
@Suite("A guest that breaks the rules harms nobody but itself", .timeLimited) struct LawlessGuestTests {
  @Test(
    "Ends and deactivations of anything, modes that change meanwhile, active bits set at random",
    arguments: [GICVersion.v2, .v3], [1, 2, 4, 16])
  func anything(version: GICVersion, listRegisterCount: Int) throws {
    let machine = try GuestMachine(version, vcpuCount: 2, spiCount: 64, listRegisterCount: listRegisterCount)
    var random = SeededGenerator(state: Soak.seed &* 31 &+ UInt64(listRegisterCount))
    func number(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }
    for _ in 0..<(8_000 * Soak.factor) {
      let id = UInt16([0, 1, 27, 32, 33, 34, 40, 41, 42, 63, 95][number(11)])
      switch number(16) {
      case 0: if id >= 32 { machine.pulse(id) }
      case 1: machine.setLine(id, number(2) == 0)
      case 2:
        if id >= 16 && (id >= 32 || machine.running == 0) { machine.raiseHardware(id, vcpu: machine.running ?? 0) }
      case 3...5: _ = machine.registers.acknowledge()
      case 6: machine.end(id, source: UInt8(number(8)))
      case 7: machine.deactivate(id, source: UInt8(number(8)))
      case 8: machine.registers.separatesDeactivation.toggle()
      case 9: machine.registers.machineControl = UInt32(truncatingIfNeeded: random.next()) | 0x8000_0003
      case 10: machine.registers[activePriorities: version == .v3 ? number(2) * 4 : 0] = UInt32(random.next() >> 34)
      case 11:
        let offset = UInt32(number(0x1000)) & ~3
        machine.write(offset, random.next() & 0xffff_ffff)
        if version == .v3 { machine.writeRedistributor(0x1_0000 + offset, random.next() & 0xffff_ffff) }
      case 12: machine.writeBit([0x100, 0x200, 0x280, 0x300, 0x380][number(5)], id)
      case 13: _ = machine.readBit([0x200, 0x300][number(2)], id)
      case 14: machine.write(0x000, 3)
      default:
        machine.unload()
        machine.load(number(2))
      }
      guard !machine.hasStormed else { break }
    }
    #expect(!machine.hasStormed, "seed \(Soak.seed)")
    #expect(machine.falseDeactivations == [], "seed \(Soak.seed)")
    // An end whose priority is not its interrupt's is the guest's mistake; anything else would be the model's.
    #expect(machine.registers.violations.filter { !$0.contains("ended at") } == [])
    // A restart finds nothing of all this.
    machine.unload()
    machine.reset()
    #expect(machine.activePhysicalIDs == [])
    machine.load(0)
    #expect(machine.registers.contents == [])
    #expect(machine.registers.runningPriority == 0xff)
  }
}
