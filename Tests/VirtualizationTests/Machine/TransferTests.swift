import Architecture
import TestSupport
import Testing
import Virtualization

private let distributor: UInt64 = 0x0800_0000
private let console: UInt64 = 0x0900_0000
private let clock: UInt64 = 0x0901_0000

/// Accesses side by side with registers `registers`.
private func transfer(
  _ address: UInt64, _ registers: [UInt8], _ width: AccessWidth = .word, isWrite: Bool = false, signed: Bool = false,
  wide: Bool = false, writeBack: MemoryTransfer.WriteBack? = nil, bytes: UInt8 = 4
) -> TransferDescription {
  var transfer = MemoryTransfer(
    address: GuestPhysicalAddress(address), width: width, isWrite: isWrite, isSignExtended: signed,
    isSixtyFourBit: wide, writeBack: writeBack, byteCount: bytes)
  for register in registers { transfer.append(register) }
  return .transfer(transfer)
}

private func undescribed(_ address: UInt64, isWrite: Bool = false) -> Exit {
  .undescribedMemory(GuestPhysicalAddress(address), isWrite: isWrite)
}

@Suite("Exits that are loads and stores without a description", .timeLimited)
struct TransferTests {
  @Test("The registers move one after the other, and then the base")
  func several() throws {
    let board = try Board()
    // GICD_IPRIORITYR of SPIs 0 to 11: three registers side by side.
    let place = distributor + 0x420
    let back = MemoryTransfer.WriteBack(register: 7, value: 0x1234)
    board.handle(
      undescribed(place, isWrite: true), [1: 0x1010_1010, 2: 0x2020_2020, 3: 0x3030_3030],
      description: transfer(place, [1, 2, 3], isWrite: true, writeBack: back, bytes: 2))
    #expect(board.written == [7] && board.register(7) == 0x1234)
    #expect(board.skippedBytes == [2] && board.skipCount == 1 && board.faults == [])
    board.handle(undescribed(place), description: transfer(place, [4, 31, 6], writeBack: back))
    #expect(board.written == [4, 31, 6, 7] && board.skippedBytes == [4])
    #expect(board.register(4) == 0x1010_1010 && board.register(6) == 0x3030_3030)
  }

  @Test("Many registers of the interrupt controller let an interrupt through, and the instruction begins anew")
  func interrupted() throws {
    let board = try Board()
    let place = distributor + 0x420
    let back = MemoryTransfer.WriteBack(register: 7, value: 0x1234)
    let description = transfer(place, [1, 2, 3], isWrite: true, writeBack: back)
    let values: [Int: UInt64] = [1: 0x1010_1010, 2: 0x2020_2020, 3: 0x3030_3030]
    board.around.isInterruptWaiting = true
    board.handle(undescribed(place, isWrite: true), values, description: description)
    #expect(board.written == [] && board.skipCount == 0 && board.faults == [])
    board.around.isInterruptWaiting = false
    board.handle(undescribed(place, isWrite: true), values, description: description)
    #expect(board.written == [7] && board.skipCount == 1)
    board.handle(undescribed(place), description: transfer(place, [4, 5, 6]))
    #expect(board.register(4) == 0x1010_1010 && board.register(6) == 0x3030_3030)
    // Two registers always come to their end, and so does what a device does not do twice.
    board.around.isInterruptWaiting = true
    board.handle(undescribed(place), description: transfer(place, [4, 5]))
    #expect(board.written == [4, 5] && board.skipCount == 1)
    board.handle(undescribed(console), description: transfer(console, [4, 5, 6]))
    #expect(board.written == [4, 5, 6] && board.skipCount == 1)
  }

  @Test("A load extends each register as the instruction says")
  func extended() throws {
    let board = try Board()
    let place = distributor + 0x420
    board.handle(.store(place, .word), [3: 0xf8f0])
    board.handle(undescribed(place), description: transfer(place, [1, 2], .byte, signed: true, wide: true))
    #expect(board.register(1) == 0xffff_ffff_ffff_fff0 && board.register(2) == 0xffff_ffff_ffff_fff8)
    board.handle(undescribed(place), description: transfer(place, [1, 2], .byte, signed: true))
    #expect(board.register(1) == 0xffff_fff0)
  }

  @Test("An abort half-way leaves every register as it was")
  func abort() throws {
    let board = try Board()
    // Behind the last redistributor of two there is nothing: the first access is answered, the second is not.
    let end: UInt64 = 0x080a_0000 + 2 * 0x2_0000
    let back = MemoryTransfer.WriteBack(register: 7, value: 0)
    board.handle(undescribed(end - 4), description: transfer(end - 4, [1, 2], writeBack: back))
    #expect(board.faults == [.dataAbort(isWrite: false)])
    #expect(board.written == [] && board.skipCount == 0)
  }

  @Test("What goes to the console's data register is transmitted, whatever else the instruction stores")
  func console_() throws {
    let board = try Board()
    let outcome = board.handle(
      undescribed(console, isWrite: true), [1: 0x41],
      description: transfer(console, [1, 31], isWrite: true, writeBack: .init(register: 2, value: 8)))
    #expect(outcome == .transmit(0x41))
    #expect(board.written == [2] && board.skipCount == 1)
  }

  @Test("A store to the clock is one after which deadlines are looked at")
  func clock_() throws {
    let board = try Board()
    let outcome = board.handle(
      undescribed(clock + 4, isWrite: true), [1: 1_000_002], description: transfer(clock + 4, [1], isWrite: true))
    #expect(outcome == .clockChanged)
    #expect(board.handle(undescribed(clock), description: transfer(clock, [1, 2])) == .resume)
  }

  @Test("A prefetch is skipped")
  func prefetch() throws {
    let board = try Board()
    board.handle(undescribed(0x0a00_0000), description: transfer(0x0a00_0000, []))
    #expect(board.skippedBytes == [4] && board.written == [] && board.faults == [])
  }

  @Test("A changed instruction is tried again: nothing happens here")
  func changed() throws {
    let board = try Board()
    #expect(board.handle(undescribed(console), description: .changed) == .resume)
    #expect(board.skipCount == 0 && board.written == [] && board.faults == [])
  }

  @Test("What cannot be done is the guest's abort, and it is told why", arguments: TransferRefusal.allCases)
  func refused(reason: TransferRefusal) throws {
    let board = try Board()
    for isWrite in [false, true] {
      #expect(board.handle(undescribed(console, isWrite: isWrite), description: .refused(reason)) == .resume)
      #expect(board.faults == [.dataAbort(isWrite: isWrite)] && board.skipCount == 0)
    }
    #expect(board.around.debugControls.refusals == [reason, reason])
    #expect(reason.text.utf8CodeUnitCount > 8)
  }

  @Test("The backend reads the guest's memory through the surroundings")
  func memory() throws {
    let board = try Board()
    board.around.memory = 4
    // The fake backend adds what it has read to the address: PL011's and PL031's identification, 4 bytes further on.
    board.handle(undescribed(console), description: transfer(console + 0xfec, [1]))
    #expect(board.register(1) == 0x0d)
  }

  @Test("A store to the flash does nothing, and its base is written back")
  func flash() throws {
    let board = try Board()
    let back = MemoryTransfer.WriteBack(register: 7, value: 0x20)
    board.handle(
      undescribed(0x10, isWrite: true),
      description: transfer(0x10, [1, 2], .doubleword, isWrite: true, writeBack: back))
    #expect(board.written == [7] && board.skipCount == 1 && board.faults == [])
  }
}
