import Architecture
import ArmCommon
import TestSupport
import Testing

/// A guest whose instruction lies at the virtual address 0x8000 and the guest-physical 0x4000_8000, and whose devices'
/// page at the virtual address 0xf000_9000 is the guest-physical page 0x0900_0000.
private struct Guest {
  var registers: [UInt64] = (0..<32).map { 0x1111 * UInt64($0) }
  var code: [UInt16] = []
  var set = UndescribedTransfer.InstructionSet.a64
  var state = AArch32State(rawValue: 0x10)
  var mode: UInt8?
  var fault: UInt64 = 0xf000_9000
  var isWrite = false
  var isBigEndian = false
  /// How many bytes of code there are before the instruction.
  var lead: UInt64 = 0
  /// How much of the code's virtual address space is mapped.
  var mapped: UInt64 = 0x1000

  init(a64 word: UInt32) { code = [UInt16(truncatingIfNeeded: word), UInt16(word >> 16)] }
  init(a32 word: UInt32) {
    self.init(a64: word)
    set = .a32
  }
  init(t32 code: [UInt16]) {
    self.code = code
    set = .t32
    state = AArch32State(rawValue: 0x30)
  }

  func describe() -> TransferDescription {
    let address = GuestPhysicalAddress(0x0900_0000 | fault & 0xfff)
    let virtual = GuestVirtualAddress(fault)
    let transfer =
      set == .a64
      ? UndescribedTransfer(
        programCounter: 0x8000 + lead, isBigEndian: isBigEndian, virtualAddress: virtual, address: address,
        isWrite: isWrite)
      : UndescribedTransfer(
        programCounter: UInt32(0x8000 + lead), state: state, virtualAddress: virtual, address: address, isWrite: isWrite
      )
    return transfer.describe(
      translate: { place in
        place.rawValue &- 0x8000 < mapped ? GuestPhysicalAddress(place.rawValue + 0x4000_0000) : nil
      },
      read: { place, byteCount in
        let index = Int(truncatingIfNeeded: place.rawValue &- 0x4000_8000) / 2
        guard index >= 0, index + byteCount / 2 <= code.count else { return nil }
        return byteCount == 2 ? UInt32(code[index]) : UInt32(code[index]) | UInt32(code[index + 1]) << 16
      },
      number: { register in mode.map { BankedRegister.number(of: register, mode: $0) } ?? register },
      value: { registers[Int($0)] })
  }

  func transfer() -> MemoryTransfer? {
    if case .transfer(let transfer) = describe() { transfer } else { nil }
  }

  var refusal: TransferRefusal? { if case .refused(let reason) = describe() { reason } else { nil } }
  var isChanged: Bool { if case .changed = describe() { true } else { false } }
}

private func accesses(_ transfer: MemoryTransfer?) -> [MMIOAccess] {
  guard let transfer else { return [] }
  return (0..<transfer.count).map { transfer[$0] }
}

private func access(
  _ address: UInt64, _ width: AccessWidth, _ register: UInt8, isWrite: Bool = false, signed: Bool = false,
  wide: Bool = false
) -> MMIOAccess {
  MMIOAccess(
    address: GuestPhysicalAddress(address), width: width, isWrite: isWrite, register: register, isSignExtended: signed,
    isSixtyFourBit: wide)
}

