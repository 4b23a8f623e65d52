import Architecture
import TestSupport
import Testing
import Virtualization

/// SplitMix64: small, and the same everywhere for a seed.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

/// A guest that does anything at all, beside a count of what it is owed.
private final class RandomGuest {
  static let edges: [UInt16] = [40, 41, 42, 43, 44, 45, 46, 47]
  static let levels: [UInt16] = [48, 49, 50, 51, 52, 53]
  static let hardware: [UInt16] = [27, 54, 55, 56]
  /// Those of them that have a level, which falls when the guest has acknowledged it.
  static let hardwareLevels: [UInt16] = [27, 54]

  let machine: GuestMachine
  var random: SeededGenerator
  /// Edges and hardware interrupts that were raised and not yet acknowledged, and the vCPU of private ones.
  var owed: Set<UInt32> = []
  /// Levels that are high.
  var high: Set<UInt16> = []
  /// What each vCPU has acknowledged and not ended, innermost last.
  var handling: [[ListRegisterInterpreter.Acknowledgement]]
  var failures: [String] = []
  var deliveryCount = 0

  init(_ version: GICVersion, listRegisterCount: Int, seed: UInt64) throws {
    machine = try GuestMachine(version, vcpuCount: 3, listRegisterCount: listRegisterCount)
    random = SeededGenerator(state: seed)
    handling = .init(repeating: [], count: 3)
    for id in Self.edges { machine.setEdge(id) }
    for id in Self.edges + Self.levels + Self.hardware where id >= 32 { machine.route(id, to: 0) }
    enableAll()
  }

  var vcpu: Int { machine.running ?? 0 }
  func pick<T>(_ choices: [T]) -> T { choices.randomElement(using: &random)! }
  func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
  var anyInterrupt: UInt16 { pick(Self.edges + Self.levels + Self.hardware) }

  /// Private interrupts are told apart by vCPU, GICv2's SGIs by source too.
  func key(_ id: UInt16, vcpu: Int, source: UInt8 = 0) -> UInt32 {
    UInt32(id) | (id < 32 ? UInt32(vcpu) << 16 : 0) | UInt32(source) << 24
  }

  func enableAll() {
    let home = vcpu
    for vcpu in 0..<3 {
      run(vcpu)
      for id in Self.edges + Self.levels + Self.hardware { machine.writeBit(0x100, id) }
      for id in UInt16(0)..<4 { machine.writeBit(0x100, id) }
    }
    machine.write(0x000, 3)
    run(home)
  }

  func run(_ vcpu: Int) {
    machine.unload()
    machine.load(vcpu)
  }

