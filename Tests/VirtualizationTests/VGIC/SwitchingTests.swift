import Architecture
import TestSupport
import Testing
import Virtualization

private let versions: [GICVersion] = [.v2, .v3]

/// vCPUs that take turns on one CPU, and restarts.
@Suite(.timeLimited) struct SwitchingTests {
  @Test("Active priorities, the mask and list registers survive a switch to another vCPU and back", arguments: versions)
  func statePreserved(version: GICVersion) throws {
    let machine = try GuestMachine(version, vcpuCount: 2)
    machine.enable(20, 21, 22)
    machine.setPriority(20, 0x40)
    machine.setPriority(21, 0x80)
    machine.setPriority(22, 0x20)
    machine.setLine(20, true)
    machine.registers.priorityMask = 0xc0
    #expect(machine.acknowledge() == 20)
    machine.unload()
    machine.load(1)
    #expect(machine.registers.runningPriority == 0xff)
    #expect(machine.registers.priorityMask == 0xf8)
    #expect(machine.registers.contents == [])
    machine.setLine(21, true, vcpu: 0)
    machine.unload()
    machine.load(0)
    #expect(machine.registers.runningPriority == 0x40)
    #expect(machine.registers.priorityMask == 0xc0)
    #expect(machine.acknowledge() == nil)
    machine.setLine(22, true)
    #expect(machine.acknowledge() == 22)
    machine.expectSound()
  }

  @Test("Group 1 active priorities survive a switch as well", arguments: versions)
  func group1Preserved(version: GICVersion) throws {
    let machine = try GuestMachine(version, vcpuCount: 2)
    machine.writeBit(0x080, 20)
    machine.enable(20)
    machine.setPriority(20, 0x40)
    machine.setLine(20, true)
    #expect(machine.acknowledge() == 20)
    machine.unload()
    machine.load(1)
    machine.unload()
    machine.load(0)
    #expect(machine.registers.runningPriority == 0x40)
    machine.expectSound()
  }

  @Test(
    "vCPUs without interrupts take turns without a look at a list register, and what came meanwhile is delivered",
    arguments: versions)
  func emptyTurns(version: GICVersion) throws {
    let machine = try GuestMachine(version, vcpuCount: 2)
    machine.enable(20)
    machine.registers.priorityMask = 0x80
    machine.unload()
    machine.load(1)
    machine.registers.priorityMask = 0xc0
    let (readCount, writeCount) = (machine.registers.readCount, machine.registers.writeCount)
    for vcpu in [0, 1, 0, 1] {
      machine.unload()
      #expect(!machine.registers.isEnabled)
      machine.load(vcpu)
      #expect(machine.registers.isEnabled)
      #expect(machine.registers.priorityMask == (vcpu == 0 ? 0x80 : 0xc0))
    }
    #expect(machine.registers.readCount == readCount && machine.registers.writeCount == writeCount)
    machine.setLine(20, true, vcpu: 0)
    machine.unload()
    machine.load(0)
    #expect(machine.acknowledge() == 20)
    machine.expectSound()
  }

  @Test("A vCPU whose interrupt came and went while it was not loaded has none when it is loaded", arguments: versions)
  func withdrawnMeanwhile(version: GICVersion) throws {
    let machine = try GuestMachine(version, vcpuCount: 2)
    machine.enable(20)
    machine.unload()
    machine.load(1)
    machine.setLine(20, true, vcpu: 0)
    machine.setLine(20, false, vcpu: 0)
    machine.unload()
    machine.load(0)
    #expect(machine.acknowledge() == nil)
    machine.setLine(20, true)
    #expect(machine.acknowledge() == 20)
    machine.expectSound()
  }

