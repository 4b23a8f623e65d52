import Architecture
import TestSupport
import Testing
import Virtualization

/// SGIs of both versions.
@Suite(.timeLimited) struct SoftwareGeneratedInterruptTests {
  @Test("A GICv2 SGI from several CPUs is delivered once for each of them, with its source", arguments: [1, 4])
  func severalSources(listRegisterCount: Int) throws {
    let machine = try GuestMachine(.v2, vcpuCount: 4, listRegisterCount: listRegisterCount)
    for sender in 1...3 {
      machine.unload()
      machine.load(sender)
      machine.write(0xf00, 1 << 16 | 5)
      machine.write(0xf00, 1 << 16 | 5)
    }
    machine.unload()
    machine.load(0)
    #expect(machine.read(0xf14, .word) == 0x0000_0e00)
    #expect(machine.read(0xf25, .byte) == 0x0e)
    var sources: [UInt8] = []
    while let interrupt = machine.registers.acknowledge() {
      #expect(interrupt.id == 5)
      sources.append(interrupt.source)
      machine.end(5, source: interrupt.source)
    }
    #expect(sources == [1, 2, 3])
    machine.expectSound()
  }

  @Test("A GICv2 SGI that its sender repeats while it is active is delivered once more")
  func repeated() throws {
    let machine = try GuestMachine(.v2)
    machine.write(0xf00, 2 << 24 | 3)
    #expect(machine.acknowledge() == 3)
    machine.write(0xf00, 2 << 24 | 3)
    machine.end(3)
    #expect(machine.handleAll() == [3])
    machine.expectSound()
  }

  @Test("GICD_SGIR reaches the list, all others, or the sender, and nobody for the reserved filter")
  func filters() throws {
    let machine = try GuestMachine(.v2, vcpuCount: 3)
    machine.unload()
    machine.load(1)
    func targets(_ value: UInt64) -> [Bool] {
      machine.write(0xf00, value)
      defer { for vcpu in 0..<3 { clear(vcpu) } }
      return (0..<3).map { machine.hasPendingInterrupt($0) }
    }
    func clear(_ vcpu: Int) {
      machine.unload()
      machine.load(vcpu)
      _ = machine.handleAll()
      machine.unload()
      machine.load(1)
    }
    #expect(targets(0xfd << 16 | 1) == [true, false, true])
    #expect(targets(1 << 24 | 0xff << 16 | 1) == [true, false, true])
    #expect(targets(2 << 24 | 0xff << 16 | 1) == [false, true, false])
    #expect(targets(3 << 24 | 0xff << 16 | 1) == [false, false, false])
    machine.expectSound()
  }

  @Test("CPENDSGIR takes one source's request back, in a list register as well, and SPENDSGIR makes one")
  func pendingRegisters() throws {
    let machine = try GuestMachine(.v2, vcpuCount: 2)
    machine.write(0xf22, 0b11, .byte)
    #expect(machine.read(0xf22, .byte) == 0b11)
    machine.write(0xf12, 0b01, .byte)
    #expect(machine.read(0xf12, .byte) == 0b10)
    let interrupt = machine.registers.acknowledge()
    #expect(interrupt == .init(id: 2, source: 1))
    machine.end(2, source: 1)
    #expect(machine.acknowledge() == nil)
    machine.write(0x200, 0xffff)
    #expect(machine.read(0x200) == 0)
    machine.expectSound()
  }

  @Test("ICC_SGI1R reaches a target list in any cluster, or all but the sender")
  func systemRegister() throws {
    let machine = try GuestMachine(.v3, vcpuCount: 18)
    for frame in 0..<18 { machine.writeRedistributor(0x1_0100, 0xffff, frame: frame) }
    machine.gic.generateSGI(register: 7 << 24 | 1 << 16 | 0xfffe, .group1, vcpu: 0)
    #expect((0..<18).filter { machine.hasPendingInterrupt($0) } == [17])
    machine.gic.generateSGI(register: 7 << 24 | 0b110, .group1, vcpu: 0)
    #expect((0..<18).filter { machine.hasPendingInterrupt($0) } == [1, 2, 17])
    // A range selector, Aff2 or Aff3 that there is not.
    machine.gic.generateSGI(register: 1 << 44 | 0xffff, .group1, vcpu: 0)
    machine.gic.generateSGI(register: 1 << 32 | 0xffff, .group1, vcpu: 0)
    machine.gic.generateSGI(register: 1 << 48 | 0xffff, .group1, vcpu: 0)
    #expect((0..<18).filter { machine.hasPendingInterrupt($0) } == [1, 2, 17])
    machine.gic.generateSGI(register: 1 << 40 | 8 << 24, .group1, vcpu: 3)
    #expect((0..<18).filter { !machine.hasPendingInterrupt($0) } == [3])
  }

  @Test("With one Security state ICC_SGI1R generates SGIs of either group, ICC_SGI0R and ICC_ASGI1R of group 0 only")
  func groups() throws {
    let machine = try GuestMachine(.v3)
    machine.writeRedistributor(0x1_0100, 0xffff)
    machine.writeRedistributor(0x1_0080, 0b10)
    func generates(_ id: UInt64, _ register: SGIRegister) -> Bool {
      machine.gic.generateSGI(register: id << 24 | 1, register, vcpu: 0)
      machine.enter()
      return machine.handleAll() == [UInt16(id)]
    }
    #expect(generates(0, .group1))
    #expect(generates(1, .group1))
    #expect(generates(0, .group0))
    #expect(!generates(1, .group0))
    #expect(generates(0, .otherGroup1))
    #expect(!generates(1, .otherGroup1))
    machine.expectSound()
  }
}
