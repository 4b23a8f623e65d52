import Architecture
import TestSupport
import Testing
import Virtualization

private let distributor: UInt64 = 0x0800_0000
private let redistributors: UInt64 = 0x080a_0000
private let console: UInt64 = 0x0900_0000
private let clock: UInt64 = 0x0901_0000

@Suite("Exits that are loads and stores", .timeLimited)
struct MemoryTests {
  private func expectAbort(
    _ board: Board, _ exit: Exit, isWrite: Bool, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(board.handle(exit) == .resume, sourceLocation: sourceLocation)
    #expect(board.faults == [.dataAbort(isWrite: isWrite)], sourceLocation: sourceLocation)
    #expect(board.skipCount == 0 && board.written == [], sourceLocation: sourceLocation)
  }

  @Test("Each device answers where it lies", arguments: [GICVersion.v2, .v3])
  func devices(gic: GICVersion) throws {
    let board = try Board(gic)
    // GICD_TYPER.ITLinesNumber is (32 + 256) / 32 - 1.
    board.handle(.load(distributor + 4))
    #expect(board.register(3) & 0x1f == 8)
    // PL011 and PL031: PrimeCell ID 0 is 0x0d, and the part numbers differ.
    board.handle(.load(console + 0xff0))
    #expect(board.register(3) == 0x0d)
    board.handle(.load(console + 0xfe0))
    #expect(board.register(3) == 0x11)
    board.handle(.load(clock + 0xfe0))
    #expect(board.register(3) == 0x31)
    #expect(board.skipCount == 1 && board.faults == [] && board.written == [3])
  }

  @Test("A load writes its register and no other, with the width's value extended as it asks")
  func extension_() throws {
    let board = try Board()
    // GICD_IPRIORITYR of SPI 0 holds what is stored there: 0xf8 has its sign bit set as a byte.
    board.handle(.store(distributor + 0x420, .byte), [3: 0xabcd_ef01_2345_67f8])
    #expect(board.written == [] && board.skipCount == 1)
    let cases: [(Bool, Bool, UInt64)] = [
      (false, false, 0xf8), (false, true, 0xf8), (true, false, 0xffff_fff8), (true, true, 0xffff_ffff_ffff_fff8),
    ]
    for (signed, wide, expected) in cases {
      for register: UInt8 in [0, 17, 30] {
        board.handle(.load(distributor + 0x420, .byte, into: register, signed: signed, wide: wide))
        #expect(board.register(Int(register)) == expected)
        #expect(board.written == [register])
      }
    }
  }

  @Test("Register 31 stores zero, and a load into it is done and forgotten")
  func zeroRegister() throws {
    let board = try Board()
    board.handle(.store(distributor + 0x420, .byte), [3: 0x80])
    board.handle(.load(distributor + 0x420, .byte, into: 31))
    #expect(board.skipCount == 1 && board.faults == [])
    #expect((0..<31).allSatisfy { board.register($0) == 0xc0de_0000_0000_0000 | UInt64($0) })
    board.handle(.store(distributor + 0x420, .byte, from: 31))
    board.handle(.load(distributor + 0x420, .byte))
    #expect(board.register(3) == 0)
  }

  @Test("A hole in a device's window reads as zero and ignores writes")
  func holes() throws {
    let board = try Board()
    for address in [console + 0x08, console + 0x800, clock + 0x20, distributor + 0xff00, redistributors + 0x80] {
      #expect(board.handle(.load(address, into: 7)) == .resume)
      #expect(board.register(7) == 0)
      #expect(board.written == [7] && board.skipCount == 1 && board.faults == [])
      // A store to the clock may have moved its alarm: whoever keeps the deadlines has to look.
      #expect(board.handle(.store(address)) == (address == clock + 0x20 ? .clockChanged : .resume))
      #expect(board.written == [] && board.skipCount == 1 && board.faults == [])
    }
  }

  @Test("An access that is not aligned to its width is an alignment fault, at a window's end as anywhere")
  func misaligned() throws {
    let board = try Board()
    let accesses: [(UInt64, AccessWidth)] = [
      (distributor + 1, .halfword), (distributor + 2, .word), (distributor + 4, .doubleword), (console + 1, .word),
      (console + 0xfff, .halfword), (clock + 0xffe, .word), (redistributors + 4, .doubleword),
      (distributor + 0xfffe, .word),
    ]
    for (address, width) in accesses {
      for (exit, isWrite) in [(Exit.load(address, width), false), (.store(address, width), true)] {
        #expect(board.handle(exit) == .resume)
        #expect(board.faults == [.alignment(isWrite: isWrite)])
        #expect(board.skipCount == 0 && board.written == [])
      }
    }
  }

