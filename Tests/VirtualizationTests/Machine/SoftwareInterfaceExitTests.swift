import Architecture
import TestSupport
import Testing
import Virtualization

/// A CPU that has no virtual CPU interface: the guest's is memory that traps.
private struct SoftwareSurroundings: Surroundings, ~Copyable {
  var listRegisters: SoftwareCPUInterface
  var now: Instant { Instant(ticks: 0) }
  var ticksPerSecond: UInt64 { 1000 }
  func identification(_ register: SystemRegister) -> UInt64 { 0 }
  func setDebugControl(_ value: UInt64) {}
  mutating func useCPUInterface(_ access: MMIOAccess, offset: UInt32, value: UInt32) -> UInt32? {
    guard access.isWrite else { return listRegisters.readGuestRegister(offset: offset, width: access.width) }
    listRegisters.writeGuestRegister(value, offset: offset, width: access.width)
    return 0
  }
  var needsMaintenance: Bool { listRegisters.needsMaintenance }
}

/// A VM with a GICv2 whose CPU interface is software.
private final class SoftwareBoard {
  var machine: VirtualMachine
  var around: SoftwareSurroundings

  init(listRegisterCount: Int) throws {
    var heap = HeapStorage()
    machine = try VirtualMachine(
      gic: .v2, usesHardwareLinks: false, vcpuCount: 1, sharedInterruptCount: 64, memory: Board.memory,
      firmware: Board.firmware, secondsAtStart: 0, storage: &heap)
    around = SoftwareSurroundings(listRegisters: SoftwareCPUInterface(count: listRegisterCount))
    machine.interrupts.load(vcpu: 0, into: &around.listRegisters)
    store(0x0801_0004, 0xf8)
    store(0x0801_0000, 1)
    store(0x0800_0000, 1)
  }

  /// What comes of an access without anybody's help after it.
  private func handle(_ exit: Exit, _ value: UInt64 = 0) -> UInt64 {
    var cpu = RecordingCPU()
    cpu.registers[3] = value
    let outcome = ExitDispatcher.handle(exit, vcpu: 0, cpu: &cpu, machine: &machine, around: &around)
    if case .unfinished(let rest) = outcome { machine.interrupts.finish(rest) }
    return cpu.registers[3]
  }

  func load(_ address: UInt64) -> UInt64 { handle(.load(address)) }
  func store(_ address: UInt64, _ value: UInt64) { _ = handle(.store(address), value) }

  /// What the kernel does on its way back to the guest.
  func refresh() { machine.interrupts.refresh(vcpu: 0, registers: &around.listRegisters) }
}

@Suite("Exits of a guest whose CPU interface is software", .timeLimited)
struct SoftwareInterfaceExitTests {
  @Test("Each access is followed at once by the maintenance that hardware would ask for", arguments: [1, 2])
  func maintenance(listRegisterCount: Int) throws {
    let board = try SoftwareBoard(listRegisterCount: listRegisterCount)
    board.store(0x0800_0104, 0xff00)
    // GICD_ISPENDR of SPIs 40 to 47: more than there are list registers.
    board.store(0x0800_0204, 0xff00)
    board.refresh()
    var taken: [UInt64] = []
    for _ in 0..<8 {
      // GICC_IAR, GICC_EOIR.
      let id = board.load(0x0801_000c)
      taken.append(id)
      board.store(0x0801_0010, id)
    }
    #expect(taken.sorted() == [UInt64](40...47))
    #expect(board.load(0x0801_000c) == 1023)
  }

  @Test("What is no word reads as zero and writes nothing, and GICC_DIR deactivates")
  func registers() throws {
    let board = try SoftwareBoard(listRegisterCount: 4)
    board.store(0x0801_0000, 1 | 1 << 9)
    board.store(0x0800_0104, 1 << 8)
    board.store(0x0800_0204, 1 << 8)
    board.refresh()
    #expect(board.load(0x0801_000c) == 40)
    board.store(0x0801_0010, 40)
    #expect(board.load(0x0800_0304) == 1 << 8)
    // Other places of that page have nothing.
    board.store(0x0801_1004, 40)
    #expect(board.load(0x0800_0304) == 1 << 8)
    board.store(0x0801_1000, 40)
    #expect(board.load(0x0800_0304) == 0)
    #expect(board.load(0x0801_1000) == 0)
  }
}