  func step() {
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<12: raiseEdge()
    case 12..<22: toggleLevel()
    case 22..<32: raiseHardware()
    case 32..<40: sendSGI()
    case 40..<60: acknowledge()
    case 60..<78: end()
    case 78..<82: machine.writeBit(chance(40) ? 0x180 : 0x100, anyInterrupt)
    case 82..<85: machine.setPriority(anyInterrupt, UInt8.random(in: 0..<30, using: &random) * 8)
    case 85..<88: machine.route(pick(Self.edges + Self.levels), to: Int.random(in: 0..<3, using: &random))
    case 88..<90: clearPending()
    case 90..<91: machine.write(0x000, chance(80) ? 3 : 0)
    case 91..<93: _ = machine.read(0x200 + UInt32.random(in: 0..<96, using: &random) * 4)
    case 93..<94: machine.writeBit(0x080, anyInterrupt)
    default: run(Int.random(in: 0..<3, using: &random))
    }
  }

  private func raiseEdge() {
    let id = pick(Self.edges)
    if chance(30) { machine.writeBit(0x200, id) } else { machine.pulse(id) }
    owed.insert(key(id, vcpu: 0))
  }

  private func toggleLevel() {
    let id = pick(Self.levels)
    if high.remove(id) == nil { high.insert(id) }
    machine.setLine(id, high.contains(id))
  }

  /// A private one only for the vCPU that runs: its physical interrupt is this CPU's.
  private func raiseHardware() {
    let id = pick(Self.hardware)
    if id < 32 && vcpu != 0 { return }
    let isLevel = Self.hardwareLevels.contains(id)
    guard !machine.activePhysicalIDs.contains(id + 100) else { return }
    if isLevel { machine.registers.lines[id + 100] = true }
    guard machine.raiseHardware(id, vcpu: vcpu, isEdge: !isLevel) else { return }
    owed.insert(key(id, vcpu: vcpu))
  }

  private func sendSGI() {
    let target = Int.random(in: 0..<3, using: &random)
    let id = UInt16.random(in: 0..<4, using: &random)
    if machine.gic.version == .v2 {
      owed.insert(key(id, vcpu: target, source: UInt8(vcpu)))
      machine.write(0xf00, UInt64(1) << UInt64(16 + target) | UInt64(id))
    } else {
      owed.insert(key(id, vcpu: target))
      machine.gic.generateSGI(register: UInt64(id) << 24 | UInt64(1) << UInt64(target), .group1, vcpu: vcpu)
      machine.enter()
    }
  }

  private func clearPending() {
    let id = pick(Self.edges + Self.hardware)
    machine.writeBit(0x280, id)
    // A level that is high stays pending.
    if !Self.hardwareLevels.contains(id) { owed.remove(key(id, vcpu: vcpu)) }
  }

  @discardableResult
  func acknowledge() -> Bool {
    guard let interrupt = machine.registers.acknowledge() else { return false }
    deliveryCount += 1
    if handling.joined().contains(where: { $0.id == interrupt.id && $0.id >= 32 }) {
      failures.append("\(interrupt.id) acknowledged while active")
    }
    handling[vcpu].append(interrupt)
    if Self.levels.contains(interrupt.id) {
      if !high.contains(interrupt.id) { failures.append("level \(interrupt.id) delivered while low") }
      if chance(70) {
        high.remove(interrupt.id)
        machine.setLine(interrupt.id, false)
      }
    } else if owed.remove(key(interrupt.id, vcpu: vcpu, source: interrupt.source)) == nil {
      failures.append("\(interrupt.id) delivered twice")
    }
    if Self.hardwareLevels.contains(interrupt.id) { machine.registers.lines[interrupt.id + 100] = false }
    return true
  }

  func end() {
    guard let interrupt = handling[vcpu].popLast() else { return }
    machine.end(interrupt.id, source: interrupt.source)
  }

  /// Gives every vCPU every interrupt that is left, and says what then is still owed.
  func drain() {
    enableAll()
    for vcpu in [0, 1, 2, 0, 1, 2, 0, 1, 2] {
      run(vcpu)
      var turnCount = 0
      while turnCount < 1000 {
        turnCount += 1
        while !handling[vcpu].isEmpty { end() }
        if !acknowledge() { break }
      }
      if turnCount == 1000 { failures.append("vCPU \(vcpu) never comes to rest") }
    }
    if !owed.isEmpty { failures.append("lost \(owed.sorted())") }
    if !high.isEmpty { failures.append("levels \(high.sorted()) not delivered") }
    if machine.registers.contents != [] { failures.append("list registers in use") }
    machine.unload()
    if !machine.activePhysicalIDs.isEmpty { failures.append("physical \(machine.activePhysicalIDs) never deactivated") }
    machine.load(0)
  }
}

@Suite(.timeLimited) struct RandomizedTests {
  @Test(
    "Whatever a guest does, no interrupt is lost, none is delivered twice, and no maintenance storms",
    arguments: [GICVersion.v2, .v3], [1, 2, 4, 16])
  func nothingLost(version: GICVersion, listRegisterCount: Int) throws {
    let guest = try RandomGuest(version, listRegisterCount: listRegisterCount, seed: Soak.seed &+ 0x7_15e4)
    for step in 1...(12_500 * Soak.factor) {
      guest.step()
      if step % 500 == 0 { guest.drain() }
      guard guest.failures.isEmpty, guest.machine.registers.violations.isEmpty else {
        Issue.record("seed \(Soak.seed), step \(step): \(guest.failures) \(guest.machine.registers.violations)")
        return
      }
    }
    guest.drain()
    #expect(guest.failures == [])
    #expect(guest.deliveryCount > 1000)
    guest.machine.expectSound()
  }
}