  @Test("An interface that no vCPU is loaded in is off and asks for no maintenance", arguments: versions)
  func unloadedIsOff(version: GICVersion) throws {
    let machine = try GuestMachine(version, vcpuCount: 2, listRegisterCount: 1)
    machine.enable(20, 21)
    machine.setLine(20, true)
    machine.setLine(21, true)
    #expect(machine.registers.signalsNoPending)
    machine.unload()
    #expect(!machine.registers.isEnabled)
    #expect(!machine.registers.signalsNoPending)
    machine.load(1)
    #expect(machine.registers.isEnabled)
    #expect(!machine.registers.signalsNoPending)
    #expect(!machine.registers.isInterruptSignalled)
    machine.expectSound()
  }

  @Test(
    "An interrupt for a vCPU that is not loaded asks for attention and is there when it is loaded", arguments: versions)
  func attention(version: GICVersion) throws {
    let machine = try GuestMachine(version, vcpuCount: 3)
    machine.unload()
    machine.load(2)
    machine.enable(20)
    machine.unload()
    machine.load(0)
    #expect(!machine.hasPendingInterrupt(2))
    #expect(machine.takeAttention(after: { $0.gic.setLine(20, vcpu: 2, isHigh: true) }) == 0b100)
    #expect(machine.takeAttention(after: { _ in }) == 0)
    #expect(machine.hasPendingInterrupt(2))
    #expect(!machine.hasPendingInterrupt(0))
    machine.unload()
    machine.load(2)
    #expect(machine.acknowledge() == 20)
    machine.expectSound()
  }

  @Test(
    "A timer that is due before its vCPU is loaded is in a linked list register from the load on", arguments: versions)
  func timerBeforeLoad(version: GICVersion) throws {
    let machine = try GuestMachine(version, vcpuCount: 2)
    machine.enable(27)
    machine.unload()
    machine.load(1)
    #expect(machine.takeAttention(after: { $0.gic.raiseHardware(27, physicalID: 127, vcpu: 0) }) == 1)
    #expect(machine.hasPendingInterrupt(0))
    machine.unload()
    machine.load(0)
    #expect(machine.registers.contents.map(\.physicalID) == [127])
    #expect(machine.acknowledge() == 27)
    machine.end(27)
    #expect(machine.registers.deactivatedPhysicalIDs == [127])
    machine.unload()
    #expect(!machine.hasPendingInterrupt(0))
  }

  @Test(
    "An edge that comes while its active interrupt's vCPU is not loaded is delivered after its end", arguments: versions
  )
  func edgeWhileUnloaded(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.setEdge(40)
    machine.enable(40)
    machine.pulse(40)
    #expect(machine.acknowledge() == 40)
    machine.unload()
    machine.pulse(40)
    machine.load(0)
    machine.end(40)
    #expect(machine.handleAll() == [40])
    machine.expectSound()
  }

  @Test(
    "A vCPU that waits with its list registers loaded is woken by what has just been written there", arguments: versions
  )
  func woken(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.enable(33)
    machine.gic.setLine(33, vcpu: 0, isHigh: true)
    machine.gic.refresh(vcpu: 0, registers: &machine.registers)
    #expect(machine.hasPendingInterrupt(0))
    machine.expectSound()
  }

  @Test("WFI is not ended by an interrupt that the guest's mask or group enable keeps back", arguments: versions)
  func waiting(version: GICVersion) throws {
    let machine = try GuestMachine(version)
    machine.enable(33)
    machine.setPriority(33, 0x80)
    #expect(!machine.hasPendingInterrupt(0))
    machine.setLine(33, true)
    #expect(machine.hasPendingInterrupt(0))
    machine.registers.priorityMask = 0x80
    #expect(!machine.hasPendingInterrupt(0))
    machine.registers.priorityMask = 0x88
    #expect(machine.hasPendingInterrupt(0))
    machine.registers.enableGroups(false, true)
    #expect(!machine.hasPendingInterrupt(0))
    machine.unload()
    #expect(!machine.hasPendingInterrupt(0))
  }

