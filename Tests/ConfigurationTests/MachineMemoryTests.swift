import Architecture
import Configuration
import DeviceTree
import TestSupport
import Testing

@Suite("The machine's memory", .timeLimited)
struct MachineMemoryTests {
  /// Two banks, one of them with two regions; reservations of both kinds.
  private func makeMachine() throws -> MachineDescription {
    let tree = try VirtMachine(changes: [
      "memory@40000000": { (node) throws(DeviceTreeError) in
        try node.property("device_type", "memory")
        try node.property("reg", numbers: [0x4000_0000, 0x1000_0000, 0x8000_0000, 0x1000_0000, 0, 0])
      },
      "reserved-memory": { (node) throws(DeviceTreeError) in
        try node.property("#address-cells", 2)
        try node.property("#size-cells", 2)
        try node.property("ranges")
        try node.node("firmware", at: 0x4000_0000) { (node) throws(DeviceTreeError) in
          try node.property("reg", numbers: [0x4000_0000, 0x8_0000])
          try node.property("no-map")
        }
        try node.node("log", at: 0x4100_1000) { (node) throws(DeviceTreeError) in
          try node.property("reg", numbers: [0x4100_1000, 0x1000])
        }
        try node.node("off", at: 0x4200_0000) { (node) throws(DeviceTreeError) in
          try node.property("reg", numbers: [0x4200_0000, 0x1000])
          try node.property("status", "disabled")
        }
        try node.node("pool") { (node) throws(DeviceTreeError) in try node.property("size", u64: 0x100_0000) }
      },
    ]).makeTree()
    return try MachineDescription(tree)
  }

  @Test("every region of every memory node is a bank, and empty ones are none")
  func banks() throws {
    var banks: [AddressRange<PhysicalAddress>] = []
    try makeMachine().forEachMemoryBank { banks.append($0) }
    #expect(banks == [region(0x4000_0000, 0x1000_0000), region(0x8000_0000, 0x1000_0000)])
  }

