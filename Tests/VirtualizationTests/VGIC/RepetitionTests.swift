import Architecture
import TestSupport
import Testing

@testable import Virtualization

/// The way of interrupts that come again: one list register is written, and nothing else changes.
@Suite("Interrupts that come again", .timeLimited) struct RepetitionTests {
  private func machine(_ version: GICVersion, hasLinks: Bool = true) throws -> GuestMachine {
    let machine = try GuestMachine(version, vcpuCount: 2, hasLinks: hasLinks)
    machine.enable(1, 27, 28)
    return machine
  }

  private func repeats(_ id: Int, _ machine: GuestMachine, source: Int = 0) -> Bool {
    // The guest ran since the last one.
    machine.registers.synchronizeMasks()
    return machine.gic.repeatDelivery(of: id, source: source, vcpu: 0, registers: &machine.registers)
  }

  private func sendToSelf(_ machine: GuestMachine) {
    machine.gic.requestSGI(1, source: 0, vcpu: 0)
    machine.enter()
  }

  @Test(
    "A timer's interrupt is repeated once its guest has ended it, and only then",
    arguments: [GICVersion.v2, .v3], [true, false])
  func timer(version: GICVersion, hasLinks: Bool) throws {
    let machine = try machine(version, hasLinks: hasLinks)
    #expect(!repeats(27, machine), "nothing has been delivered yet")
    machine.raiseHardware(27)
    #expect(!repeats(27, machine), "it is still pending")
    #expect(machine.acknowledge() == 27)
    #expect(!repeats(27, machine), "it is being handled")
    machine.end(27)
    for _ in 0..<3 {
      let (readCount, writeCount) = (machine.registers.readCount, machine.registers.writeCount)
      #expect(machine.raiseHardware(27))
      #expect(machine.registers.readCount == readCount && machine.registers.writeCount == writeCount + 1)
      #expect(machine.handleAll() == [27])
      #expect(machine.activePhysicalIDs == [])
    }
    machine.unload()
    #expect(!machine.gic.hasDeactivations && !machine.isLinked(27))
    machine.expectSound()
  }

  @Test("A timer's interrupt that the guest itself made pending the last time is not repeated: it had no physical one")
  func requested() throws {
    let machine = try machine(.v3)
    machine.writeBit(0x200, 27)
    #expect(machine.handleAll() == [27])
    #expect(!repeats(27, machine))
    machine.raiseHardware(27)
    #expect(machine.handleAll() == [27])
    #expect(machine.activePhysicalIDs == [])
    machine.expectSound()
  }

  @Test("An SGI is repeated for the vCPU that sent the last one", arguments: [GICVersion.v2, .v3])
  func softwareInterrupt(version: GICVersion) throws {
    let machine = try machine(version)
    #expect(!repeats(1, machine))
    sendToSelf(machine)
    #expect(machine.handleAll() == [1])
    #expect(repeats(1, machine))
    #expect(!repeats(1, machine), "it is pending already")
    #expect(machine.handleAll() == [1])
    #expect(repeats(1, machine, source: 1) == false, "GICv2's guest would be told of the wrong vCPU")
    machine.expectSound()
  }

  @Test(
    "What the guest changes about an interrupt, on whichever CPU, ends its repetition until it was delivered anew",
    arguments: [GICVersion.v2, .v3])
  func changes(version: GICVersion) throws {
    // Clear-enable, priority, group, active, pending; each of them leaves an interrupt that the model has to think about.
    let changes: [(GuestMachine) -> Void] = [
      { $0.writeBit(0x180, 27) }, { $0.setPriority(27, 0x40) }, { $0.writeBit(0x080, 27) },
      { $0.writeBit(0x300, 27) }, { $0.writeBit(0x200, 27) },
    ]
    for change in changes {
      let machine = try machine(version)
      machine.raiseHardware(27)
      #expect(machine.handleAll() == [27])
      // The change alone, as another CPU makes it, before this one has heard of it.
      machine.isDeaf = true
      change(machine)
      #expect(!repeats(27, machine))
      machine.isDeaf = false
    }
  }

  @Test(
    "While others wait for a list register, whoever ends an interrupt makes room for them", arguments: [GICVersion.v2])
  func overflow(version: GICVersion) throws {
    let machine = try GuestMachine(version, vcpuCount: 1, listRegisterCount: 1)
    machine.enable(27, 40)
    machine.route(40, to: 0)
    machine.raiseHardware(27)
    machine.setLine(40, true)
    #expect(!repeats(27, machine))
    #expect(machine.acknowledge() == 27)
    machine.end(27)
    #expect(machine.acknowledge() == 40)
    #expect(!repeats(27, machine))
    machine.expectSound()
  }

  @Test(
    "Of two that are as urgent, one that is never quiet leaves the other its turn", arguments: [GICVersion.v2, .v3],
    [true, false])
  func fairness(version: GICVersion, isTimer: Bool) throws {
    // Together they come before anybody has brought either of them to the list register.
    for comeTogether in [false, true] {
      let machine = try GuestMachine(version, listRegisterCount: 1)
      let first: UInt16 = isTimer ? 27 : 41
      machine.enable(first, 40)
      machine.isDeaf = comeTogether
      if isTimer { machine.raiseHardware(27) } else { machine.setLine(41, true) }
      machine.setLine(40, true)
      machine.isDeaf = false
      machine.enter()
      var taken: [UInt16] = []
      for _ in 0..<4 {
        // The next one comes before anybody has looked at what became of this one.
        machine.isDeaf = true
        guard let id = machine.acknowledge() else { break }
        taken.append(id)
        machine.end(id)
        if id == 27 { machine.raiseHardware(27) }
        machine.isDeaf = false
        machine.enter()
      }
      #expect(taken.contains(first) && taken.contains(40), "together: \(comeTogether), \(taken)")
      machine.expectSound()
    }
  }

  @Test(
    "A timer's interrupt that comes again by the long way after short ones is deactivated at its end, too",
    arguments: [GICVersion.v2, .v3], [true, false])
  func longWay(version: GICVersion, hasLinks: Bool) throws {
    let machine = try machine(version, hasLinks: hasLinks)
    for _ in 0..<2 {
      machine.raiseHardware(27)
      #expect(machine.handleAll() == [27])
      #expect(machine.activePhysicalIDs == [])
    }
    // Something about it has changed, so that the model has to look first; and it comes before that.
    machine.isDeaf = true
    machine.setPriority(27, 0x40)
    machine.raiseHardware(27)
    machine.isDeaf = false
    machine.enter()
    #expect(machine.isLinked(27))
    #expect(machine.handleAll() == [27])
    #expect(machine.activePhysicalIDs == [])
    machine.raiseHardware(27)
    #expect(machine.handleAll() == [27])
    #expect(machine.activePhysicalIDs == [])
    machine.expectSound()
  }

  @Test("A vCPU that has ended all that it had is at rest, and one with anything pending or active is not")
  func rest() throws {
    let machine = try machine(.v3)
    func isAtRest() -> Bool { machine.gic.isAtRest(vcpu: 0, registers: machine.registers) }
    #expect(isAtRest())
    machine.raiseHardware(27)
    #expect(!isAtRest())
    #expect(machine.acknowledge() == 27)
    #expect(!isAtRest())
    machine.end(27)
    #expect(isAtRest() && !machine.hasPendingInterrupt(0))
  }
}