  @Test("A restart leaves no interrupt, no active state and no physical interrupt behind", arguments: versions)
  func restart(version: GICVersion) throws {
    let machine = try GuestMachine(version, vcpuCount: 2)
    machine.enable(27, 33, 34)
    machine.setEdge(40)
    machine.route(33, to: 0)
    machine.route(34, to: 0)
    machine.raiseHardware(27)
    machine.setLine(33, true)
    #expect(machine.acknowledge() != nil)
    machine.setLine(34, true)
    machine.pulse(40)
    machine.unload()
    machine.reset()
    machine.load(0)
    #expect(machine.activePhysicalIDs == [])
    #expect(machine.registers.contents == [])
    #expect(machine.registers.runningPriority == 0xff)
    #expect(machine.registers.priorityMask == 0)
    #expect(machine.registers.machineControl & 3 == 0)
    #expect(machine.read(0x000) & 3 == 0)
    for word in UInt32(1)...1 {
      #expect(machine.read(0x100 + word * 4) == 0)
      #expect(machine.read(0x200 + word * 4) == 0)
      #expect(machine.read(0x300 + word * 4) == 0)
      #expect(machine.read(0xc00 + word * 8) == 0)
    }
    #expect(!machine.readBit(0x200, 27))
    #expect(!machine.readBit(0x300, 27))
    machine.expectSound()
  }

  @Test(
    "A vCPU that is started anew is clean, and an SPI that waited in its list registers still waits",
    arguments: versions)
  func startOneCPU(version: GICVersion) throws {
    let machine = try GuestMachine(version, vcpuCount: 2)
    machine.enable(20, 27, 33, 34)
    machine.route(33, to: 0)
    machine.route(34, to: 0)
    machine.setPriority(33, 0x40)
    machine.setPriority(34, 0x20)
    machine.setPriority(20, 0x80)
    machine.setPriority(27, 0x80)
    machine.setLine(20, true)
    machine.raiseHardware(27)
    machine.raiseHardware(34)
    #expect(machine.acknowledge() == 34)
    machine.setLine(33, true)
    machine.unload()
    machine.reset(vcpu: 0)
    #expect(machine.activePhysicalIDs == [])
    machine.load(0)
    #expect(machine.registers.runningPriority == 0xff)
    #expect(machine.registers.contents.map(\.virtualID) == [33])
    machine.enableInterface()
    #expect(machine.acknowledge() == 33)
    machine.expectSound()
  }

  @Test("An SPI that waits for a vCPU is delivered to it when it has been turned on", arguments: versions)
  func startWithWaiting(version: GICVersion) throws {
    let machine = try GuestMachine(version, vcpuCount: 2)
    machine.enable(33)
    machine.route(33, to: 1)
    machine.setLine(33, true)
    machine.unload()
    machine.reset(vcpu: 1)
    machine.load(1)
    machine.enableInterface()
    #expect(machine.acknowledge() == 33)
    machine.expectSound()
  }

