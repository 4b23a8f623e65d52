import Architecture
import TestSupport
import Testing

@testable public import ArmCommon

private let states: [(ListRegister.State, UInt64)] = [
  (.inactive, 0b00), (.pending, 0b01), (.active, 0b10), (.pendingAndActive, 0b11),
]

@Suite("GICv2 list registers", .timeLimited)
struct GICv2ListRegisterTests {
  /// GICH_LRn (IHI 0048B §5.3.11): HW 31, Grp1 30, State 29:28, Priority 27:23, PhysicalID 19:10, VirtualID 9:0; without
  /// HW, EOI 19 and CPUID 12:10.
  private func raw(
    hw: UInt32 = 0, group: UInt32 = 0, state: UInt32 = 0, priority: UInt32 = 0, middle: UInt32 = 0, id: UInt32 = 0
  ) -> UInt32 {
    hw << 31 | group << 30 | state << 28 | priority << 23 | middle << 10 | id
  }

  private func expect(_ register: ListRegister, _ raw: UInt32, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(GICv2ListRegisters.encode(register) == raw, sourceLocation: sourceLocation)
    #expect(GICv2ListRegisters.decode(raw) == register, sourceLocation: sourceLocation)
  }

  @Test("Every field is where the manual has it, both ways")
  func fields() {
    expect(ListRegister(virtualID: 0x3ff, priority: 0, state: .inactive, isGroup1: false), raw(id: 0x3ff))
    expect(ListRegister(virtualID: 0, priority: 0, state: .inactive, isGroup1: true), raw(group: 1))
    for (state, bits) in states {
      expect(ListRegister(virtualID: 0, priority: 0, state: state, isGroup1: false), raw(state: UInt32(bits)))
    }
    for level: UInt32 in 0...31 {
      expect(
        ListRegister(virtualID: 0, priority: UInt8(level * 8), state: .inactive, isGroup1: false), raw(priority: level))
    }
    expect(
      ListRegister(virtualID: 33, priority: 0xa0, state: .pending, signalsEndOfInterrupt: true),
      raw(group: 1, state: 1, priority: 0x14, middle: 1 << 9, id: 33))
    for source: UInt8 in 0...7 {
      expect(
        ListRegister(virtualID: 5, priority: 0, state: .active, isGroup1: false, source: source),
        raw(state: 2, middle: UInt32(source), id: 5))
    }
  }

  @Test("A hardware interrupt's physical INTID takes the place of source and EOI")
  func hardware() {
    for physical: UInt16 in [16, 27, 0x155, 0x2aa, 1019, 0x3ff] {
      expect(
        ListRegister(virtualID: 27, physicalID: physical, priority: 0x80, state: .pending),
        raw(hw: 1, group: 1, state: 1, priority: 0x10, middle: UInt32(physical), id: 27))
    }
    let confused = ListRegister(
      virtualID: 27, physicalID: 27, priority: 0, state: .pending, signalsEndOfInterrupt: true, source: 7)
    #expect(GICv2ListRegisters.encode(confused) == raw(hw: 1, group: 1, state: 1, middle: 27, id: 27))
  }

  @Test("What a field has no room for does not reach its neighbours")
  func overflow() {
    let register = ListRegister(
      virtualID: 0xffff, priority: 0x07, state: .inactive, isGroup1: false, source: 0xff)
    #expect(GICv2ListRegisters.encode(register) == raw(middle: 7, id: 0x3ff))
    let hardware = ListRegister(virtualID: 0, physicalID: 0xffff, priority: 0, state: .inactive, isGroup1: false)
    #expect(GICv2ListRegisters.encode(hardware) == raw(hw: 1, middle: 0x3ff))
  }

  @Test("Reserved bits read as nothing")
  func reserved() {
    #expect(GICv2ListRegisters.decode(0b111 << 20 | 0b11_1111 << 13) == .empty)
  }
}

@Suite("GICv3 list registers", .timeLimited)
struct GICv3ListRegisterTests {
  /// ICH_LR<n>_EL2 (IHI 0069H §12.4.6): State 63:62, HW 61, Group 60, Priority 55:48, pINTID 44:32, vINTID 31:0; without
  /// HW, EOI 41.
  private func raw(
    state: UInt64 = 0, hw: UInt64 = 0, group: UInt64 = 0, priority: UInt64 = 0, physical: UInt64 = 0, id: UInt64 = 0
  ) -> UInt64 {
    state << 62 | hw << 61 | group << 60 | priority << 48 | physical << 32 | id
  }

  private func expect(_ register: ListRegister, _ raw: UInt64, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(GICv3ListRegisters.encode(register) == raw, sourceLocation: sourceLocation)
    #expect(GICv3ListRegisters.decode(raw) == register, sourceLocation: sourceLocation)
  }