  @Test("what nodes say twice, or in parts that overlap or meet, is one bank; banks come in ascending order")
  func merging() throws {
    func banks(_ numbers: [[UInt64]]) throws -> [AddressRange<PhysicalAddress>] {
      let tree = try VirtMachine(
        changes: [
          "memory@40000000": { (node) throws(DeviceTreeError) in
            try node.property("device_type", "memory")
            try node.property("reg", numbers: [numbers[0][0], numbers[0][1]])
          }
        ],
        more: { (root) throws(DeviceTreeError) in
          for (index, bank) in numbers.dropFirst().enumerated() {
            try root.node("more", at: UInt64(index)) { (node) throws(DeviceTreeError) in
              try node.property("device_type", "memory")
              try node.property("reg", numbers: [bank[0], bank[1]])
            }
          }
        }
      ).makeTree()
      var found: [AddressRange<PhysicalAddress>] = []
      try MachineDescription(tree).forEachMemoryBank { found.append($0) }
      return found
    }
    #expect(try banks([[0x4000_0000, 0x1000], [0x4000_0000, 0x1000]]) == [region(0x4000_0000, 0x1000)])
    #expect(try banks([[0x4000_0000, 0x2000], [0x4000_1000, 0x2000]]) == [region(0x4000_0000, 0x3000)])
    #expect(try banks([[0x4000_1000, 0x1000], [0x4000_0000, 0x8000]]) == [region(0x4000_0000, 0x8000)])
    #expect(try banks([[0x4000_1000, 0x1000], [0x4000_0000, 0x1000]]) == [region(0x4000_0000, 0x2000)])
    #expect(
      try banks([[0x9000_0000, 0x1000], [0x4000_0000, 0x1000]])
        == [region(0x4000_0000, 0x1000), region(0x9000_0000, 0x1000)])
    // The last one joins the two before it.
    #expect(
      try banks([[0x4000_2000, 0x1000], [0x4000_0000, 0x1000], [0x4000_1000, 0x1000]])
        == [region(0x4000_0000, 0x3000)])
  }

  @Test("banks are the union of all regions, whatever these are")
  func union() throws {
    var generator = SplitMix(state: 0x62_616e_6b)
    for _ in 0..<200 {
      let regions = (0..<6).map { _ in
        region(0x4000_0000 + generator.next() % 64 * 0x1000, (generator.next() % 12) * 0x1000)
      }
      let tree = try VirtMachine(changes: [
        "memory@40000000": { (node) throws(DeviceTreeError) in
          try node.property("device_type", "memory")
          var cells: [UInt32] = []
          for region in regions + [region(0x6000_0000, 0x1000)] {
            cells += [0, UInt32(region.start.rawValue), 0, UInt32(region.size)]
          }
          try node.property("reg", cells: cells.span)
        }
      ]).makeTree()
      var banks: [AddressRange<PhysicalAddress>] = []
      try MachineDescription(tree).forEachMemoryBank { banks.append($0) }
      #expect(zip(banks, banks.dropFirst()).allSatisfy { $0.end < $1.start })
      for page in 0..<80 as Range<UInt64> {
        let address = PhysicalAddress(0x4000_0000 + page * 0x1000)
        #expect(banks.contains { $0.contains(address) } == regions.contains { $0.contains(address) })
      }
    }
  }

  @Test("memory that is disabled is none")
  func disabled() throws {
    let machine = try MachineDescription(
      VirtMachine { (root) throws(DeviceTreeError) in
        try root.node("memory", at: 0x8000_0000) { (node) throws(DeviceTreeError) in
          try node.property("device_type", "memory")
          try node.property("reg", numbers: [0x8000_0000, 0x1000_0000])
          try node.property("status", "disabled")
        }
      }.makeTree())
    var banks: [AddressRange<PhysicalAddress>] = []
    machine.forEachMemoryBank { banks.append($0) }
    #expect(banks == [region(0x4000_0000, 0x2000_0000)])
  }

  @Test("reserved-memory is reserved where it has an address and is not disabled")
  func reservations() throws {
    var reservations: [Reservation] = []
    try makeMachine().forEachReservation { reservations.append($0) }
    #expect(reservations.map(\.range) == [region(0x4000_0000, 0x8_0000), region(0x4100_1000, 0x1000)])
    #expect(reservations.map(\.allowsMapping) == [false, true])
  }

  @Test("what is free lies between the reservations, cut to the alignment")
  func free() throws {
    let machine = try makeMachine()
    var free: [AddressRange<PhysicalAddress>] = []
    let taken = [
      region(0x4200_0000, 0x80_0000), region(0x4240_0000, 0x1), region(0x8ff0_0000, 0x100_0000), region(0, 0),
    ]
    machine.forEachFreeRange(alignedTo: 0x20_0000, excluding: taken.span) { free.append($0) }
    #expect(
      free == [
        region(0x4020_0000, 0xe0_0000), region(0x4120_0000, 0xe0_0000), region(0x4280_0000, 0xd80_0000),
        region(0x8000_0000, 0xfe0_0000),
      ])
  }

  @Test("what is taken up to the end of the address space leaves nothing behind it")
  func takenToTheEnd() throws {
    let machine = try makeMachine()
    var free: [AddressRange<PhysicalAddress>] = []
    let taken = [region(0x4100_0000, .max)]
    machine.forEachFreeRange(alignedTo: 0x1000, excluding: taken.span) { free.append($0) }
    #expect(free == [region(0x4008_0000, 0xf8_0000)])
  }

  @Test("free ranges meet neither a reservation nor each other, whatever is taken")
  func freeIsDisjoint() throws {
    let machine = try makeMachine()
    var generator = SplitMix(state: 7)
    for _ in 0..<500 {
      let taken = (0..<6).map { _ in region(0x3f00_0000 + generator.next() % 0x1200_0000, generator.next() % 0x80_0000)
      }
      var free: [AddressRange<PhysicalAddress>] = []
      machine.forEachFreeRange(alignedTo: 0x1000, excluding: taken.span) { free.append($0) }
      for range in free {
        #expect(!taken.contains { $0.overlaps(range) })
        #expect(free.filter { $0.overlaps(range) } == [range])
        #expect(range.start.isAligned(to: 0x1000) && range.end.isAligned(to: 0x1000))
      }
      // No whole page that nobody takes is left out.
      let page = region((0x4000_0000 + generator.next() % 0x1000_0000) & ~0xfff, 0x1000)
      var isFree = !taken.contains { $0.overlaps(page) }
      machine.forEachReservation { if $0.range.overlaps(page) { isFree = false } }
      #expect(free.contains { $0.contains(page) } == isFree)
    }
  }
}
