/// Instructions of AArch32, A32 and T32, as random as they may be without leaving their group.
enum A32Code {
  /// A load or store of any form whose base is r1, most of the time.
  static func transfer(_ random: inout Random) -> UInt32 {
    let base: UInt32 = random.oneIn(16) ? random.below(13) : 1
    let condition: UInt32 = random.oneIn(8) ? random.below(15) : 14
    let bits = random.word() & 0x0ff0_ffff
    let rest: UInt32 =
      switch random.below(8) {
      // Word and byte by an immediate; by a register, whose value is whatever it is.
      case 0...1: bits & 0x01f0_ffff | 0x0400_0000
      case 2: bits & 0x01f0_ffef | 0x0600_0000
      // Halfwords, doublewords, signed ones.
      case 3: bits & 0x01f0_ff6f | 0x90
      // Multiple ones.
      case 4: bits & 0x01f0_ffff | 0x0800_0000
      // Exclusive ones and swaps.
      case 5: bits & 0x00f0_f00f | 0x0100_0f90
      // Of a coprocessor: VFP, debug, anything.
      case 6: bits & 0x01f0_f0ff | 0x0c00_0000 | random.pick(0xa00, 0xb00, 0xe00, bits & 0xf00)
      // NEON's, and preloads.
      default: bits & 0x00f0_ffff | 0x0400_0000
      }
    let isUnconditional = rest & 0x0f10_0000 == 0x0400_0000 && random.oneIn(2) || random.oneIn(32)
    return (isUnconditional ? 15 : condition) << 28 | rest | base << 16
  }

  /// A coprocessor register's access: CP15, CP14, now and then another; one register or two.
  static func coprocessor(_ random: inout Random) -> UInt32 {
    let number: UInt32 = random.oneIn(12) ? random.below(16) : random.oneIn(4) ? 14 : 15
    let register: UInt32 = random.oneIn(16) ? random.below(16) : random.below(4)
    if random.oneIn(5) {
      return 0xec40_0000 | random.below(2) << 20 | random.below(13) << 16 | register << 12 | number << 8
        | random.below(16) << 4 | random.below(16)
    }
    let primary: UInt32 = random.oneIn(3) ? random.pick(12, 14, 9, 7) : random.below(16)
    let first: UInt32 = random.oneIn(3) ? random.below(8) : 0
    return binaryPointsTamed(
      0xee00_0010 | first << 21 | random.below(2) << 20 | primary << 16 | register << 12 | number << 8
        | random.below(8) << 5 | random.below(random.oneIn(2) ? 16 : 4))
  }

  /// The binary points take their value from r3, which is below 8: QEMU's model of the GIC (10.0) ends itself where a
  /// greater one has zeros in its low bits.
  static func binaryPointsTamed(_ word: UInt32) -> UInt32 {
    let register = word & 0x0fff_0fff
    return register == 0x0e0c_0f7c || register == 0x0e0c_0f78 ? (word & ~0xf000) | 0x3000 : word
  }

  /// True for what may take the ground from under the guest: its translation, its vectors' state, its sleep.
  static func isLossy(_ word: UInt32) -> Bool {
    let isOneRegister = word & 0x0f00_0010 == 0x0e00_0010
    let isTwoRegisters = word & 0x0fe0_0000 == 0x0c40_0000
    guard word >> 8 & 15 == 15, word >> 20 & 1 == 0 else { return false }
    if isTwoRegisters { return word & 15 == 2 }
    guard isOneRegister else { return false }
    let primary = word >> 16 & 15
    // SCTLR, TTBR and TTBCR, MAIR; VBAR. Not FCSEIDR: the guest has nothing below 32 MiB.
    return primary == 1 || primary == 2 || primary == 10 || primary == 12 && word & 15 == 0 && word >> 5 & 7 == 0
  }

  /// Any instruction but a branch by an immediate, a call of the hypervisor and WFI: those have attacks of their own.
  static func any(_ random: inout Random) -> UInt32 {
    while true {
      let word = random.word() & ~0xf000_0000 | (random.oneIn(4) ? random.below(16) : 14) << 28
      if word & 0x0e00_0000 == 0x0a00_0000 || isLossy(word) { continue }
      // What goes to a place relative to this one may hit the image.
      if word >> 16 & 15 == 15, word >> 12 & 15 == 15, word & 0x0c00_0000 != 0x0c00_0000 { continue }
      // HVC, SMC; the hints.
      if word & 0x0fb0_00f0 == 0x0120_0070 && word & 0xf0 == 0x70 || word & 0x0ff0_00f0 == 0x0160_0070 { continue }
      if word & 0x0ff0_00f0 == 0x0140_0070 || word & 0x0fff_ff00 == 0x0320_f000 { continue }
      return binaryPointsTamed(word)
    }
  }

  /// A load or store of T32, two halfwords in the order of memory; short ones come with a NOP.
  static func thumbTransfer(_ random: inout Random) -> UInt32 {
    let second = random.word() & 0xffff
    let first: UInt32 =
      switch random.below(6) {
      // Short ones by r1.
      case 0: 0x6000 | random.below(0x1000) << 1 & 0x1fc0 | 1 << 3 | random.below(8)
      case 1: 0x5000 | random.below(0x1000) & 0x0fc7 | 1 << 3
      case 2: 0xc100 | random.below(2) << 11 | random.below(256)
      // Doublewords, exclusive and multiple ones; single ones; a coprocessor's.
      case 3: 0xe800 | random.below(32) << 4 | 1
      case 4: 0xf800 | random.below(32) << 4 | 1
      default: 0xec00 | random.below(32) << 4 | 1
      }
    return first < 0xe800 ? first | 0xbf00_0000 : first | second << 16
  }
}
