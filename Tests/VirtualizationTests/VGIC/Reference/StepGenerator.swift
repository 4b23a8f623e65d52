import Architecture

/// Makes up what happens to a board. The same seed makes the same steps everywhere.
struct StepGenerator {
  private var random: SeededGenerator
  private let board: RaceBoard
  /// Few interrupts, so that they meet.
  private let ids = [0, 1, 3, 20, 27, 30, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 54, 55, 63]
  private let wires = [20, 30, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 63]

  init(_ board: RaceBoard, seed: UInt64) {
    self.board = board
    random = SeededGenerator(state: seed)
  }

  /// What a guest does first: everything on, some edges, priorities and targets.
  mutating func start() -> [Step] {
    var steps: [Step] = []
    for vcpu in 0..<board.vcpuCount {
      steps.append(.load(cpu: 0, vcpu: vcpu))
      steps.append(.interface(cpu: 0, mask: 0xf8, group0: true, group1: true))
      let separates = chance(25)
      let points = chance(30) ? (number(8), number(8)) : (2, 3)
      steps.append(
        .modes(cpu: 0, UInt8(points.0), UInt8(points.1), isCommon: chance(20), separates: separates))
      steps.append(.write(cpu: 0, privateFrame(vcpu), privateBase + 0x100, .word, 0xffff_ffff))
      steps.append(.write(cpu: 0, privateFrame(vcpu), privateBase + 0x080, .word, groups()))
      if board.version == .v3 { steps.append(.write(cpu: 0, privateFrame(vcpu), 0x14, .word, 0)) }
    }
    steps.append(.write(cpu: 0, .distributor, 0x104, .word, 0xffff_ffff))
    steps.append(.write(cpu: 0, .distributor, 0x084, .word, groups()))
    for word in UInt32(2)..<4 {
      steps.append(.write(cpu: 0, .distributor, 0xc00 + word * 4, .word, next() & 0xaaaa_aaaa))
    }
    for id in 32..<64 { steps.append(route(id, cpu: 0)) }
    for id in ids { steps.append(priority(id, cpu: 0, vcpu: board.vcpuCount - 1)) }
    steps.append(.write(cpu: 0, .distributor, 0, .word, 3))
    return steps
  }

  /// A word of GICD_IGROUPR.
  private mutating func groups() -> UInt64 {
    switch board.group {
    case 0: 0
    case 1: 0xffff_ffff
    default: next() & 0xffff_ffff
    }
  }

  mutating func step() -> Step {
    let cpu = number(board.listRegisterCounts.count)
    let vcpu = number(board.vcpuCount)
    switch number(100) {
    case 0..<12: return .line(pick(wires), vcpu: vcpu, isHigh: chance(55))
    case 12: return .timer(vcpu: vcpu)
    case 13..<16: return .hardware(pick(Race.hardwareIDs), cpu: cpu)
    case 16: return .fall(pick(Race.levelHardwareIDs), cpu: cpu)
    case 17..<22: return softwareRequest(cpu)
    case 22..<41: return .acknowledge(cpu: cpu)
    case 41..<59: return .end(cpu: cpu)
    case 59..<64: return .deactivate(cpu: cpu, number(8))
    case 64: return chance(50) ? .deactivateAnother(cpu: cpu, number(8)) : .fall(pick(Race.levelHardwareIDs), cpu: cpu)
    case 65..<75: return bits(cpu, vcpu)
    case 75..<78: return priority(pick(ids), cpu: cpu, vcpu: vcpu)
    case 78..<80: return route(pick(ids), cpu: cpu)
    case 80..<88: return read(cpu, vcpu)
    case 88..<90: return anything(cpu, vcpu)
    case 90..<92:
      return .interface(
        cpu: cpu, mask: UInt8(chance(80) ? 0xf8 : number(32) * 8), group0: chance(85), group1: chance(85))
    case 92: return .modes(cpu: cpu, UInt8(number(8)), UInt8(number(8)), isCommon: chance(30), separates: chance(30))
    case 93: return .write(cpu: cpu, .distributor, 0, .word, chance(85) ? 3 : next() & 3)
    case 94: return chance(15) ? .reset(vcpu: vcpu) : .attend(cpu: cpu)
    case 95..<97: return chance(30) ? .unload(cpu: cpu) : .attend(cpu: cpu)
    default: return .load(cpu: cpu, vcpu: vcpu)
    }
  }

  private var privateBase: UInt32 { board.version == .v3 ? 0x1_0000 : 0 }

  private func privateFrame(_ vcpu: Int) -> Frame { board.version == .v3 ? .redistributor(vcpu) : .distributor }

  /// The frame and offset of an array of fields of `bits` bits, where interrupt `id` has its own.
  private func place(_ base: UInt32, bits: Int, _ id: Int, _ vcpu: Int) -> (Frame, UInt32) {
    let offset = base + UInt32(id * bits / 32 * 4)
    return id < 32 ? (privateFrame(vcpu), privateBase + offset) : (.distributor, offset)
  }

