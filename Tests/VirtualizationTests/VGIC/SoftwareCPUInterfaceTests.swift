import Architecture
import TestSupport
import Testing
import Virtualization

@Suite("A GICv2's CPU interface in software", .timeLimited)
struct SoftwareCPUInterfaceTests {
  /// Interface on, both groups on, everything let through: GICH_VMCR with VMGrp0En, VMGrp1En and VMPriMask 0xf8.
  private func interface(_ bits: UInt32 = 0, _ contents: ListRegister...) -> SoftwareCPUInterface {
    var interface = SoftwareCPUInterface()
    interface.machineControl = 0xf800_0003 | bits
    for (index, value) in contents.enumerated() { interface[index] = value }
    interface.control = .enabled
    return interface
  }

  private func pending(_ id: UInt16, _ priority: UInt8, isGroup1: Bool = false, source: UInt8 = 0) -> ListRegister {
    ListRegister(virtualID: id, priority: priority, state: .pending, isGroup1: isGroup1, source: source)
  }

  @Test("a guest acknowledges, sees the running priority, and ends (IHI 0048B §4.4.4 to 4.4.6)")
  func life() {
    var interface = interface(0, pending(27, 0xa0), pending(40, 0x80))
    #expect(interface.line == .interrupt)
    #expect(interface.load(0x18) == 40)
    #expect(interface.load(0x0c) == 40)
    #expect(interface.load(0x14) == 0x80)
    // What waits is less urgent than what is active.
    #expect(interface.line == .low)
    #expect(interface.load(0x0c) == 1023)
    #expect(interface.load(0xd0) == 1 << 16)
    interface.store(0x10, 40)
    #expect(interface.emptyMask & 2 != 0)
    #expect(interface.load(0x14) == 0xff)
    #expect(interface.load(0x0c) == 27)
  }

  @Test("an SGI reads with the CPU that sent it in bits 12:10, and is ended by both")
  func source() {
    var interface = interface(0, pending(3, 0x10, source: 5))
    #expect(interface.load(0x0c) == 5 << 10 | 3)
    interface.store(0x10, 4 << 10 | 3)
    #expect(interface[0].state == .active)
    #expect(interface.control.missedEndCount == 1)
    interface[activePriorities: 0] = 1 << 2
    interface.store(0x10, 5 << 10 | 3)
    #expect(interface[0].state == .inactive)
  }

  @Test("group 1 is 1022 where AckCtl is clear, and the aliased registers' own; group 0 is an FIQ where FIQEn is set")
  func groups() {
    var interface = interface(1 << 3, pending(50, 0x10, isGroup1: true), pending(51, 0x20))
    #expect(interface.line == .interrupt)
    #expect(interface.load(0x18) == 1022)
    #expect(interface.load(0x0c) == 1022)
    #expect(interface.load(0x28) == 50)
    #expect(interface.load(0x20) == 50)
    interface.store(0x24, 50)
    #expect(interface.line == .fastInterrupt)
    #expect(interface.load(0x28) == 1023)
    #expect(interface.load(0x20) == 1023)
    #expect(interface.load(0x0c) == 51)
  }

  @Test("with AckCtl, group 1 is acknowledged by GICC_IAR too")
  func acknowledgeControl() {
    var interface = interface(1 << 2, pending(50, 0x10, isGroup1: true))
    #expect(interface.load(0x0c) == 50)
  }

  @Test("with EOImode, an end only drops the priority, and GICC_DIR deactivates")
  func separateDeactivation() {
    var interface = interface(1 << 9, pending(40, 0x80))
    #expect(interface.load(0x0c) == 40)
    interface.store(0x10, 40)
    #expect(interface.load(0x14) == 0xff)
    #expect(interface[0].state == .active)
    interface.store(0x1000, 40)
    #expect(interface[0].state == .inactive)
  }

  @Test("the guest's control registers are GICH_VMCR's fields, of five bits of priority")
  func controlRegisters() {
    var interface = interface()
    interface.store(0x00, ~0)
    interface.store(0x04, 0xa7)
    interface.store(0x08, 5)
    interface.store(0x1c, 0)
    #expect(interface.load(0x00) == 0x21f)
    #expect(interface.load(0x04) == 0xa0)
    #expect(interface.load(0x08) == 5)
    // Five bits of priority allow no binary point below 2 and, for group 1's, 3.
    #expect(interface.load(0x1c) == 3)
    interface.store(0x08, 0)
    #expect(interface.load(0x08) == 2)
    #expect(interface.machineControl == 0xa000_0000 | 2 << 21 | 3 << 18 | 0x21f)
    // Architecture version 2, implementer Arm.
    #expect(interface.load(0xfc) & 0xf_0fff == 0x2_043b)
  }