  @Test("Every field is where the manual has it, both ways")
  func fields() {
    expect(ListRegister(virtualID: 0xffff, priority: 0, state: .inactive, isGroup1: false), raw(id: 0xffff))
    expect(ListRegister(virtualID: 0, priority: 0, state: .inactive, isGroup1: true), raw(group: 1))
    for (state, bits) in states {
      expect(ListRegister(virtualID: 0, priority: 0, state: state, isGroup1: false), raw(state: bits))
    }
    for priority: UInt8 in 0...255 {
      expect(
        ListRegister(virtualID: 0, priority: priority, state: .inactive, isGroup1: false),
        raw(priority: UInt64(priority)))
    }
    expect(
      ListRegister(virtualID: 33, priority: 0xa0, state: .pending, signalsEndOfInterrupt: true),
      raw(state: 1, group: 1, priority: 0xa0, physical: 1 << 9, id: 33))
    for physical: UInt16 in [16, 27, 0x0aaa, 0x1555, 0x1fff] {
      expect(
        ListRegister(virtualID: 27, physicalID: physical, priority: 0x80, state: .active),
        raw(state: 2, hw: 1, group: 1, priority: 0x80, physical: UInt64(physical), id: 27))
    }
  }

  @Test("What a field has no room for, or has no field, does not reach its neighbours")
  func overflow() {
    let hardware = ListRegister(
      virtualID: 0, physicalID: 0xffff, priority: 0, state: .inactive, isGroup1: false, signalsEndOfInterrupt: true)
    #expect(GICv3ListRegisters.encode(hardware) == raw(hw: 1, physical: 0x1fff))
    let sourced = ListRegister(virtualID: 1, priority: 0, state: .inactive, isGroup1: false, source: 7)
    #expect(GICv3ListRegisters.encode(sourced) == raw(id: 1))
  }

  @Test("Reserved bits read as nothing")
  func reserved() {
    #expect(GICv3ListRegisters.decode(0b1111 << 56 | 0b111 << 45 | 0xffff << 16) == .empty)
  }
}

@Suite("GICv2 virtual interface control", .timeLimited)
struct GICHTests {
  /// GICH's registers as plain memory (IHI 0048B §5.3).
  @safe private final class Block {
    let words = UnsafeMutablePointer<UInt32>.allocate(capacity: 0x200 / 4)
    init(vtr: UInt32) {
      unsafe words.update(repeating: 0, count: 0x200 / 4)
      self[0x004] = vtr
    }
    deinit { unsafe words.deallocate() }
    var address: UInt { UInt(bitPattern: unsafe words) }
    subscript(offset: Int) -> UInt32 {
      get { unsafe words[offset / 4] }
      set { unsafe words[offset / 4] = newValue }
    }
  }

  @Test("The count is VTR.ListRegs plus one, of which sixteen are used")
  func count() {
    // PRIbits and PREbits (31:26) are five; they make no difference.
    for (listRegisters, count) in [(0, 1), (3, 4), (15, 16), (63, 16)] as [(UInt32, Int)] {
      let block = Block(vtr: 0x9000_0000 | listRegisters)
      #expect(GICv2ListRegisters(control: block.address).count == count)
    }
  }

  @Test("Each register is at its offset: HCR, VMCR, EISR, ELRSR, APR, LR")
  func offsets() {
    let block = Block(vtr: 3)
    block[0x008] = 0x1111_1111
    block[0x020] = 0b0101
    block[0x030] = 0b1010
    block[0x0f0] = 0x4444_4444
    block[0x10c] = 0x5a00_0021
    let host = HostListRegisters<GICv3ListRegisters>.v2(GICv2ListRegisters(control: block.address))
    #expect(host.count == 4)
    #expect(host.machineControl == 0x1111_1111)
    #expect(host.endOfInterruptMask == 0b0101)
    #expect(host.emptyMask == 0b1010)
    #expect(host[activePriorities: 0] == 0x4444_4444)
    #expect(host[activePriorities: 4] == 0)
    #expect(host[3] == ListRegister(virtualID: 33, priority: 0xa0, state: .pending))
    host.machineControl = 0x2222_2222
    host[activePriorities: 0] = 0x3333_3333
    host[activePriorities: 4] = 0xbad
    host[1] = ListRegister(virtualID: 5, priority: 0, state: .active, isGroup1: false)
    #expect(block[0x008] == 0x2222_2222)
    #expect(block[0x0f0] == 0x3333_3333)
    #expect(block[0x104] == 0x2000_0005)
    #expect(block[0x100] == 0 && block[0x108] == 0)
  }

  @Test("En is bit 0 of HCR and NPIE bit 3, and neither disturbs the other nor EOICount (31:27)")
  func control() {
    let block = Block(vtr: 3)
    block[0x000] = 0x0800_0000
    var host = HostListRegisters<GICv3ListRegisters>.v2(GICv2ListRegisters(control: block.address))
    #expect(!host.isEnabled && !host.signalsNoPending)
    #expect(host.control.missedEndCount == 1)
    host.isEnabled = true
    #expect(block[0x000] == 0x0800_0001)
    host.signalsNoPending = true
    #expect(block[0x000] == 0x0800_0009)
    #expect(host.isEnabled && host.signalsNoPending)
    host.isEnabled = false
    #expect(block[0x000] == 0x0800_0008)
    host.signalsNoPending = false
    #expect(block[0x000] == 0x0800_0000)
    host.control = [.enabled, .missedEnd]
    #expect(block[0x000] == 0x0000_0005)
    block[0x000] = 0xf800_0005
    #expect(host.control.missedEndCount == 31)
  }
}

extension GICv3ListRegisters: PhysicalLines {
  /// No test asks.
  public static func isLineHigh(ofPhysical id: UInt16) -> Bool? { nil }
}