  @Test(
    "An SGI that comes for a vCPU after its CPU_ON and before it runs is there when it does, as is one from before",
    arguments: versions)
  func startWithRequest(version: GICVersion) throws {
    let machine = try GuestMachine(version, vcpuCount: 2)
    machine.unload()
    machine.load(1)
    machine.enable(1, 2)
    machine.gic.requestSGI(1, source: 0, vcpu: 1)
    machine.enter()
    #expect(machine.registers.contents.map(\.virtualID) == [1])
    machine.unload()
    machine.gic.requestSGI(2, source: 0, vcpu: 1)
    machine.reset(vcpu: 1)
    #expect(!machine.hasPendingInterrupt(1))
    machine.load(1)
    #expect(machine.registers.runningPriority == 0xff)
    machine.enableInterface()
    if version == .v3 { #expect(machine.acknowledge() == nil, "SGIs are off after reset") }
    machine.enable(1, 2)
    #expect(machine.handleAll().sorted() == [1, 2])
    machine.expectSound()
  }

  @Test("A VM that starts again has no SGI of its former life", arguments: versions)
  func restartWithRequest(version: GICVersion) throws {
    let machine = try GuestMachine(version, vcpuCount: 2)
    machine.gic.requestSGI(1, source: 0, vcpu: 1)
    machine.unload()
    machine.reset()
    machine.load(1)
    machine.enableInterface()
    machine.write(0x000, 3)
    machine.enable(1)
    #expect(machine.acknowledge() == nil)
    machine.expectSound()
  }

  @Test(
    "A change that makes a vCPU's interrupt one that it is to have asks for the vCPU's attention while it is not loaded",
    arguments: versions)
  func changedMeanwhile(version: GICVersion) throws {
    let machine = try GuestMachine(version, vcpuCount: 2)
    machine.enable(40)
    machine.route(40, to: 0)
    machine.setPriority(40, 0xc0)
    machine.registers.priorityMask = 0x80
    machine.setLine(40, true)
    machine.unload()
    machine.load(1)
    #expect(!machine.hasPendingInterrupt(0))
    machine.isDeaf = true
    let attention = machine.takeAttention { $0.setPriority(40, 0x40) }
    #expect(attention & 1 == 1)
    #expect(machine.hasPendingInterrupt(0))
  }

  @Test(
    "What waits for a list register when its vCPU leaves waits for it when the vCPU comes back", arguments: versions)
  func waitsAcross(version: GICVersion) throws {
    let machine = try GuestMachine(version, vcpuCount: 2, listRegisterCount: 1)
    machine.enable(40, 41)
    for id: UInt16 in [40, 41] {
      machine.setEdge(id)
      machine.route(id, to: 0)
      machine.pulse(id)
    }
    // The first one has ended when the vCPU leaves, and nobody has given its list register to the second.
    machine.isDeaf = true
    #expect(machine.acknowledge() == 40)
    machine.end(40)
    machine.unload()
    machine.load(1)
    machine.unload()
    machine.isDeaf = false
    machine.load(0)
    #expect(machine.handleAll() == [41])
    machine.expectSound()
  }

  @Test("A priority mask lets through what is below it, though it divide no interrupts' priorities evenly")
  func unevenMask() throws {
    let machine = try GuestMachine(.v3, vcpuCount: 2, listRegisterCount: 1)
    machine.registers.priorityBitCount = 7
    machine.enable(40, 41)
    for id: UInt16 in [40, 41] { machine.setPriority(id, 0x80) }
    machine.unload()
    machine.setLine(40, true)
    machine.setLine(41, true)
    for (mask, isSignalled) in [(0x80, false), (0x82, true), (0x88, true)] as [(UInt8, Bool)] {
      machine.load(0)
      machine.registers.priorityMask = mask
      #expect(machine.registers.priorityMask == mask)
      machine.unload()
      #expect(machine.hasPendingInterrupt(0) == isSignalled)
    }
    // One of the two alone, which waits, as the other is active.
    machine.load(0)
    #expect(machine.acknowledge() != nil)
    machine.registers.priorityMask = 0x82
    machine.unload()
    #expect(machine.hasPendingInterrupt(0))
    machine.expectSound()
  }

  @Test("SPIs of a GICv2 go to nobody until the guest says to whom, and after a restart again")
  func targetsAfterReset() throws {
    let machine = try GuestMachine(.v2, vcpuCount: 2)
    for _ in 0..<2 {
      #expect(machine.read(0x828) == 0)
      machine.enable(40)
      machine.setLine(40, true)
      #expect(machine.acknowledge() == nil)
      machine.route(40, to: 0)
      #expect(machine.acknowledge() == 40)
      machine.unload()
      machine.reset()
      machine.load(0)
      machine.enableInterface()
      machine.write(0x000, 3)
    }
    machine.expectSound()
  }

  @Test("A vCPU that has never run has FIQs as its interface's group 0, which a GICv3 has always (ICH_VMCR_EL2.VFIQEn)")
  func firstMachineControl() throws {
    var storage = HeapStorage()
    var gic = try VirtualGIC(
      version: .v3, vcpuCount: 1, sharedInterruptCount: 32, usesHardwareLinks: true, storage: &storage)
    var registers = ListRegisterInterpreter(version: .v3, count: 4)
    gic.load(vcpu: 0, into: &registers)
    #expect(registers.writtenMachineControl & 1 << 3 != 0)
  }
}
