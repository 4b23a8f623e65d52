import Architecture
import TestSupport
import Testing
import Virtualization

/// QEMU's virtio-mmio transports without a device (hw/virtio/virtio-mmio.c says what they answer; virtio 1.2, 4.2.2).
@Suite("virtio transports without a device", .timeLimited)
struct EmptyTransportTests {
  @Test("all 32 say that there is nothing behind them, and take writes", arguments: [GICVersion.v2, .v3])
  func transports(gic: GICVersion) throws {
    let board = try Board(gic)
    for index in 0..<32 as Range<UInt64> {
      let base = 0x0a00_0000 + index * 0x200
      let registers: [(UInt64, UInt64)] = [(0, 0x7472_6976), (4, 1), (8, 0), (12, 0x554d_4551), (0x34, 0), (0x100, 0)]
      for (offset, expected) in registers {
        board.handle(.load(base + offset))
        #expect(board.register(3) == expected && board.faults == [] && board.skipCount == 1)
      }
      for offset: UInt64 in [0, 0x30, 0x50, 0x70, 0x1fc] {
        board.handle(.store(base + offset), [3: ~0])
        #expect(board.faults == [] && board.skipCount == 1)
      }
    }
    board.handle(.load(0x0a00_0000 + 32 * 0x200))
    #expect(board.faults == [.dataAbort(isWrite: false)], "there is no 33rd")
  }

  @Test("bytes and halfwords are parts of the registers")
  func narrow() throws {
    let board = try Board()
    for (offset, byte) in zip(0..., "virt".utf8) {
      board.handle(.load(0x0a00_0200 + UInt64(offset), .byte))
      #expect(board.register(3) == UInt64(byte))
    }
    board.handle(.load(0x0a00_0202, .halfword))
    #expect(board.register(3) == 0x7472)
    board.handle(.load(0x0a00_0200, .doubleword, wide: true))
    #expect(board.register(3) == 0x7472_6976)
    board.handle(.load(0x0a00_0201, .word))
    #expect(board.faults == [.alignment(isWrite: false)])
  }
}