  private mutating func bits(_ cpu: Int, _ vcpu: Int) -> Step {
    // Enables and requests more often than their opposites, so that something goes on.
    let base = pick([0x080, 0x100, 0x100, 0x100, 0x180, 0x200, 0x200, 0x280, 0x300, 0x300, 0x380, 0x380] as [UInt32])
    let id = pick(ids)
    let (frame, offset) = place(base, bits: 1, id, vcpu)
    var value: UInt64 = 0
    for other in ids where other / 32 == id / 32 && (other == id || chance(base == 0x100 ? 50 : 10)) {
      value |= 1 << UInt64(other % 32)
    }
    return .write(cpu: cpu, frame, offset, .word, value)
  }

  private mutating func priority(_ id: Int, cpu: Int, vcpu: Int) -> Step {
    let (frame, offset) = place(0x400, bits: 8, id, vcpu)
    // Few levels, so that there are equals, and some that no mask lets through.
    let value = UInt64(chance(80) ? number(6) * 0x18 : number(256))
    return .write(cpu: cpu, frame, offset + UInt32(id % 4), .byte, value)
  }

  private mutating func route(_ id: Int, cpu: Int) -> Step {
    let target = number(board.vcpuCount)
    if board.version == .v2 {
      return .write(cpu: cpu, .distributor, 0x800 + UInt32(id), .byte, chance(80) ? 1 << UInt64(target) : next() & 0xff)
    }
    let value = chance(90) ? UInt64(target) : next()
    return chance(50)
      ? .write(cpu: cpu, .distributor, 0x6000 + UInt32(id) * 8, .doubleword, value)
      : .write(cpu: cpu, .distributor, 0x6000 + UInt32(id) * 8, .word, value & 0xffff_ffff)
  }

  private mutating func softwareRequest(_ cpu: Int) -> Step {
    let id = UInt64(pick([0, 1, 3]))
    if board.version == .v3 {
      let mode: UInt64 = chance(10) ? 1 << 40 : 0
      let list = UInt64(number(1 << board.vcpuCount))
      // Now and then another range or cluster, where nobody lives.
      let place = chance(10) ? (1 as UInt64) << UInt64(pick([16, 32, 44, 48])) : 0
      return .generateSGI(cpu: cpu, id << 24 | list | mode | place, isGroup1: chance(70))
    }
    if chance(15) { return .write(cpu: cpu, .distributor, 0xf20 + UInt32(id), .byte, UInt64(number(8))) }
    if chance(10) { return .write(cpu: cpu, .distributor, 0xf10 + UInt32(id), .byte, UInt64(number(8))) }
    return .write(
      cpu: cpu, .distributor, 0xf00, .word, UInt64(number(8)) << 16 | UInt64(chance(70) ? 0 : number(4)) << 24 | id)
  }

  private mutating func read(_ cpu: Int, _ vcpu: Int) -> Step {
    let id = pick(ids)
    let base = pick([0x200, 0x200, 0x280, 0x300, 0x300, 0x380, 0x100, 0x080] as [UInt32])
    if chance(10) && board.version == .v2 { return .read(cpu: cpu, .distributor, 0xf10 + UInt32(number(8) * 4), .word) }
    if chance(10) {
      let (frame, offset) = place(0x400, bits: 8, id, vcpu)
      return .read(cpu: cpu, frame, offset, .word)
    }
    let (frame, offset) = place(base, bits: 1, id, vcpu)
    return .read(cpu: cpu, frame, offset, .word)
  }

  /// Any register, hole or misfit.
  private mutating func anything(_ cpu: Int, _ vcpu: Int) -> Step {
    let width = pick([AccessWidth.byte, .halfword, .word, .word, .doubleword])
    let isPrivate = board.version == .v3 && chance(40)
    let frame: Frame = isPrivate ? .redistributor(vcpu) : .distributor
    let bases: [UInt32] = [
      0x000, 0x004, 0x008, 0x00c, 0x010, 0x014, 0x040, 0x080, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380, 0x400, 0x420,
      0x7fc, 0x800, 0x820, 0xbfc, 0xc00, 0xc08, 0xd00, 0xe00, 0xf00, 0xf10, 0xf20, 0xfe8, 0xffc, 0x6100, 0x61f8, 0x7fd8,
      0x7fe0, 0xffe8, 0xfffc,
    ]
    var offset = chance(80) ? pick(bases) + UInt32(number(8)) * (chance(80) ? 4 : 1) : UInt32(number(0x1_0000))
    if isPrivate && chance(60) { offset += 0x1_0000 }
    offset &= ~(UInt32(width.byteCount) - 1)
    // Values that turn everything off would end the game.
    if chance(60) || offset & 0xffff == 0 { return .read(cpu: cpu, frame, offset, width) }
    return .write(cpu: cpu, frame, offset, width, next() & next() & width.mask)
  }

  private mutating func next() -> UInt64 { random.next() }
  private mutating func number(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }
  private mutating func chance(_ percent: Int) -> Bool { number(100) < percent }
  private mutating func pick<T>(_ choices: [T]) -> T { choices[number(choices.count)] }
}
