import Architecture
import TestSupport
import Testing
import Virtualization

/// vCPU 0 on one CPU, which reads, and vCPU 1 on another, whose list registers move on without exits.
private final class TwoCPUs {
  let board: Board
  var other: ListRegisterInterpreter
  /// How often the other CPU was asked for something.
  private(set) var requestCount = 0

  init(_ version: GICVersion) throws {
    board = try Board(version)
    other = ListRegisterInterpreter(version: version, count: 4)
    board.machine.interrupts.load(vcpu: 1, into: &other)
    other.priorityMask = 0xf8
    other.enableGroups(true, true)
    store(0x0800_0000, 3)
    store(0x0800_0104, ~0)
    if version == .v2 {
      store(0x0800_0828, 0x0202_0202)
    } else {
      store(0x0800_6140, 1)
      // SGIs and PPIs of vCPU 1.
      store(0x080d_0100, ~0)
    }
  }

  func store(_ address: UInt64, _ value: UInt64) {
    board.handle(.store(address), [3: value])
    serve()
  }

  /// Bit `bit` of a register, as vCPU 0 reads it.
  func load(_ address: UInt64, bit: UInt64) -> Bool {
    board.handle(.load(address))
    let value = board.register(3)
    serve()
    return value >> bit & 1 != 0
  }

  func setLine(_ id: UInt16, _ isHigh: Bool) {
    board.machine.interrupts.setLine(id, vcpu: 1, isHigh: isHigh)
    serve()
  }

  /// The other CPU does what it was asked for.
  private func serve() {
    guard board.machine.interrupts.takeAttention() & 2 != 0 else { return }
    requestCount += 1
    board.machine.interrupts.refresh(vcpu: 1, registers: &other)
  }

  /// vCPU 1 takes an interrupt whose handler lets the line down, which its CPU sees, and ends it, which no CPU sees.
  func handleUnseen(_ id: UInt16) {
    setLine(id, true)
    let taken = other.acknowledge()
    #expect(taken?.id == id)
    setLine(id, false)
    if let taken { other.end(taken) }
  }
}

@Suite("What another CPU has in its list registers", .timeLimited) struct InquiryTests {
  @Test(
    "A guest that waits until another vCPU has ended an interrupt sees it end, though that makes no exit",
    arguments: [GICVersion.v2, .v3])
  func ended(version: GICVersion) throws {
    let cpus = try TwoCPUs(version)
    cpus.handleUnseen(40)
    // GICD_ISACTIVER1: what Linux's synchronize_irq waits for.
    let reads = (0..<20).map { _ in cpus.load(0x0800_0304, bit: 8) }
    #expect(reads.last == false)
  }

  @Test(
    "A guest that waits until another vCPU has taken an interrupt sees it taken", arguments: [GICVersion.v2, .v3])
  func taken(version: GICVersion) throws {
    let cpus = try TwoCPUs(version)
    cpus.store(0x0800_0c08, ~0)
    cpus.setLine(40, true)
    #expect(cpus.load(0x0800_0204, bit: 8))
    #expect(cpus.other.acknowledge()?.id == 40)
    for (address, expected) in [(UInt64(0x0800_0204), false), (0x0800_0304, true)] {
      #expect((0..<20).map { _ in cpus.load(address, bit: 8) }.last == expected)
    }
  }

  @Test("The same of another vCPU's own interrupts, in its redistributor")
  func ofRedistributor() throws {
    let cpus = try TwoCPUs(.v3)
    cpus.handleUnseen(20)
    #expect((0..<20).map { _ in cpus.load(0x080d_0300, bit: 20) }.last == false)
  }

  @Test(
    "Who reads without end leaves the other CPU most of its time, and for nothing that it has asks nobody",
    arguments: [GICVersion.v2, .v3])
  func bounded(version: GICVersion) throws {
    let cpus = try TwoCPUs(version)
    cpus.setLine(40, true)
    #expect(cpus.other.acknowledge()?.id == 40)
    let before = cpus.requestCount
    let reads = (0..<160).map { _ in cpus.load(0x0800_0304, bit: 8) }
    #expect(reads.last == true)
    #expect(cpus.requestCount - before == 20)
    let after = cpus.requestCount
    for _ in 0..<20 {
      #expect(!cpus.load(0x0800_0308, bit: 0))
      #expect(!cpus.load(0x0800_0300, bit: 20))
    }
    #expect(cpus.requestCount == after)
  }

  @Test("A vCPU that reads of its own interrupts asks nobody", arguments: [GICVersion.v2, .v3])
  func ownInterrupts(version: GICVersion) throws {
    let machine = try GuestMachine(version, vcpuCount: 2)
    machine.enable(40)
    machine.route(40, to: 0)
    machine.setLine(40, true)
    machine.isDeaf = true
    let attention = machine.takeAttention {
      #expect($0.readBit(0x200, 40))
      #expect(!$0.readBit(0x300, 40))
    }
    #expect(attention == 0)
  }
}