  @Test("accesses that are not words, and registers that are not there, do nothing and read as zero")
  func reserved() {
    var interface = interface(0, pending(40, 0x80))
    for width in [AccessWidth.byte, .halfword, .doubleword] {
      #expect(interface.readGuestRegister(offset: 0x0c, width: width) == 0)
      interface.writeGuestRegister(0, offset: 0x04, width: width)
    }
    for offset in stride(from: 0x2c as UInt32, to: 0xd0, by: 4) {
      interface.store(offset, ~0)
      #expect(interface.load(offset) == 0)
    }
    #expect(interface.line == .interrupt)
    interface.control = []
    #expect(interface.line == .low)
  }

  @Test("a timer's interrupt reaches the guest by it, and its end asks for the physical interrupt's deactivation")
  func timer() throws {
    var heap = HeapStorage()
    var gic = try VirtualGIC(
      version: .v2, vcpuCount: 1, sharedInterruptCount: 32, usesHardwareLinks: false, storage: &heap)
    var interface = SoftwareCPUInterface()
    gic.load(vcpu: 0, into: &interface)
    gic.writeDistributor(offset: 0x000, width: .word, value: 1, vcpu: 0)
    gic.writeDistributor(offset: 0x100, width: .word, value: 1 << 27, vcpu: 0)
    interface.store(0x04, 0xf0)
    interface.store(0x00, 1)
    for _ in 0..<3 {
      if !gic.repeatDelivery(of: 27, vcpu: 0, registers: &interface) {
        gic.raiseHardware(27, physicalID: 19, vcpu: 0)
        gic.refresh(vcpu: 0, registers: &interface)
      }
      #expect(interface.line == .interrupt)
      #expect(interface.load(0x0c) == 27)
      #expect(gic.takeDeactivation(vcpu: 0) == nil)
      interface.store(0x10, 27)
      #expect(interface.needsMaintenance)
      gic.maintenance(vcpu: 0, registers: &interface)
      #expect(!interface.needsMaintenance)
      #expect(gic.takeDeactivation(vcpu: 0) == 19)
    }
    gic.unload(vcpu: 0, from: &interface)
    #expect(interface.line == .low)
  }

  @Test(
    "does what the manual's interpreter does, whatever hypervisor and guest do", arguments: 0..<40 as Range<UInt64>)
  func comparison(seed: UInt64) {
    var pair = InterfacePair(seed: seed)
    for step in 0..<1500 {
      pair.step()
      guard let difference = pair.difference else { continue }
      Issue.record("seed \(seed), step \(step), \(pair.last): \(difference)")
      return
    }
    // One list register alone is often taken.
    #expect(pair.deliveryCount > 20)
    #expect(pair.model.violations.allSatisfy { !$0.contains("HW") })
  }
}

extension SoftwareCPUInterface {
  /// LDR of the guest.
  fileprivate mutating func load(_ offset: UInt32) -> UInt32 { readGuestRegister(offset: offset, width: .word) }
  /// STR of the guest.
  fileprivate mutating func store(_ offset: UInt32, _ value: UInt32) {
    writeGuestRegister(value, offset: offset, width: .word)
  }
}

/// The software interface and the interpreter of the manual, to which the same happens.
private struct InterfacePair {
  var software: SoftwareCPUInterface
  var model: ListRegisterInterpreter
  var random: SeededGenerator
  var handling: [ListRegisterInterpreter.Acknowledgement] = []
  var ended: [ListRegisterInterpreter.Acknowledgement] = []
  var deliveryCount = 0
  var last = ""
  /// What an acknowledgement read, where it differs.
  var mismatch: String?

  init(seed: UInt64) {
    random = SeededGenerator(state: seed)
    let count = Int.random(in: 1...16, using: &random)
    software = SoftwareCPUInterface(count: count)
    model = ListRegisterInterpreter(version: .v2, count: count)
    for index in 0..<count { set(index, .empty) }
    setMachine(0xf80c_0007 | 2 << 21)
    model[activePriorities: 0] = 0
    setControl(.enabled)
  }

