import Architecture
import TestSupport
import Testing
import Virtualization

/// One physical CPU with a virtual CPU interface, a VM's interrupt controller, and the glue between the two that the trap
/// path is on the target: what the guest does goes in by registers, and what it sees comes out of the interface.
final class GuestMachine {
  var gic: VirtualGIC
  var registers: ListRegisterInterpreter
  /// The vCPU that runs.
  private(set) var running: Int?
  /// How many maintenance interrupts there were.
  private(set) var maintenanceCount = 0
  /// The most list registers that one maintenance interrupt read and wrote.
  private(set) var worstMaintenanceWork = 0
  /// True where maintenance stayed asserted however often it was answered.
  private(set) var hasStormed = false
  /// Physical interrupts that EL2 has acknowledged and that nobody has deactivated.
  private(set) var activePhysicalIDs: Set<UInt16> = []
  /// Physical interrupts that were deactivated though they were not active.
  private(set) var falseDeactivations: [UInt16] = []
  /// True while nothing that changes reaches this CPU.
  var isDeaf = false
  /// The vCPUs that the model wanted attended, ever.
  private(set) var attended: UInt64 = 0
  private var seenDeactivationCount = 0

  /// A machine whose guest has turned everything on and runs vCPU 0.
  init(
    _ version: GICVersion, vcpuCount: Int = 1, spiCount: Int = 32, listRegisterCount: Int = 4, hasLinks: Bool = true
  ) throws {
    var storage = HeapStorage()
    gic = try VirtualGIC(
      version: version, vcpuCount: vcpuCount, sharedInterruptCount: spiCount, usesHardwareLinks: hasLinks,
      storage: &storage)
    registers = ListRegisterInterpreter(version: version, count: listRegisterCount)
    for vcpu in (0..<vcpuCount).reversed() {
      load(vcpu)
      enableInterface()
      if vcpu != 0 { unload() }
    }
    write(0x000, 3)
  }

  func load(_ vcpu: Int) {
    // Whoever decides what to load reads the clock first, which synchronizes.
    registers.synchronizeMasks()
    gic.loadInPieces(vcpu: vcpu, into: &registers)
    running = vcpu
    enter()
  }

  func unload() {
    guard let vcpu = running else { return }
    gic.unload(vcpu: vcpu, from: &registers)
    running = nil
    takeDeactivations()
  }

  /// The guest lets every priority and both groups through.
  func enableInterface() {
    registers.priorityMask = 0xf8
    registers.enableGroups(true, true)
  }

  /// What the trap path does on its way back to the guest.
  func enter() {
    guard let vcpu = running, !isDeaf else { return }
    defer { registers.synchronizeMasks() }
    takeDeactivations()
    attended |= gic.attention
    if gic.takeAttention() != 0 { gic.bring(vcpu: vcpu, into: &registers) }
    var roundCount = 0
    while registers.isMaintenanceAsserted {
      maintenanceCount += 1
      roundCount += 1
      let before = registers.readCount + registers.writeCount
      // As the kernel does it: in pieces, between which it looks for interrupts, and this one may not be there again.
      gic.beginMaintenance(vcpu: vcpu, registers: &registers)
      while gic.needsRefresh(vcpu: vcpu) {
        if registers.isMaintenanceAsserted { hasStormed = true }
        gic.refreshSome(vcpu: vcpu, registers: &registers)
      }
      worstMaintenanceWork = max(worstMaintenanceWork, registers.readCount + registers.writeCount - before)
      if roundCount > 3 {
        hasStormed = true
        break
      }
    }
    attended |= gic.attention
    takeDeactivations()
  }

  private func takeDeactivations() {
    for id in registers.deactivatedPhysicalIDs[seenDeactivationCount...] { deactivatePhysical(id) }
    seenDeactivationCount = registers.deactivatedPhysicalIDs.count
    guard gic.hasDeactivations else { return }
    for vcpu in 0..<gic.vcpuCount {
      while let id = gic.takeDeactivation(vcpu: vcpu) { deactivatePhysical(id) }
    }
  }

  private func deactivatePhysical(_ id: UInt16) {
    if activePhysicalIDs.remove(id) == nil { falseDeactivations.append(id) }
  }
}

// What happens outside.

extension GuestMachine {
  func setLine(_ id: UInt16, _ isHigh: Bool, vcpu: Int = 0) {
    gic.setLine(id, vcpu: vcpu, isHigh: isHigh)
    enter()
  }

  /// An edge on a wire: up and down again.
  func pulse(_ id: UInt16, vcpu: Int = 0) {
    gic.setLine(id, vcpu: vcpu, isHigh: true)
    gic.setLine(id, vcpu: vcpu, isHigh: false)
    enter()
  }

  /// A physical interrupt, if the last one is not active any more. Its INTID is the virtual one's plus 100.
  @discardableResult
  func raiseHardware(_ id: UInt16, vcpu: Int = 0, isEdge: Bool = false) -> Bool {
    takeDeactivations()
    guard activePhysicalIDs.insert(id + 100).inserted else { return false }
    if id < 32, vcpu == running, gic.repeatDelivery(of: Int(id), vcpu: vcpu, registers: &registers) { return true }
    gic.raiseHardware(id, physicalID: id + 100, vcpu: vcpu, isEdge: isEdge)
    enter()
    return true
  }
}

extension GuestMachine {
  /// The line behind a physical interrupt, which comes by it now if it rises. Nobody tells when it falls.
  func setPhysicalLine(_ id: UInt16, _ isHigh: Bool, vcpu: Int = 0) {
    registers.lines[id + 100] = isHigh
    if isHigh { raiseHardware(id, vcpu: vcpu) }
  }

