public import Architecture

/// A load or store that stage 2 refused and that the syndrome does not describe (ISV = 0): what is known of it before its
/// instruction has been read.
///
/// The instruction may change at any time, by another vCPU of the guest. It is read once, and what it says is checked
/// against what the hardware recorded; so a guest that races against us gets what one of its own instructions would do to
/// its own devices.
public struct UndescribedTransfer: Equatable, Sendable {
  /// In which instruction set the guest was.
  public var instructionSet: InstructionSet
  /// Where its instruction is.
  public var programCounter: UInt64
  /// The carry flag, which RRX shifts in.
  public var carry: Bool
  /// True where loads and stores are big-endian.
  public var isBigEndian: Bool
  /// The guest-virtual address that the hardware recorded.
  public var virtualAddress: GuestVirtualAddress
  /// The guest-physical address of the same byte.
  public var address: GuestPhysicalAddress
  /// True where the hardware recorded a store.
  public var isWrite: Bool

  /// The instruction sets. T32EE of ARMv7 looks like T32 and moves other memory: it is not decoded.
  public enum InstructionSet: Sendable {
    case a64, a32, t32, t32ee
  }

  /// A load or store of a guest in AArch64.
  public init(
    programCounter: UInt64, isBigEndian: Bool, virtualAddress: GuestVirtualAddress, address: GuestPhysicalAddress,
    isWrite: Bool
  ) {
    instructionSet = .a64
    self.programCounter = programCounter
    carry = false
    self.isBigEndian = isBigEndian
    self.virtualAddress = virtualAddress
    self.address = address
    self.isWrite = isWrite
  }

  /// A load or store of a guest in AArch32.
  public init(
    programCounter: UInt32, state: AArch32State, virtualAddress: GuestVirtualAddress, address: GuestPhysicalAddress,
    isWrite: Bool
  ) {
    instructionSet = state.isThumb ? state.isJazelle ? .t32ee : .t32 : .a32
    self.programCounter = UInt64(programCounter)
    carry = state.flags & 2 != 0
    isBigEndian = state.isBigEndian
    self.virtualAddress = virtualAddress
    self.address = address
    self.isWrite = isWrite
  }

  /// Finds out what the instruction does.
  ///
  /// `translate` gives where the guest's own tables map a byte of its code, nil where they do not; `read` gives so many
  /// bytes (2 or 4, aligned) of its memory as a little-endian number, nil where there is none; `number` makes of a register
  /// of the instruction the one that `value` and the answer are to name.
  public func describe(
    translate: (GuestVirtualAddress) -> GuestPhysicalAddress?, read: (GuestPhysicalAddress, Int) -> UInt32?,
    number: (UInt8) -> UInt8, value: (UInt8) -> UInt64
  ) -> TransferDescription {
    if isBigEndian { return .refused(.bigEndian) }
    if instructionSet == .t32ee { return .refused(.unrecognized) }
    switch fetch(translate: translate, read: read) {
    case .none: return .changed
    case .refused(let reason): return .refused(reason)
    case .prefetch(let byteCount):
      return .transfer(MemoryTransfer(address: address, width: .byte, isWrite: false, byteCount: byteCount))
    case .transfer(let instruction):
      guard instruction.isWrite == isWrite else { return .changed }
      return resolve(instruction, number: number, value: value)
    }
  }

  /// Reads and decodes the instruction; nil where the guest's tables do not map it any more.
  private func fetch(
    translate: (GuestVirtualAddress) -> GuestPhysicalAddress?, read: (GuestPhysicalAddress, Int) -> UInt32?
  ) -> DecodedTransfer? {
    let start = GuestVirtualAddress(programCounter)
    guard let place = translate(start) else { return nil }
    guard instructionSet == .t32 else {
      guard let word = place.isAligned(to: 4) ? read(place, 4) : nil else { return .refused(.unreadable) }
      return instructionSet == .a64 ? DecodedTransfer(a64: word) : DecodedTransfer(a32: word)
    }
    guard let first = place.isAligned(to: 2) ? read(place, 2) : nil else { return .refused(.unreadable) }
    let halfword = UInt16(truncatingIfNeeded: first)
    guard DecodedTransfer.isLong(halfword) else { return DecodedTransfer(t16: halfword) }
    // The second half may be in another page.
    guard let place = translate(GuestVirtualAddress((programCounter &+ 2) & 0xffff_ffff)) else { return nil }
    guard let second = place.isAligned(to: 2) ? read(place, 2) : nil else { return .refused(.unreadable) }
    return DecodedTransfer(t32: UInt32(halfword) << 16 | second & 0xffff)
  }

