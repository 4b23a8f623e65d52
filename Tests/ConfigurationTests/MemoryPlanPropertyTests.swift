import Architecture
import Configuration
import DeviceTree
import TestSupport
import Testing

/// Machines and systems as chance makes them, against a reckoning of the tests' own, block by block.
@Suite("Who gets which memory, at random", .timeLimited)
struct MemoryPlanPropertyTests {
  private typealias Range = AddressRange<PhysicalAddress>
  private static let block: UInt64 = 2 << 20

  private struct Case {
    var banks: [Range] = []
    var reserved: [Range] = []
    var taken: [Range] = []
    var vms: [SampleSystem.VM] = []

    init(_ random: inout SplitMix) {
      func below(_ limit: UInt64) -> UInt64 { random.next() % limit }
      for _ in 0...below(5) {
        // From 1 GiB on, across 4 GiB, now and then not at a block's start.
        let start = 0x4000_0000 + below(64) * (64 << 20) + below(3) * 0x10_1000
        banks.append(region(start, (1 + below(120)) << 20))
      }
      for _ in 0..<below(6) { reserved.append(part(of: banks[Int(below(UInt64(banks.count)))], &random)) }
      for _ in 0..<below(4) { taken.append(part(of: banks[Int(below(UInt64(banks.count)))], &random)) }
      for index in 0...below(5) {
        var vm = SampleSystem.VM(name: "vm\(index)", images: [])
        vm.memorySize = below(4) == 0 ? (1 + below(40 << 8)) << 12 : (1 + below(60)) << 21
        vm.isIdentity = below(4) == 0
        if !vm.isIdentity, below(3) == 0 { vm.firmwareSize = (1 + below(2048)) << 12 }
        vms.append(vm)
      }
    }

    private func part(of bank: Range, _ random: inout SplitMix) -> Range {
      region(bank.start.rawValue + random.next() % bank.size, 1 + random.next() % (24 << 20))
    }
  }

  /// The blocks that are free, by their numbers: a block is, where each of its pages is.
  private struct Blocks {
    var free: Set<UInt64> = []

    init(_ machine: MachineDescription, _ taken: [Range]) {
      var banks: [Range] = []
      machine.forEachMemoryBank { banks.append($0) }
      var away = taken
      machine.forEachReservation { away.append($0.range) }
      for bank in banks {
        for number in bank.start.rawValue / block...(bank.end.rawValue / block) {
          let range = region(number * block, block)
          if bank.contains(range), !away.contains(where: { $0.overlaps(range) }) { free.insert(number) }
        }
      }
    }

    /// Stretches of blocks side by side, the longest first.
    var stretches: [UInt64] {
      var lengths: [UInt64] = []
      for number in free where !free.contains(number - 1) {
        var end = number
        while free.contains(end) { end += 1 }
        lengths.append(end - number)
      }
      return lengths.sorted(by: >)
    }

    /// How few stretches hold so many blocks.
    func fewest(for count: UInt64) -> Int {
      var (rest, stretches, used) = (Int64(count), stretches, 0)
      while rest > 0, !stretches.isEmpty {
        rest -= Int64(stretches.removeFirst())
        used += 1
      }
      return rest > 0 ? .max : used
    }
  }

  private static func blocks(_ size: UInt64) -> UInt64 { (size + block - 1) / block }

  @Test("each page of a guest's is one page of the board's that nobody else has, in as few pieces as can be")
  func everything() throws {
    var random = SplitMix(state: 0x6578_7465_6e74)
    var (placed, split, refused) = (0, 0, 0)
    for _ in 0..<300 {
      let round = Case(&random)
      let machine = try machine(round.banks, reserving: round.reserved)
      var storage = HeapStorage()
      var plan = try MemoryPlan(machine, excluding: round.taken.span, in: &storage)
      var blocks = Blocks(machine, round.taken)
      #expect(plan.freeSize == UInt64(blocks.free.count) * Self.block)
      var problems: [SystemProblem] = []
      let places = try plan.place(SampleSystem(vms: round.vms).make(), in: &storage) { problems.append($0) }
      let needed = round.vms.reduce(0) { $0 + Self.blocks($1.memorySize!) + Self.blocks($1.firmwareSize ?? 0) }
      #expect(problems.contains { $0.subject == .system } == (needed > UInt64(blocks.free.count)))
      // Those with addresses of their own come first.
      let order = round.vms.indices.sorted { round.vms[$0].isIdentity && !round.vms[$1].isIdentity }
      for index in order where !problems.contains(where: { $0.subject == .system }) || round.vms[index].isIdentity {
        let vm = round.vms[index]
        for (memory, size, field) in [
          (places[index].memory, vm.memorySize!, SystemProblem.Field.memorySize),
          (places[index].firmware, vm.firmwareSize ?? 0, .firmwareSize),
        ] where size > 0 {
          let isRefused = problems.contains { $0.subject == .vm(index) && [field, .placement].contains($0.field) }
          let fewest = blocks.fewest(for: Self.blocks(size))
          if !vm.isIdentity { #expect(isRefused == (fewest > GuestMemory.extentLimit)) }
          guard !isRefused else {
            refused += 1
            #expect(memory.extentCount == 0)
            continue
          }
          placed += 1
          #expect(memory.extentCount == (vm.isIdentity ? 1 : fewest))
          if memory.extentCount > 1 { split += 1 }
          check(memory, size, isIdentity: vm.isIdentity, &blocks)
        }
      }
      // What is left is free for others.
      #expect(plan.freeSize == UInt64(blocks.free.count) * Self.block)
    }
    // All of it happened.
    #expect(placed > 300 && split > 40 && refused > 20, "\(placed) placed, \(split) in pieces, \(refused) refused")
  }

  /// Looks at all pages of a guest's memory, and takes their blocks, which must be free.
  private func check(_ memory: GuestMemory, _ size: UInt64, isIdentity: Bool, _ blocks: inout Blocks) {
    #expect(memory.size == size)
    for offset in stride(from: 0, to: size, by: Int(Self.block)) {
      let address = memory.start.advanced(by: offset)
      let count = min(Self.block, size - offset)
      guard let piece = memory.piece(at: address), piece.size >= count else {
        Issue.record("a block of the guest's at \(offset) is not one of the board's")
        return
      }
      // So stage 2 needs no more tables than for one piece.
      #expect(piece.start.isAligned(to: Self.block))
      #expect(!isIdentity || piece.start.rawValue == address.rawValue)
      let wasFree = blocks.free.remove(piece.start.rawValue / Self.block) != nil
      #expect(wasFree)
      for place in [0, count / 2, count - 1] {
        let byte = address.advanced(by: place)
        #expect(memory.piece(at: byte)?.start == piece.start.advanced(by: place))
        #expect(memory.guestAddress(of: piece.start.advanced(by: place)) == byte)
      }
    }
    #expect(memory.piece(at: memory.start.advanced(by: size)) == nil)
  }
}