  @Test("GICv2's GICC_DIR, on a page of its own, deactivates; the rest of that page is reserved")
  func separateDeactivation() throws {
    let board = try Board(.v2)
    board.around.listRegisters.separatesDeactivation = true
    // GICD_ISACTIVER1: SPIs 8 and 9.
    board.handle(.store(distributor + 0x304), [3: 0x300])
    for (address, width, value) in [
      (0x0801_1004, .word, 40), (0x0801_1000, .byte, 40), (0x0801_1000, .word, 1023),
    ] as [(UInt64, AccessWidth, UInt64)] {
      #expect(board.handle(.store(address, width), [3: value]) == .resume)
      #expect(board.skipCount == 1 && board.faults == [])
    }
    board.handle(.load(distributor + 0x304))
    #expect(board.register(3) == 0x300)
    board.handle(.store(0x0801_1000), [3: 40])
    board.handle(.load(distributor + 0x304))
    #expect(board.register(3) == 0x200)
    board.handle(.load(0x0801_1000))
    #expect(board.register(3) == 0 && board.skipCount == 1)
  }

  @Test("Where nothing is there is an abort, and the instruction is not skipped")
  func nothing() throws {
    let board = try Board()
    let addresses: [UInt64] = [
      0x0810_0000 - 4 + 0x1000_0000, console + 0x1000, console - 4, clock + 0x1000, 0x0a00_4000, 0x3fff_fffc,
      0x4800_0000,
      0xffff_ffff_ffff_fffc, 0x0803_0000,
    ]
    for address in addresses {
      expectAbort(board, .load(address), isWrite: false)
      expectAbort(board, .store(address), isWrite: true)
    }
  }

  @Test("The last redistributor is the last: behind it an abort", arguments: [1, 2, 4])
  func redistributors_(vcpuCount: Int) throws {
    let board = try Board(.v3, vcpuCount: vcpuCount)
    for vcpu in 0..<vcpuCount {
      // GICR_TYPER: Last is bit 4, Processor_Number 23:8, affinity in the upper word.
      board.handle(.load(redistributors + UInt64(vcpu) * 0x2_0000 + 8, .doubleword))
      #expect(board.register(3) >> 4 & 1 == (vcpu == vcpuCount - 1 ? 1 : 0))
      #expect(board.register(3) >> 8 & 0xffff == UInt64(vcpu))
      #expect(board.register(3) >> 32 == UInt64(vcpu))
      #expect(board.faults == [])
    }
    let end = redistributors + UInt64(vcpuCount) * 0x2_0000
    expectAbort(board, .load(end), isWrite: false)
    expectAbort(board, .store(end), isWrite: true)
    expectAbort(board, .load(redistributors + 0xf6_0000 - 4), isWrite: false)
  }

  @Test("A GICv2's machine has no redistributors, and its CPU interface is the hardware's")
  func noRedistributors() throws {
    let board = try Board(.v2)
    expectAbort(board, .load(redistributors + 8, .doubleword), isWrite: false)
    expectAbort(board, .store(redistributors + 0x1_0100), isWrite: true)
    expectAbort(board, .load(0x0801_0000), isWrite: false)
  }

  @Test("Firmware is a ROM: stores are ignored, whatever their width")
  func firmware() throws {
    let board = try Board()
    for (address, width) in [(0, .word), (0x1f_ffff, .byte), (0x1f_fff8, .doubleword)] as [(UInt64, AccessWidth)] {
      #expect(board.handle(.store(address, width)) == .resume)
      #expect(board.skipCount == 1 && board.faults == [] && board.written == [])
    }
    // Behind the image the flash is erased; behind the flash, and without firmware, there is nothing.
    board.handle(.load(0x20_0000))
    #expect(board.register(3) == 0xffff_ffff && board.faults == [])
    expectAbort(board, .store(0x0803_0000), isWrite: true)
  }

  @Test("The clock counts the system counter's seconds from its start")
  func time() throws {
    let board = try Board()
    board.around.now = Instant(ticks: 41_999)
    board.handle(.load(clock))
    #expect(board.register(3) == 1_000_041)
    board.around.now = Instant(ticks: 42_000)
    board.handle(.load(clock))
    #expect(board.register(3) == 1_000_042)
    board.around.ticksPerSecond = 0
    board.handle(.load(clock))
    #expect(board.faults == [] && board.skipCount == 1)
  }

  @Test("The clock's alarm raises SPI 2 and RTCICR lets it down")
  func alarm() throws {
    let board = try Board()
    board.handle(.store(clock + 0x04), [3: 1_000_002])
    board.handle(.store(clock + 0x10), [3: 1])
    #expect(!board.isPending(34))
    board.around.now = Instant(ticks: 2_000)
    board.handle(.load(clock))
    #expect(board.isPending(34))
    board.handle(.store(clock + 0x1c), [3: 1])
    #expect(!board.isPending(34))
  }
}
