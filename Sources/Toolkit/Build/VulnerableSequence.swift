internal import Foundation

/// Instructions of AArch64 in a row that a Cortex-A53 gets wrong (its Software Developers Errata Notice): compiler and linker
/// are told to leave none, and here is seen whether they do.
public struct VulnerableSequence: Equatable, Sendable {
  /// The address of its last instruction.
  public var address: UInt64
  /// The erratum's number.
  public var erratum: Int

  /// All of those in code that begins at an address.
  public static func all(in code: [UInt32], at start: UInt64) -> [VulnerableSequence] {
    var found: [VulnerableSequence] = []
    for index in code.indices.dropFirst() {
      let address = start + UInt64(index) * 4
      if isMultiplyAccumulate(code[index]) && isLoadOrStore(code[index - 1]) {
        found.append(VulnerableSequence(address: address, erratum: 835769))
      }
      if let end = endOfPageAddress(in: code, behind: index - 1, at: address - 4) {
        found.append(VulnerableSequence(address: start + UInt64(end) * 4, erratum: 843419))
      }
    }
    return found
  }

  /// Where a sequence of erratum 843419 ends that begins with the ADRP at `first`, if there is one: in the last two words of a page,
  /// then a load or store that does not change its register, then perhaps another instruction, then a load or store with that
  /// register for its base and an unsigned offset.
  private static func endOfPageAddress(in code: [UInt32], behind first: Int, at address: UInt64) -> Int? {
    guard address & 0xfff >= 0xff8, code[first] & 0x9f00_0000 == 0x9000_0000, first + 2 < code.count else { return nil }
    let register = code[first] & 31
    guard isLoadOrStore(code[first + 1]), !loads(register, code[first + 1]) else { return nil }
    if usesAsBase(register, code[first + 2]) { return first + 2 }
    guard first + 3 < code.count, !isBranch(code[first + 2]), usesAsBase(register, code[first + 3]) else { return nil }
    return first + 3
  }
}

// The encodings of DDI 0487, C4.1.

extension VulnerableSequence {
  /// Loads and Stores: op0 is x1x0.
  private static func isLoadOrStore(_ instruction: UInt32) -> Bool { instruction & 0x0a00_0000 == 0x0800_0000 }

  /// MADD, MSUB, SMADDL, SMSUBL, UMADDL and UMSUBL of 64 bits, which add something (Ra is not XZR).
  private static func isMultiplyAccumulate(_ instruction: UInt32) -> Bool {
    guard instruction & 0xff00_0000 == 0x9b00_0000, instruction >> 10 & 31 != 31 else { return false }
    return [0b000, 0b001, 0b101].contains(instruction >> 21 & 7)
  }

  /// Load/store register with an unsigned immediate, by that base.
  private static func usesAsBase(_ register: UInt32, _ instruction: UInt32) -> Bool {
    instruction & 0x3b00_0000 == 0x3900_0000 && instruction >> 5 & 31 == register
  }

  /// A load that may change a general register which is named first (Rt) or second (Rt2), or, by write-back, its base.
  private static func loads(_ register: UInt32, _ instruction: UInt32) -> Bool {
    let isVector = instruction >> 26 & 1 != 0
    let isPair = instruction & 0x3a00_0000 == 0x2800_0000
    let isSingle = instruction & 0x3800_0000 == 0x3800_0000
    let isLiteral = instruction & 0x3b00_0000 == 0x1800_0000
    let isStore = isPair ? instruction >> 22 & 1 == 0 : isSingle && instruction >> 22 & 3 == 0
    let writesBack =
      (isPair && instruction >> 23 & 1 != 0) || (isSingle && instruction & 0x0120_0400 == 0x0000_0400)
    if writesBack && instruction >> 5 & 31 == register { return true }
    if isVector || isStore || !(isPair || isSingle || isLiteral) { return false }
    return instruction & 31 == register || isPair && instruction >> 10 & 31 == register
  }

  /// Branches, exceptions and system instructions, of which only the first kind matters: op0 is 101x.
  private static func isBranch(_ instruction: UInt32) -> Bool {
    instruction & 0x7c00_0000 == 0x1400_0000  // B, BL
      || instruction & 0xfe00_0000 == 0x5400_0000  // B.cond
      || instruction & 0x7e00_0000 == 0x3400_0000  // CBZ, CBNZ
      || instruction & 0x7e00_0000 == 0x3600_0000  // TBZ, TBNZ
      || instruction & 0xfe00_0000 == 0xd600_0000  // BR, BLR, RET
  }
}

extension ELFFile {
  /// The words of a section as far as the file has them.
  func instructions(of section: Section) -> [UInt32] {
    let holder = segments.first {
      $0.virtualAddress <= section.address && section.address < $0.virtualAddress + UInt64($0.data.count)
    }
    guard let holder else { return [] }
    let bytes = holder.data.dropFirst(Int(section.address - holder.virtualAddress)).prefix(Int(section.size))
    return stride(from: bytes.startIndex, to: bytes.endIndex - 3, by: 4).map { index in
      (0..<4).reduce(0) { $0 | UInt32(bytes[index + $1]) << (UInt32($1) * 8) }
    }
  }
}
