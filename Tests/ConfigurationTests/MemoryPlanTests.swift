import Architecture
import Configuration
import DeviceTree
import TestSupport
import Testing

@Suite("Who gets which memory", .timeLimited)
struct MemoryPlanTests {
  private typealias Range = AddressRange<PhysicalAddress>

  /// Where VMs of these sizes lie, and what is wrong.
  private func place(
    _ vms: [SampleSystem.VM], on machine: MachineDescription, excluding taken: [Range] = []
  ) throws -> (places: [VMPlace], problems: [SystemProblem]) {
    var storage = HeapStorage()
    var plan = try MemoryPlan(machine, excluding: taken.span, in: &storage)
    var problems: [SystemProblem] = []
    let places = try plan.place(SampleSystem(vms: vms).make(), in: &storage) { problems.append($0) }
    return (places.indices.map { places[$0] }, problems)
  }

  private func extents(_ memory: GuestMemory) -> [Range] { (0..<memory.extentCount).map(memory.extent) }

  private static let mega: UInt64 = 1 << 20
  private static let giga: UInt64 = 1 << 30

  @Test("a Raspberry Pi 4 with 8 GiB has no 6 GiB in one piece, and gives the largest two that do")
  func severalPieces() throws {
    let (mega, giga) = (Self.mega, Self.giga)
    let pi = try machine([region(0, 948 * mega), region(giga, 3008 * mega), region(4 * giga, 4 * giga)])
    let (places, problems) = try place([.init(memorySize: 6 * giga), .init(name: "b", memorySize: giga)], on: pi)
    #expect(problems == [])
    // The rest is where it leaves the largest pieces whole.
    #expect(extents(places[0].memory) == [region(4 * giga, 4 * giga), region(giga, 2 * giga)])
    #expect(extents(places[1].memory) == [region(3 * giga, 960 * mega), region(0, 64 * mega)])
    let second = try place([.init(memorySize: 6 * giga), .init(name: "b", memorySize: 960 * mega)], on: pi)
    #expect(extents(second.places[1].memory) == [region(3 * giga, 960 * mega)])
    var words = Transcript()
    places[0].write(to: &words)
    #expect(words.text == "6144 MiB of RAM in 2 pieces: 4096 MiB at 0x100000000 and 2048 MiB at 0x40000000")
  }

  @Test("what goes into one piece does, large memory at 1 GiB where it can, and the words say so")
  func onePiece() throws {
    let (mega, giga) = (Self.mega, Self.giga)
    let machine = try machine([region(0x4000_0000, 256 * mega), region(0x6800_0000, 3 * giga)])
    let vms: [SampleSystem.VM] = [
      .init(memorySize: 192 * mega), .init(name: "b", memorySize: giga),
      .init(name: "c", memorySize: 128 * mega, firmwareSize: 4096),
    ]
    let (places, problems) = try place(vms, on: machine)
    #expect(problems == [])
    #expect(extents(places[0].memory) == [region(0x4000_0000, 192 * mega)])
    #expect(extents(places[1].memory) == [region(0x8000_0000, giga)])
    #expect(extents(places[2].memory) == [region(0x6800_0000, 128 * mega)])
    #expect(extents(places[2].firmware) == [region(0x4c00_0000, 4096)])
    #expect(places[2].firmware.start == GuestPhysicalAddress(0))
    var words = Transcript()
    places[2].write(to: &words)
    #expect(words.text == "128 MiB of RAM at 0x68000000, 4 KiB of firmware at 0x4c000000")
  }

  @Test("more pieces than a guest can have are refused, and one more hole is what it takes")
  func scattered() throws {
    let mega = Self.mega
    let holes = try machine((0..<12).map { region(0x4000_0000 + UInt64($0) * 16 * mega, 4 * mega) })
    let most = UInt64(GuestMemory.extentLimit) * 4 * mega
    let whole = try place([.init(memorySize: most)], on: holes)
    #expect(whole.problems == [])
    #expect(whole.places[0].memory.extentCount == GuestMemory.extentLimit)
    let over = try place([.init(memorySize: most + 2 * mega), .init(name: "b", memorySize: 2 * mega)], on: holes)
    #expect(over.problems == [SystemProblem(.vm(0), .memorySize, .scattered(most + 2 * mega))])
    // Nothing of it is gone for who comes after.
    #expect(extents(over.places[1].memory) == [region(0x4000_0000, 2 * mega)])
    let firmware = try place([.init(memorySize: 2 * mega, firmwareSize: most + 2 * mega)], on: holes)
    #expect(firmware.problems == [SystemProblem(.vm(0), .firmwareSize, .scattered(most + 2 * mega))])
  }

  @Test("placement by identity is one piece, which nobody took before, and says so where there is none")
  func identity() throws {
    let mega = Self.mega
    let banks = [region(0, 512 * mega), region(0x4000_0000, 64 * mega), region(0x5000_0000, 64 * mega)]
    let vms: [SampleSystem.VM] = [
      .init(memorySize: 512 * mega + 64 * mega), .init(name: "b", memorySize: 64 * mega, isIdentity: true),
    ]
    let (places, problems) = try place(vms, on: machine(banks))
    #expect(problems == [])
    #expect(extents(places[1].memory) == [region(0x4000_0000, 64 * mega)])
    #expect(places[1].memory.start == GuestPhysicalAddress(0x4000_0000))
    #expect(extents(places[0].memory) == [region(0, 512 * mega), region(0x5000_0000, 64 * mega)])
    let wide = try place([.init(memorySize: 128 * mega, isIdentity: true)], on: machine(banks))
    #expect(wide.problems == [SystemProblem(.vm(0), .placement, .noIdentity(128 * mega))])
    let both = try place(
      [.init(memorySize: 64 * mega, isIdentity: true), .init(name: "b", memorySize: 64 * mega, isIdentity: true)],
      on: machine([region(0x4000_0000, 64 * mega), region(0, 128 * mega)]))
    #expect(both.problems == [SystemProblem(.vm(1), .placement, .noIdentity(64 * mega))])
  }

  @Test("more arena is taken in whole blocks, and what is gone is gone")
  func taking() throws {
    var storage = HeapStorage()
    var plan = try MemoryPlan(machine([region(0x4010_0000, 16 * Self.mega)]), excluding: Span(), in: &storage)
    #expect(plan.freeSize == 14 * Self.mega)
    let taken = [
      plan.take(4096), plan.take(4 * Self.mega, alignment: 4 * Self.mega), plan.take(10 * Self.mega), plan.take(.max),
      plan.take(0), plan.take(Self.mega, alignment: 1 << 40),
    ]
    #expect(taken == [region(0x4020_0000, 4096), region(0x4040_0000, 4 * Self.mega), nil, nil, nil, nil])
    #expect(plan.freeSize == 8 * Self.mega)
    var none = HeapStorage(byteLimit: 16)
    #expect(throws: OutOfMemory.self) {
      _ = try MemoryPlan(machine([region(0x4000_0000, 16 * Self.mega)]), excluding: Span(), in: &none)
    }
  }
}