@Suite("Loads and stores that the syndrome does not describe", .timeLimited)
struct UndescribedTransferTests {
  @Test("A pair of AArch64 is two accesses side by side")
  func pair() {
    // ldp x1, x2, [x3, #-512]
    var guest = Guest(a64: 0xa960_0861)
    guest.registers[3] = 0xf000_9200
    #expect(
      accesses(guest.transfer()) == [
        access(0x0900_0000, .doubleword, 1, wide: true), access(0x0900_0008, .doubleword, 2, wide: true),
      ])
    #expect(guest.transfer()?.writeBack == nil)
    #expect(guest.transfer()?.byteCount == 4)
  }

  @Test("Pre-indexed goes to the sum, post-indexed to the base, and both leave the sum in the base")
  func indexing() {
    // ldr x1, [x2, #-256]!
    var guest = Guest(a64: 0xf850_0c41)
    guest.registers[2] = 0xf000_9108
    guest.fault = 0xf000_9008
    #expect(accesses(guest.transfer()) == [access(0x0900_0008, .doubleword, 1, wide: true)])
    #expect(guest.transfer()?.writeBack == .init(register: 2, value: 0xf000_9008))
    // str w1, [x2], #255
    guest = Guest(a64: 0xb80f_f441)
    guest.registers[2] = 0xf000_9000
    guest.isWrite = true
    #expect(accesses(guest.transfer()) == [access(0x0900_0000, .word, 1, isWrite: true)])
    #expect(guest.transfer()?.writeBack == .init(register: 2, value: 0xf000_90ff))
  }

  @Test("An index register of AArch64 is extended, then shifted")
  func extended() {
    // ldrh w1, [x2, w3, sxtw #1]
    var guest = Guest(a64: 0x7863_d841)
    guest.registers[2] = 0xf000_9010
    guest.registers[3] = 0xabcd_0000_ffff_fffc
    guest.fault = 0xf000_9008
    #expect(accesses(guest.transfer()) == [access(0x0900_0008, .halfword, 1)])
    // ldr w1, [x2, w3, uxtw #2]
    guest = Guest(a64: 0xb863_5841)
    guest.registers[2] = 0xf000_9010
    guest.registers[3] = 0xabcd_0000_0000_0004
    guest.fault = 0xf000_9020
    #expect(accesses(guest.transfer()) == [access(0x0900_0020, .word, 1)])
  }

  @Test("A tag in an AArch64 address is not part of it, and the base keeps it")
  func tags() {
    // ldr w1, [x2], #4
    var guest = Guest(a64: 0xb840_4441)
    guest.registers[2] = 0x5a00_0000_f000_9000
    #expect(accesses(guest.transfer()) == [access(0x0900_0000, .word, 1)])
    #expect(guest.transfer()?.writeBack?.value == 0x5a00_0000_f000_9004)
  }

  @Test("A literal is relative to the program counter: itself, 8 on in A32, 4 on and aligned in T32")
  func literals() {
    // ldr w1, .+32
    var guest = Guest(a64: 0x1800_0101)
    guest.fault = 0x8020
    #expect(accesses(guest.transfer()) == [access(0x0900_0020, .word, 1)])
    // ldr r1, [pc, #16]
    guest = Guest(a32: 0xe59f_1010)
    guest.fault = 0x8018
    #expect(accesses(guest.transfer()) == [access(0x0900_0018, .word, 1)])
    // ldr.w r1, [pc, #-4]
    guest = Guest(t32: [0xf85f, 0x1004])
    guest.fault = 0x8000
    #expect(accesses(guest.transfer()) == [access(0x0900_0000, .word, 1)])
    // nop; ldr r1, [pc, #16]: the instruction is no multiple of four, and what it adds to is.
    guest = Guest(t32: [0xbf00, 0x4904])
    guest.lead = 2
    guest.fault = 0x8014
    #expect(accesses(guest.transfer()) == [access(0x0900_0014, .word, 1)])
    #expect(guest.transfer()?.byteCount == 2)
  }

  @Test("AArch32 shifts its index: LSR #32 gives 0, ASR #32 the sign, RRX takes the carry in")
  func shifts() {
    let cases: [(UInt32, UInt64, UInt32, UInt64)] = [
      (0xe792_1023, 0x8000_0000, 0, 0),  // ldr r1, [r2, r3, lsr #32]
      (0xe792_1043, 0x8000_0000, 0, 0xffff_ffff),  // ldr r1, [r2, r3, asr #32]
      (0xe792_1043, 0x7fff_ffff, 0, 0),
      (0xe792_1063, 0x11, 0b0010, 0x8000_0008),  // ldr r1, [r2, r3, rrx] with C set
      (0xe792_1063, 0x11, 0b1101, 0x0000_0008),
      (0xe792_1363, 0x41, 0, 0x0400_0001),  // ldr r1, [r2, r3, ror #6]
      (0xe712_1103, 0x10, 0, 0xffff_ffc0),  // ldr r1, [r2, -r3, lsl #2]
    ]
    for (word, index, flags, offset) in cases {
      var guest = Guest(a32: word)
      guest.state.flags = UInt8(flags)
      guest.registers[3] = index
      guest.registers[2] = (0xf000_9040 &- offset) & 0xffff_ffff
      guest.fault = 0xf000_9040
      #expect(accesses(guest.transfer()) == [access(0x0900_0040, .word, 1)], "\(word) \(index)")
    }
  }

  @Test("LDM and STM move their registers upwards from where the mode says")
  func multiple() {
    // ldmda r0!, {r1, r2, r3}: from base - 8 to base.
    var guest = Guest(a32: 0xe830_000e)
    guest.registers[0] = 0xf000_9008
    #expect(
      accesses(guest.transfer()) == [
        access(0x0900_0000, .word, 1), access(0x0900_0004, .word, 2), access(0x0900_0008, .word, 3),
      ])
    #expect(guest.transfer()?.writeBack == .init(register: 0, value: 0xf000_8ffc))
    // stmib r0!, {r1-r14}: from base + 4, fourteen words.
    guest = Guest(a32: 0xe9a0_7ffe)
    guest.registers[0] = 0xf000_8ffc
    guest.isWrite = true
    #expect(
      accesses(guest.transfer())
        == (1...14).map { access(0x0900_0000 + UInt64($0 - 1) * 4, .word, UInt8($0), isWrite: true) })
    #expect(guest.transfer()?.writeBack == .init(register: 0, value: 0xf000_9034))
  }

  @Test("The hardware may have recorded any of the accesses")
  func laterFault() {
    // ldm r0, {r1, r2, r14}
    var guest = Guest(a32: 0xe890_4006)
    guest.registers[0] = 0xf000_9000
    for fault: UInt64 in [0xf000_9000, 0xf000_9004, 0xf000_9008, 0xf000_900b] {
      guest.fault = fault
      #expect(guest.transfer()?.address == GuestPhysicalAddress(0x0900_0000))
      #expect(guest.transfer()?.count == 3)
    }
    guest.fault = 0xf000_900c
    #expect(guest.isChanged)
    guest.fault = 0xf000_8fff
    #expect(guest.isChanged)
  }

  @Test("Banked registers are named as AArch64 names them, where the host is AArch64")
  func banked() {
    // strd r12, sp, [lr, #8] in Supervisor mode: x12, x19 and x18.
    var guest = Guest(a32: 0xe1ce_c0f8)
    guest.mode = 0x13
    guest.isWrite = true
    guest.registers[18] = 0xf000_8ff8
    #expect(
      accesses(guest.transfer()) == [
        access(0x0900_0000, .word, 12, isWrite: true), access(0x0900_0004, .word, 19, isWrite: true),
      ])
    // push {r4, lr} in IRQ mode: x17 goes down.
    guest = Guest(t32: [0xb510])
    guest.mode = 0x12
    guest.isWrite = true
    guest.registers[17] = 0xf000_9008
    #expect(accesses(guest.transfer()).map(\.register) == [4, 16])
    #expect(guest.transfer()?.writeBack == .init(register: 17, value: 0xf000_9000))
    #expect(guest.transfer()?.byteCount == 2)
  }

  @Test("AArch32's addresses are 32 bits wide and wrap")
  func wrap() {
    // ldr r1, [r2, #4]!
    var guest = Guest(a32: 0xe5b2_1004)
    guest.registers[2] = 0xdead_beef_ffff_fffc
    guest.fault = 0
    #expect(accesses(guest.transfer()) == [access(0x0900_0000, .word, 1)])
    #expect(guest.transfer()?.writeBack?.value == 0)
  }

  @Test("Beyond the page in which it faulted nobody knows where an access goes")
  func pages() {
    // ldp x1, x2, [x3, #-512]
    var guest = Guest(a64: 0xa960_0861)
    guest.registers[3] = 0xf000_9200 + 0xff8
    guest.fault = 0xf000_9ff8
    #expect(guest.refusal == .severalPages)
    guest.fault = 0xf000_a000
    #expect(guest.refusal == .severalPages)
    guest.registers[3] = 0xf000_9200 + 0xff0
    guest.fault = 0xf000_9ff0
    #expect(guest.transfer()?.count == 2)
  }

  @Test("An instruction of the other direction is not the one that trapped")
  func direction() {
    var guest = Guest(a64: 0xb840_4441)
    guest.registers[2] = 0xf000_9000
    guest.isWrite = true
    #expect(guest.isChanged)
  }

  @Test("Where the code is not mapped any more the guest tries again; where it is no memory there is an abort")
  func code() {
    var guest = Guest(a64: 0xb840_4441)
    guest.registers[2] = 0xf000_9000
    guest.mapped = 0
    #expect(guest.isChanged)
    guest.mapped = 0x1000
    guest.code = []
    #expect(guest.refusal == .unreadable)
    // The second half of a T32 instruction is on its own.
    guest = Guest(t32: [0xf852, 0x1b04])
    guest.registers[2] = 0xf000_9000
    #expect(guest.transfer()?.count == 1)
    guest.mapped = 2
    #expect(guest.isChanged)
    guest.mapped = 4
    guest.code = [0xf852]
    #expect(guest.refusal == .unreadable)
  }

  @Test("Big-endian guests are refused, a prefetch is nothing")
  func others() {
    var guest = Guest(a64: 0xb840_4441)
    guest.isBigEndian = true
    #expect(guest.refusal == .bigEndian)
    guest = Guest(a32: 0xe592_1000)
    guest.state = AArch32State(rawValue: 0x210)
    #expect(guest.refusal == .bigEndian)
    // T32EE: the same bits are another instruction.
    guest = Guest(t32: [0x58d1])
    guest.registers[2] = 0xf000_8ffc
    guest.registers[3] = 4
    #expect(guest.transfer()?.count == 1)
    guest.state = AArch32State(rawValue: 0x0100_0030)
    #expect(guest.refusal == .unrecognized)
    // prfm pldl1keep, [x2, #8]
    guest = Guest(a64: 0xf980_0440)
    #expect(guest.transfer()?.count == 0)
    #expect(guest.transfer()?.writeBack == nil && guest.transfer()?.byteCount == 4)
  }

  @Test("No instruction and no register makes decoding trap, and what comes out stays in the page")
  func everything() {
    var seed: UInt64 = 0x853c_49e6_748f_ea9b
    func next() -> UInt64 {
      seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return seed ^ seed >> 29
    }
    for step in 0..<60_000 {
      let word = UInt32(truncatingIfNeeded: next() >> 16)
      // Every third one is likely to be a load or store of its instruction set.
      let a64 = word & 0xf5ff_ffff | 0x0800_0000
      var guest =
        switch step % 3 {
        case 0: Guest(a64: a64)
        case 1: Guest(a32: word & 0x0fff_ffff | 0xe000_0000)
        default: Guest(t32: [UInt16(truncatingIfNeeded: word), UInt16(word >> 16)])
        }
      for index in 0..<31 { guest.registers[index] = step & 8 == 0 ? next() : 0xf000_9000 + next() % 64 }
      guest.isWrite = step & 16 != 0
      guest.mode = step & 32 != 0 ? UInt8(next() % 32) : nil
      guard let transfer = guest.transfer() else { continue }
      #expect(transfer.count <= 16)
      for access in accesses(transfer) {
        #expect(access.address.rawValue >> 12 == 0x9000 && access.isWrite == guest.isWrite && access.register <= 31)
      }
    }
  }
}