  /// The line behind a physical interrupt has fallen, and the trap path looks at it.
  func lowerHardware(_ id: UInt16, vcpu: Int = 0) {
    gic.lowerHardware(id, vcpu: vcpu)
    enter()
  }
}

// What the guest does.

extension GuestMachine {
  func read(_ offset: UInt32, _ width: AccessWidth = .word) -> UInt64 {
    guard let vcpu = running else { return 0 }
    defer { enter() }
    return gic.readDistributor(offset: offset, width: width, vcpu: vcpu, registers: &registers)
  }

  func write(_ offset: UInt32, _ value: UInt64, _ width: AccessWidth = .word) {
    guard let vcpu = running else { return }
    gic.writeDistributor(offset: offset, width: width, value: value, vcpu: vcpu)
    enter()
  }

  func readRedistributor(_ offset: UInt32, _ width: AccessWidth = .word, frame: Int? = nil) -> UInt64 {
    guard let vcpu = running else { return 0 }
    defer { enter() }
    return gic.readRedistributor(
      offset: offset, frame: frame ?? vcpu, width: width, vcpu: vcpu, registers: &registers)
  }

  func writeRedistributor(_ offset: UInt32, _ value: UInt64, _ width: AccessWidth = .word, frame: Int? = nil) {
    guard let vcpu = running else { return }
    gic.writeRedistributor(offset: offset, frame: frame ?? vcpu, width: width, value: value)
    enter()
  }

  /// Writes the bit of `id` in an array of one-bit fields, in whichever frame the version has it.
  func writeBit(_ base: UInt32, _ id: UInt16) {
    let (offset, bit) = (base + UInt32(id / 32) * 4, UInt64(1) << UInt64(id % 32))
    if gic.version == .v3 && id < 32 { writeRedistributor(0x1_0000 + offset, bit) } else { write(offset, bit) }
  }

  /// Reads the bit of `id` in an array of one-bit fields.
  func readBit(_ base: UInt32, _ id: UInt16) -> Bool {
    let offset = base + UInt32(id / 32) * 4
    let word = gic.version == .v3 && id < 32 ? readRedistributor(0x1_0000 + offset) : read(offset)
    return word >> UInt64(id % 32) & 1 != 0
  }

  func enable(_ ids: UInt16...) { for id in ids { writeBit(0x100, id) } }

  func setPriority(_ id: UInt16, _ priority: UInt8) {
    let offset = 0x400 + UInt32(id)
    if gic.version == .v3 && id < 32 {
      writeRedistributor(0x1_0000 + offset, UInt64(priority), .byte)
    } else {
      write(offset, UInt64(priority), .byte)
    }
  }

  func setEdge(_ id: UInt16) {
    let offset = 0xc00 + UInt32(id / 16) * 4
    write(offset, read(offset) | 2 << UInt64(id % 16 * 2))
  }

  /// Sends an SPI to one vCPU.
  func route(_ id: UInt16, to vcpu: Int) {
    if gic.version == .v2 {
      write(0x800 + UInt32(id), 1 << UInt64(vcpu), .byte)
    } else {
      write(0x6000 + UInt32(id) * 8, UInt64(vcpu >> 4) << 8 | UInt64(vcpu & 15), .doubleword)
    }
  }

  /// The guest takes its interrupt, if one is signalled.
  func acknowledge() -> UInt16? { registers.acknowledge()?.id }

  func end(_ id: UInt16, source: UInt8 = 0) {
    registers.end(.init(id: id, source: source))
    enter()
  }

  func deactivate(_ id: UInt16, source: UInt8 = 0) {
    if let vcpu = running, registers.isDeactivationTrapped {
      gic.deactivate(register: UInt32(source) << 10 | UInt32(id), vcpu: vcpu, registers: &registers)
    } else {
      registers.deactivate(.init(id: id, source: source))
    }
    enter()
  }

  /// The guest takes and ends interrupts until none is signalled; a stuck one stops at `limit`.
  func handleAll(limit: Int = 1000) -> [UInt16] {
    var handled: [UInt16] = []
    while handled.count < limit, let interrupt = registers.acknowledge() {
      handled.append(interrupt.id)
      registers.end(interrupt)
      enter()
    }
    return handled
  }

  /// Whether WFI would end, as the trap path asks: exact for the vCPU that runs as for those that do not.
  func hasPendingInterrupt(_ vcpu: Int) -> Bool {
    vcpu == running
      ? gic.hasPendingInterrupt(vcpu: vcpu, registers: &registers) : gic.hasPendingInterrupt(vcpu: vcpu)
  }

  /// What no test may ever see.
  func expectSound(sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(registers.violations == [], sourceLocation: sourceLocation)
    #expect(falseDeactivations == [], sourceLocation: sourceLocation)
    #expect(!hasStormed, sourceLocation: sourceLocation)
  }
}

// What the VM's owner does.

extension GuestMachine {
  func reset() {
    gic.reset()
    takeDeactivations()
  }

  func reset(vcpu: Int) {
    gic.reset(vcpu: vcpu)
    takeDeactivations()
  }

  /// True where a physical interrupt is still to be deactivated on the VM's behalf.
  var owesDeactivations: Bool { gic.hasDeactivations }

  func isLinked(_ id: UInt16, vcpu: Int = 0) -> Bool { gic.hardwareLinkInUse(id, vcpu: vcpu) }

  /// The vCPUs that an event alone makes the model ask attention for.
  func takeAttention(after event: (GuestMachine) -> Void) -> UInt64 {
    _ = gic.takeAttention()
    event(self)
    return gic.takeAttention()
  }
}
