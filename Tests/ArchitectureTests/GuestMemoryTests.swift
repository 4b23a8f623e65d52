import Architecture
import TestSupport
import Testing

@Suite("A guest's memory in pieces", .timeLimited)
struct GuestMemoryTests {
  private func memory(at start: UInt64, _ extents: [(UInt64, UInt64)]) throws -> GuestMemory {
    var storage = HeapStorage()
    var memory = try GuestMemory(at: GuestPhysicalAddress(start), in: &storage)
    for (start, size) in extents {
      let isAdded = memory.append(AddressRange(start: PhysicalAddress(start), size: size))
      #expect(isAdded)
    }
    return memory
  }

  private func piece(_ memory: GuestMemory, _ address: UInt64) -> [UInt64]? {
    memory.piece(at: GuestPhysicalAddress(address)).map { [$0.start.rawValue, $0.size] }
  }

  @Test("is one range of the guest's, and each byte of it is one of the host's")
  func pieces() throws {
    let memory = try memory(at: 0x4000_0000, [(0x8000_0000, 0x20_0000), (0x1_0000_0000, 0x3000), (0x1000, 0x1000)])
    #expect(memory.range == AddressRange(start: GuestPhysicalAddress(0x4000_0000), size: 0x20_4000))
    #expect(memory.extentCount == 3)
    #expect(piece(memory, 0x3fff_ffff) == nil)
    #expect(piece(memory, 0x4000_0000) == [0x8000_0000, 0x20_0000])
    #expect(piece(memory, 0x401f_ffff) == [0x801f_ffff, 1])
    #expect(piece(memory, 0x4020_0000) == [0x1_0000_0000, 0x3000])
    #expect(piece(memory, 0x4020_2abc) == [0x1_0000_2abc, 0x544])
    #expect(piece(memory, 0x4020_3000) == [0x1000, 0x1000])
    #expect(piece(memory, 0x4020_4000) == nil)
    #expect(piece(memory, 0) == nil)
    #expect(piece(memory, .max) == nil)
    #expect(memory.guestAddress(of: PhysicalAddress(0x1_0000_2abc)) == GuestPhysicalAddress(0x4020_2abc))
    #expect(memory.guestAddress(of: PhysicalAddress(0x1_0000_3000)) == nil)
    #expect(memory.guestAddress(of: PhysicalAddress(0)) == nil)
  }

  @Test("without a piece has no address")
  func empty() {
    let memory = GuestMemory(at: GuestPhysicalAddress(0x4000_0000))
    #expect(memory.range.isEmpty && memory.extentCount == 0)
    #expect(piece(memory, 0x4000_0000) == nil)
    #expect(memory.guestAddress(of: PhysicalAddress(0)) == nil)
  }

  @Test("pieces that meet are one, empty ones are none, and there are no more than the limit")
  func limits() throws {
    var memory = try memory(at: 0, [(0x1000, 0x1000), (0x2000, 0x1000), (0x9000, 0)])
    #expect(memory.extentCount == 1)
    #expect(memory.extent(0) == AddressRange(start: PhysicalAddress(0x1000), size: 0x2000))
    for index in 1..<GuestMemory.extentLimit {
      let isAdded = memory.append(AddressRange(start: PhysicalAddress(UInt64(index) << 20), size: 0x1000))
      #expect(isAdded)
    }
    let size = memory.size
    let isOneMore = memory.append(AddressRange(start: PhysicalAddress(0x100_0000), size: 0x1000))
    #expect(!isOneMore)
    #expect(memory.size == size && memory.extentCount == GuestMemory.extentLimit)
    // What goes on with the last one still does.
    let last = memory.extent(GuestMemory.extentLimit - 1)
    let goesOn = memory.append(AddressRange(start: last.end, size: 0x1000))
    #expect(goesOn)
    #expect(piece(memory, size) == [last.end.rawValue, 0x1000])
  }

  @Test("without a list has room for one piece")
  func single() {
    var memory = GuestMemory(at: GuestPhysicalAddress(0x4000_0000))
    let areAdded = [0x1000, 0x2000, 0x8000].map {
      memory.append(AddressRange(start: PhysicalAddress($0), size: 0x1000))
    }
    #expect(areAdded == [true, true, false])
    #expect(memory.extentCount == 1 && memory.size == 0x2000)
    var none = HeapStorage(byteLimit: 16)
    #expect(throws: OutOfMemory.self) { _ = try GuestMemory(at: GuestPhysicalAddress(0), in: &none) }
  }

  @Test("has no more addresses than there are")
  func overflow() {
    var high = GuestMemory(at: GuestPhysicalAddress(.max - 0xfff))
    let areAdded = [0x2000, 0x1000, 1].map { high.append(AddressRange(start: PhysicalAddress(0), size: $0)) }
    #expect(areAdded == [false, true, false])
    #expect(piece(high, .max) == [0xfff, 1])
    var low = GuestMemory(at: GuestPhysicalAddress(0))
    let areLow = [.max, 0x1000].map { low.append(AddressRange(start: PhysicalAddress(0), size: $0)) }
    #expect(areLow == [true, false])
  }
}