  mutating func step() {
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<35: fill()
    case 35..<65: acknowledge()
    case 65..<88: end()
    case 88..<92: guestControls()
    case 92..<94: setControl(InterfaceControl(rawValue: UInt32.random(in: 0...255, using: &random) | 1))
    case 94..<95: setControl([])
    case 95..<97: setControl(.enabled)
    case 97..<98: strayEnd()
    default: softenEverything()
    }
  }

  private mutating func set(_ index: Int, _ value: ListRegister) {
    last = "list register \(index) = \(String(value.rawValue, radix: 16))"
    software[index] = value
    model[index] = value
  }

  private mutating func setControl(_ value: InterfaceControl) {
    last = "control = \(value.rawValue)"
    software.control = value
    model.control = value
  }

  private mutating func setMachine(_ value: UInt32) {
    last = "machine control = \(String(value, radix: 16))"
    software.machineControl = value
    model.machineControl = value
  }

  /// No priority is the lowest one, which no mask ever lets through.
  private mutating func fill() {
    let free = (0..<software.count).filter { model.emptyMask >> UInt32($0) & 1 != 0 }
    guard let index = free.randomElement(using: &random) else { return }
    let value = ListRegister(
      virtualID: UInt16(Bool.random(using: &random) ? index : 32 + index),
      priority: UInt8.random(in: 0..<0xf8, using: &random), state: .pending,
      isGroup1: Bool.random(using: &random), signalsEndOfInterrupt: Bool.random(using: &random),
      source: UInt8.random(in: 0..<8, using: &random))
    set(index, value)
  }

  /// With AckCtl set, the guest gets any group.
  private mutating func acknowledge() {
    last = "acknowledge"
    let expected = model.acknowledge()
    let read = software.readGuestRegister(offset: 0x0c, width: .word)
    var wanted: UInt32 = 1023
    if let expected {
      deliveryCount += 1
      handling.append(expected)
      wanted = UInt32(expected.id) | (expected.id < 16 ? UInt32(expected.source) << 10 : 0)
    }
    if read != wanted { mismatch = "acknowledged \(read), not \(wanted)" }
  }

  private func name(_ interrupt: ListRegisterInterpreter.Acknowledgement) -> UInt32 {
    UInt32(interrupt.id) | (interrupt.id < 16 ? UInt32(interrupt.source) << 10 : 0)
  }

  private mutating func end() {
    if !ended.isEmpty, Bool.random(using: &random), model.separatesDeactivation {
      let interrupt = ended.remove(at: Int.random(in: 0..<ended.count, using: &random))
      last = "deactivate \(interrupt.id)"
      model.deactivate(interrupt)
      software.writeGuestRegister(name(interrupt), offset: 0x1000, width: .word)
      return
    }
    guard let interrupt = handling.popLast() else { return }
    last = "end \(interrupt.id)"
    if model.separatesDeactivation { ended.append(interrupt) }
    model.end(interrupt)
    software.writeGuestRegister(name(interrupt), offset: 0x10, width: .word)
  }

  /// Interrupts that no list register has, some of them while nothing is active.
  private mutating func strayEnd() {
    guard handling.isEmpty else { return }
    last = "stray end"
    model.end(ListRegisterInterpreter.Acknowledgement(id: 700))
    software.writeGuestRegister(700, offset: 0x10, width: .word)
  }

  /// The mask, the binary points, the groups. The binary points only while nothing is active, which they would take apart;
  /// EOImode only while nothing is being handled.
  private mutating func guestControls() {
    var value = software.machineControl & 0x07ff_ffff | UInt32.random(in: 4..<32, using: &random) << 27
    value = value & ~3 | UInt32.random(in: 0..<4, using: &random)
    if handling.isEmpty && ended.isEmpty {
      value = value & ~0x00fc_0210 | UInt32.random(in: 0..<64, using: &random) << 18
      value |= (Bool.random(using: &random) ? 1 << 4 : 0) | (Bool.random(using: &random) ? 1 << 9 : 0)
    }
    last = "guest's controls"
    software.writeGuestRegister(value & 0x21f, offset: 0x00, width: .word)
    software.writeGuestRegister(value >> 24, offset: 0x04, width: .word)
    software.writeGuestRegister(value >> 21 & 7, offset: 0x08, width: .word)
    software.writeGuestRegister(value >> 18 & 7, offset: 0x1c, width: .word)
    model.machineControl = value
  }

  /// Whatever keeps interrupts away is taken away, so that no sequence stays quiet for good; and ends that were seen are
  /// cleared, as the hypervisor does.
  private mutating func softenEverything() {
    setMachine(software.machineControl | 0xf800_0003)
    setControl(.enabled)
    for index in 0..<software.count where model.endOfInterruptMask >> UInt32(index) & 1 != 0 { set(index, .empty) }
  }

  /// What is not the same.
  var difference: String? {
    if let mismatch { return mismatch }
    for index in 0..<software.count where software[index] != model[index] {
      return "list register \(index): \(software[index]), not \(model[index])"
    }
    var software = software
    let pairs: [(String, UInt32, UInt32)] = [
      ("empty", software.emptyMask, model.emptyMask),
      ("ends", software.endOfInterruptMask, model.endOfInterruptMask),
      ("machine control", software.machineControl, model.machineControl),
      ("active priorities", software[activePriorities: 0], model[activePriorities: 0]),
      ("control", software.control.rawValue, model.control.rawValue),
      ("running priority", software.readGuestRegister(offset: 0x14, width: .word), UInt32(model.runningPriority)),
      ("line", software.line == .low ? 0 : 1, model.isInterruptSignalled ? 1 : 0),
      ("maintenance", software.needsMaintenance ? 1 : 0, model.isMaintenanceAsserted ? 1 : 0),
    ]
    return pairs.first { $0.1 != $0.2 }.map { "\($0.0): \($0.1), not \($0.2)" }
  }
}
