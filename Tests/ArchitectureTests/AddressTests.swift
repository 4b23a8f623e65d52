import Architecture
import TestSupport
import Testing

@Suite("Addresses", .timeLimited)
struct AddressTests {
  @Test("Addresses are ordered as unsigned numbers")
  func order() {
    #expect(PhysicalAddress(0x7fff_ffff_ffff_ffff) < PhysicalAddress(0x8000_0000_0000_0000))
    #expect(!(GuestPhysicalAddress(5) < GuestPhysicalAddress(5)))
    #expect(GuestVirtualAddress(0xffff_0000_0000_0000) > GuestVirtualAddress(0x0000_ffff_ffff_ffff))
  }

  @Test("Arithmetic wraps at the end of the space, both ways")
  func wrapping() {
    let last = GuestPhysicalAddress(0xffff_ffff_ffff_ffff)
    #expect(last.advanced(by: 1).rawValue == 0)
    #expect(last.advanced(by: 0x11).rawValue == 0x10)
    #expect(GuestPhysicalAddress(0x10).offset(from: last) == 0x11)
    #expect(GuestPhysicalAddress(0).offset(from: GuestPhysicalAddress(1)) == 0xffff_ffff_ffff_ffff)
  }

  @Test(
    "Alignment rounds to multiples and leaves multiples alone",
    arguments: [
      (0x0, 0x1000, 0x0, 0x0), (0x1, 0x1000, 0x0, 0x1000), (0xfff, 0x1000, 0x0, 0x1000),
      (0x1000, 0x1000, 0x1000, 0x1000), (0x1001, 0x1000, 0x1000, 0x2000), (0x1234_5678, 1, 0x1234_5678, 0x1234_5678),
      (0x4020_0001, 0x20_0000, 0x4020_0000, 0x4040_0000), (0xffff_ffff_ffff_f001, 0x1000, 0xffff_ffff_ffff_f000, 0),
    ] as [(UInt64, UInt64, UInt64, UInt64)])
  func alignment(address: UInt64, alignment: UInt64, down: UInt64, up: UInt64) {
    let address = PhysicalAddress(address)
    #expect(address.alignedDown(to: alignment).rawValue == down)
    #expect(address.alignedUp(to: alignment).rawValue == up)
    #expect(address.isAligned(to: alignment) == (address.rawValue == down))
  }
}

@Suite("Address ranges", .timeLimited)
struct AddressRangeTests {
  private func range(_ start: UInt64, _ size: UInt64) -> AddressRange<PhysicalAddress> {
    AddressRange(start: PhysicalAddress(start), size: size)
  }

  @Test("A range has its first address and not its end")
  func halfOpen() {
    let range = range(0x1000, 0x100)
    #expect(range.contains(PhysicalAddress(0x1000)))
    #expect(range.contains(PhysicalAddress(0x10ff)))
    #expect(!range.contains(PhysicalAddress(0x1100)))
    #expect(!range.contains(PhysicalAddress(0xfff)))
    #expect(range.end.rawValue == 0x1100)
  }

  @Test("A range that would pass the end of the space is cut there")
  func cut() {
    let cut = range(0xffff_ffff_ffff_f000, 0x2000)
    #expect(cut.size == 0x1000)
    #expect(cut.end.rawValue == 0)
    #expect(cut.contains(PhysicalAddress(0xffff_ffff_ffff_ffff)))
    #expect(!cut.contains(PhysicalAddress(0)))
    #expect(!cut.contains(PhysicalAddress(0xfff)))
    #expect(range(1, .max).size == .max)
    #expect(range(2, .max).size == 0xffff_ffff_ffff_fffe)
    #expect(range(0, .max).size == .max)
  }

  @Test("From an address to an earlier one there is nothing")
  func fromTo() {
    let low = PhysicalAddress(0x1000)
    let high = PhysicalAddress(0x3000)
    #expect(AddressRange(from: low, to: high) == range(0x1000, 0x2000))
    #expect(AddressRange(from: high, to: low).isEmpty)
    #expect(AddressRange(from: low, to: low).isEmpty)
  }

  @Test("One range contains another only with both ends")
  func containment() {
    let outer = range(0x1000, 0x1000)
    #expect(outer.contains(outer))
    #expect(outer.contains(range(0x1000, 1)))
    #expect(outer.contains(range(0x1fff, 1)))
    #expect(!outer.contains(range(0x1fff, 2)))
    #expect(!outer.contains(range(0xfff, 2)))
    #expect(!outer.contains(range(0xfff, 0x1002)))
    #expect(!outer.contains(range(0x1800, .max)))
    #expect(outer.contains(range(0x1800, 0)))
    #expect(!outer.contains(range(0x2001, 0)))
  }

  @Test("A sum that passes 2⁶⁴ does not bring a hostile range inside")
  func hostileContainment() {
    let memory = range(0x4000_0000, 0x1000_0000)
    var hostile = memory
    hostile.start = PhysicalAddress(0x4000_0010)
    hostile.size = 0xffff_ffff_ffff_fff0
    #expect(!memory.contains(hostile))
  }

  @Test("Ranges overlap where they share an address; neighbours and empty ones do not")
  func overlaps() {
    let middle = range(0x2000, 0x1000)
    let cases: [(UInt64, UInt64, Bool)] = [
      (0x1000, 0x1000, false), (0x1000, 0x1001, true), (0x3000, 0x1000, false), (0x2fff, 1, true),
      (0x2800, 0x10, true), (0x1000, 0x9000, true), (0x2800, 0, false), (0x2000, 0x1000, true),
    ]
    for (start, size, expected) in cases {
      #expect(middle.overlaps(range(start, size)) == expected, "\(start) \(size)")
      #expect(range(start, size).overlaps(middle) == expected, "\(start) \(size)")
    }
    #expect(!range(0, 0).overlaps(range(0, .max)))
    #expect(range(0xffff_ffff_ffff_0000, 0x1_0000).overlaps(range(0xffff_ffff_ffff_ffff, 1)))
    #expect(!range(0xffff_ffff_ffff_0000, 0x1_0000).overlaps(range(0, 0x1000)))
  }

  @Test("Expanding moves both ends out to the alignment")
  func expanding() {
    #expect(range(0x1fff, 2).expanded(to: 0x1000) == range(0x1000, 0x2000))
    #expect(range(0x1000, 0x1000).expanded(to: 0x1000) == range(0x1000, 0x1000))
    #expect(range(0x1000, 0).expanded(to: 0x1000).isEmpty)
  }

  @Test("A range at the end of the space expands up to that end")
  func expandingAtTheEnd() {
    #expect(range(0xffff_ffff_ffff_f800, 0x100).expanded(to: 0x1000) == range(0xffff_ffff_ffff_f000, 0x1000))
    #expect(range(0xffff_ffff_ffff_e001, .max).expanded(to: 0x1000) == range(0xffff_ffff_ffff_e000, 0x2000))
  }
}
