import Architecture
import ArmCommon
import TestSupport
import Testing

// The fields of DDI 0487, D8.3: VMSAv8-64 descriptor formats.

@Suite("Long descriptors", .timeLimited)
struct DescriptorTests {
  private let page = PhysicalAddress(0x0000_8765_4321_f000)

  @Test("A table descriptor is 0b11 and the address, and has no attributes")
  func table() {
    let table = LongDescriptor.table(at: page)
    #expect(table.rawValue == 0x0000_8765_4321_f003)
    #expect(table.isValid)
    for level in 0...2 { #expect(table.isTable(level: level)) }
    #expect(!table.isTable(level: 3), "a page at level 3 has the same bits")
    #expect(table.address == page)
  }

  @Test("A block is 0b01 at levels 1 and 2, a page 0b11 at level 3")
  func leaves() {
    for level in 1...3 {
      let address = PhysicalAddress(0x0000_00c0_0000_0000)
      let leaf = LongDescriptor.leaf(to: address, level: level, attributes: .guestMemory)
      #expect(leaf.rawValue & 0b11 == (level == 3 ? 0b11 : 0b01))
      #expect(leaf.isValid)
      #expect(!leaf.isTable(level: level))
      #expect(leaf.address == address)
      #expect(leaf.attributes == .guestMemory)
    }
  }

  @Test("Bit 0 alone makes a descriptor valid")
  func invalid() {
    #expect(LongDescriptor.invalid.rawValue & 1 == 0)
    #expect(!LongDescriptor(rawValue: ~1).isValid)
    #expect(LongDescriptor(rawValue: 1).isValid)
    #expect(!LongDescriptor(rawValue: 0b10).isTable(level: 1))
  }

  @Test("Address bits outside 47 to 12 stay out of attributes, and the other way round")
  func masking() {
    let leaf = LongDescriptor.leaf(
      to: PhysicalAddress(0xffff_ffff_ffff_ffff), level: 3, attributes: .hypervisorDevice)
    #expect(leaf.address.rawValue == 0x0000_ffff_ffff_f000)
    #expect(leaf.attributes == .hypervisorDevice)
  }
}

@Suite("Leaf attributes", .timeLimited)
struct LeafAttributeTests {
  private func bits(_ attributes: LeafAttributes, _ high: Int, _ low: Int) -> UInt64 {
    attributes.rawValue >> UInt64(low) & (1 << UInt64(high - low + 1) - 1)
  }

  /// EL2's stage 1 has one privilege level: AttrIndx 4:2, AP[1] 6 is RES1, AP[2] 7 read-only, SH 9:8, AF 10, XN 54.
  @Test(
    "The hypervisor's memory is normal, inner shareable and never executable; only its data can be written",
    arguments: [(LeafAttributes.hypervisorData, 0), (.hypervisorConstants, 1)] as [(LeafAttributes, UInt64)])
  func hypervisorMemory(attributes: LeafAttributes, readOnly: UInt64) {
    #expect(bits(attributes, 4, 2) == 1)
    #expect(bits(attributes, 6, 6) == 1)
    #expect(bits(attributes, 7, 7) == readOnly)
    #expect(bits(attributes, 9, 8) == 0b11)
    #expect(bits(attributes, 10, 10) == 1)
    #expect(bits(attributes, 54, 54) == 1)
  }

  @Test("The hypervisor's devices can be written, are never executable, and use the other memory type")
  func hypervisorDevice() {
    let attributes = LeafAttributes.hypervisorDevice
    #expect(bits(attributes, 4, 2) == 0)
    #expect(bits(attributes, 7, 6) == 0b01)
    #expect(bits(attributes, 10, 10) == 1)
    #expect(bits(attributes, 54, 54) == 1)
  }

  /// EL2's stage 1 with E2H = 1 has two: AP[1] gives EL0 access, PXN 53 and UXN 54 keep each from execution.
  @Test(
    "With two privilege levels EL0 gets at nothing of the hypervisor's, and neither executes it",
    arguments: [LeafAttributes.hypervisorData, .hypervisorConstants, .hypervisorDevice])
  func withoutUserLevel(attributes: LeafAttributes) {
    let both = attributes.withoutUserLevel
    #expect(bits(both, 6, 6) == 0)
    #expect(bits(both, 54, 53) == 0b11)
    #expect(both.rawValue ^ attributes.rawValue == 1 << 6 | 1 << 53, "nothing else changes")
  }

  /// Stage 2: MemAttr 5:2, S2AP 7:6 (bit 6 read, bit 7 write), SH 9:8, AF 10, XN 54.
  @Test(
    "A guest's memory is write-back inside and outside, and executable; its ROM cannot be written",
    arguments: [(LeafAttributes.guestMemory, 0b11), (.guestReadOnlyMemory, 0b01)] as [(LeafAttributes, UInt64)])
  func guestMemory(attributes: LeafAttributes, access: UInt64) {
    #expect(bits(attributes, 5, 2) == 0b1111)
    #expect(bits(attributes, 7, 6) == access)
    #expect(bits(attributes, 9, 8) == 0b11)
    #expect(bits(attributes, 10, 10) == 1)
    #expect(bits(attributes, 54, 53) == 0)
  }

  @Test("A guest's device is nGnRE, and nothing is fetched from it at any level")
  func guestDevice() {
    let attributes = LeafAttributes.guestDevice
    #expect(bits(attributes, 5, 2) == 0b0001)
    #expect(bits(attributes, 7, 6) == 0b11)
    #expect(bits(attributes, 10, 10) == 1)
    // XN[1:0] is 54:53 with FEAT_XNX, where 0b10 is never; without it 54 alone.
    #expect(bits(attributes, 54, 53) == 0b10)
  }

  @Test("No attribute touches the address, the type, nor bits that are for walks or for software to come")
  func confinement() {
    let all: [LeafAttributes] = [
      .hypervisorData, .hypervisorConstants, .hypervisorDevice, .guestMemory, .guestReadOnlyMemory, .guestDevice,
    ]
    for attributes in all {
      #expect(attributes.rawValue & 0x0000_ffff_ffff_f003 == 0)
      #expect(attributes.rawValue >> 55 == 0)
      #expect(bits(attributes, 52, 48) == 0)
    }
  }
}
