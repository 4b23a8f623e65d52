internal import GuestEntry
internal import GuestSupport

/// Where attacks go: every device, the holes between them, the edges of everything, and a part of the guest's own RAM that
/// nothing else uses.
enum Places {
  /// Bytes of RAM at its end that attacks may write to.
  static let scratchSize: UInt64 = 0x10_0000
  nonisolated(unsafe) private static var end: UInt64 = 0
  nonisolated(unsafe) private static var isKept = false

  /// Takes the last of the RAM for attacks to write to. `keepsGround` keeps attacks away from the translation and the vectors
  /// that the guest itself stands on.
  static func start(memoryEnd: UInt64, keepsGround: Bool) {
    unsafe end = memoryEnd
    unsafe isKept = keepsGround
  }

  /// Whether attacks keep away from what the guest itself stands on.
  static var isGroundKept: Bool { unsafe isKept }

  /// Whether an attack that may take the ground from under the guest comes now: seldom, or never.
  static func losesGround(_ random: inout Random) -> Bool {
    let isTime = random.oneIn(32)
    return isTime && !isGroundKept
  }

  /// The first address past the RAM.
  static var memoryEnd: UInt64 { unsafe end }

  /// An address in the part of RAM that may be written to.
  static func scratch(_ random: inout Random) -> UInt64 {
    memoryEnd &- Self.scratchSize &+ (random.next() & (Self.scratchSize &- 1))
  }

  /// Any place at all, as it stands in a register; never in what the guest lives by.
  static func address(_ random: inout Random) -> UInt64 {
    kept(any(&random), &random)
  }

  private static func any(_ random: inout Random) -> UInt64 {
    switch random.below(24) {
    case 0..<5: aligned(VirtMachine.distributor &+ distributorOffset(&random), &random)
    case 5..<8: privateController(&random)
    case 8: aligned(VirtMachine.uart &+ UInt64(random.below(0x1000) | 4), &random)
    case 9: aligned(VirtMachine.clock &+ UInt64(random.below(0x1000)), &random)
    case 10: aligned(VirtMachine.virtio &+ UInt64(random.below(0x4000)), &random)
    case 11..<13: edge(&random)
    case 13: UInt64(random.below(0x4000_0000))
    case 14: memoryEnd &+ UInt64(random.word())
    case 15: random.next() & 0xff_ffff_ffff
    case 16: random.next()
    case 17: UInt64(bitPattern: -Int64(random.below(0x10000)))
    // The GIC's host counterparts, and flash, ITS, PCI of the board.
    case 18: 0x0803_0000 &+ UInt64(random.below(0x7_0000))
    case 19: random.pick(0, 0x0400_0000, 0x0808_0000, 0x1000_0000) &+ UInt64(random.below(0x1_0000))
    default: scratch(&random)
    }
  }

  /// The distributor's offsets, the defined ones more often.
  private static func distributorOffset(_ random: inout Random) -> UInt64 {
    switch random.below(8) {
    case 0: UInt64(random.below(0x1_0000))
    case 1: 0xf00 &+ UInt64(random.below(0x40))
    case 2: 0x6000 &+ UInt64(random.below(0x2000))
    case 3: 0xffd0 &+ UInt64(random.below(0x30))
    default: UInt64(random.below(0x1000))
    }
  }

  private static func privateController(_ random: inout Random) -> UInt64 {
    guard InterruptController.current.isVersion3 else {
      return aligned(VirtMachine.cpuInterface &+ UInt64(random.below(random.oneIn(4) ? 0x2000 : 0x100)), &random)
    }
    let frame = VirtMachine.redistributor &+ UInt64(random.below(6)) &* 0x1_0000
    return aligned(frame &+ UInt64(random.below(random.oneIn(4) ? 0x1_0000 : 0x1000)), &random)
  }

  /// Just before or after where something ends.
  private static func edge(_ random: inout Random) -> UInt64 {
    let base: UInt64 =
      switch random.below(12) {
      case 0: VirtMachine.distributor
      case 1: VirtMachine.distributor &+ 0x1_0000
      case 2: VirtMachine.cpuInterface &+ 0x1000
      case 3: VirtMachine.cpuInterface &+ 0x2000
      case 4: VirtMachine.redistributor
      case 5: VirtMachine.redistributor &+ 0x4_0000
      case 6: VirtMachine.uart
      case 7: VirtMachine.uart &+ 0x1000
      case 8: VirtMachine.clock &+ 0x1000
      case 9: VirtMachine.memory
      case 10: 0x1_0000_0000
      default: memoryEnd
      }
    return base &+ 16 &- UInt64(random.below(32))
  }

  private static func aligned(_ address: UInt64, _ random: inout Random) -> UInt64 {
    random.oneIn(5) ? address : address & ~random.pick(3, 3, 7, 15)
  }

  /// What a wild store may not reach: the image, and the alias of it that EL0 sees. The page at the base is a tree.
  private static func kept(_ address: UInt64, _ random: inout Random) -> UInt64 {
    let low = address & 0x3fff_ffff
    let isMemory = address >> 30 & 1 == 1
    guard isMemory, low < 0x10_0000 &+ guest_end_of_image() &- VirtMachine.memory else { return address }
    return address >= VirtMachine.memory &- 0x100 && low < 0x20_0000 ? address : scratch(&random)
  }

  /// A value as drivers, tables and attackers write it.
  static func value(_ random: inout Random) -> UInt64 {
    switch random.below(12) {
    case 0: 0
    case 1: ~0
    case 2: 1 << UInt64(random.below(64))
    case 3: 1 << UInt64(random.below(64)) &- 1
    case 4: UInt64(random.below(1024))
    case 5: UInt64(random.below(1024)) | UInt64(random.below(16)) << 10
    case 6: address(&random)
    case 7: 0x0101_0101_0101_0101 &* UInt64(random.below(256))
    case 8: UInt64(random.word())
    case 9: 0x8400_0000 | UInt64(random.below(32)) | UInt64(random.below(2)) << 30
    default: random.next()
    }
  }
}