  /// Puts the registers' values in.
  private func resolve(
    _ instruction: TransferInstruction, number: (UInt8) -> UInt8, value: (UInt8) -> UInt64
  ) -> TransferDescription {
    let base: UInt64
    var writeBack: MemoryTransfer.WriteBack?
    switch instruction.base {
    case .programCounter: base = readProgramCounter
    case .register(let register): base = value(number(register)) & addressMask
    }
    let sum = (base &+ offset(instruction.offset, number: number, value: value)) & addressMask
    if instruction.isWrittenBack, case .register(let register) = instruction.base {
      writeBack = .init(register: number(register), value: sum)
    }
    let first = (instruction.indexing == .postIndexed ? base : sum) &+ UInt64(bitPattern: instruction.start)
    guard let address = physicalAddress(of: first, byteCount: instruction.byteSize) else {
      return isNear(first, byteCount: instruction.byteSize) ? .refused(.severalPages) : .changed
    }
    var transfer = MemoryTransfer(
      address: address, width: instruction.width, isWrite: instruction.isWrite,
      isSignExtended: instruction.isSignExtended, isSixtyFourBit: instruction.isSixtyFourBit, writeBack: writeBack,
      byteCount: instruction.byteCount)
    switch instruction.registers {
    case .one(let register): transfer.append(number(register))
    case .two(let first, let second):
      transfer.append(number(first))
      transfer.append(number(second))
    case .list(let list):
      for register: UInt8 in 0..<16 where list >> UInt16(register) & 1 != 0 { transfer.append(number(register)) }
    }
    return .transfer(transfer)
  }

  /// R15 as an instruction reads it is 8 bytes on in A32, 4 bytes in T32, and aligned to 4 as a base (DDI 0406C, A2.3.1).
  private var readProgramCounter: UInt64 {
    switch instructionSet {
    case .a64: programCounter
    case .a32: (programCounter &+ 8) & 0xffff_fffc
    case .t32, .t32ee: (programCounter &+ 4) & 0xffff_fffc
    }
  }

  /// How wide addresses, and in AArch32 registers, are.
  private var addressMask: UInt64 { instructionSet == .a64 ? ~0 : 0xffff_ffff }

  /// What the hardware's record of an address says: a tag in the upper byte of AArch64's may be missing (DDI 0487, FAR_EL2).
  private var recordMask: UInt64 { instructionSet == .a64 ? ~0 >> 8 : 0xffff_ffff }
}

// Addresses.

extension UndescribedTransfer {
  private func offset(
    _ offset: TransferInstruction.Offset, number: (UInt8) -> UInt8, value: (UInt8) -> UInt64
  ) -> UInt64 {
    switch offset {
    case .immediate(let displacement): return UInt64(bitPattern: displacement)
    case .index(let register, let shift, let amount, let isSubtracted):
      let index = shifted(UInt32(truncatingIfNeeded: value(number(register))), shift, by: UInt32(amount))
      return isSubtracted ? 0 &- UInt64(index) : UInt64(index)
    case .extended(let register, let kind, let leftShift):
      let index = value(number(register))
      let extended: UInt64 =
        switch kind {
        case .unsignedWord: index & 0xffff_ffff
        case .signedWord: UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: index)))
        case .doubleword: index
        }
      return extended &<< UInt64(leftShift)
    }
  }

  /// DDI 0406C, Shift(): by up to 32 bits; to rotate by none is RRX.
  private func shifted(_ value: UInt32, _ shift: TransferInstruction.Shift, by amount: UInt32) -> UInt32 {
    switch shift {
    case .left: return value << amount
    case .logicalRight: return value >> amount
    case .arithmeticRight: return UInt32(bitPattern: Int32(bitPattern: value) >> Int32(amount))
    case .rotateRight:
      if amount == 0 { return value >> 1 | (carry ? 1 << 31 : 0) }
      return value >> amount | value << (32 &- amount)
    }
  }

  /// True where the byte that faulted is one of those from `first` on.
  private func isNear(_ first: UInt64, byteCount: UInt64) -> Bool {
    (virtualAddress.rawValue &- first) & recordMask < byteCount
  }

  /// Where the access at the virtual address `first` goes, or nil where it is not the one that faulted or leaves the page
  /// in which it did: 4 KiB are the least that a guest's tables map in one piece.
  private func physicalAddress(of first: UInt64, byteCount: UInt64) -> GuestPhysicalAddress? {
    let page: UInt64 = 0xfff
    guard isNear(first, byteCount: byteCount), (first ^ virtualAddress.rawValue) & recordMask & ~page == 0,
      first & page &+ byteCount <= page &+ 1
    else { return nil }
    return GuestPhysicalAddress(address.rawValue & ~page | first & page)
  }
}

extension TransferInstruction {
  /// How many bytes it moves.
  var byteSize: UInt64 {
    switch registers {
    case .one: width.byteCount
    case .two: width.byteCount &* 2
    case .list(let list): width.byteCount &* UInt64(list.nonzeroBitCount)
    }
  }
}
