import Architecture
import TestSupport
import Testing

@testable import Scheduling

private func at(_ ticks: UInt64) -> Instant { Instant(ticks: ticks) }

@Suite("Cyclic table", .timeLimited)
struct CyclicTableTests {
  @Test("Each vCPU runs in its own windows exactly, in every frame")
  func windows() throws {
    let set = Tasks(
      [TaskParameters](repeating: TaskParameters(), count: 2),
      cpu: CPUParameters(slice: 1, majorFrame: 100, epoch: at(30)),
      windows: [
        CyclicWindow(vcpu: 0, offset: 0, length: 30), CyclicWindow(vcpu: 1, offset: 40, length: 20),
        CyclicWindow(vcpu: 0, offset: 60, length: 10), CyclicWindow(vcpu: nil, offset: 70, length: 30),
      ])
    var policy = try set.scheduler(.cyclic)
    let timeline = Workload(behaviours: [.busy, .busy], seed: 1).run(&policy, until: 230)
    #expect(
      timeline.stretches == [
        Stretch(vcpu: nil, start: 0, end: 30), Stretch(vcpu: 0, start: 30, end: 60),
        Stretch(vcpu: nil, start: 60, end: 70), Stretch(vcpu: 1, start: 70, end: 90),
        Stretch(vcpu: 0, start: 90, end: 100), Stretch(vcpu: nil, start: 100, end: 130),
        Stretch(vcpu: 0, start: 130, end: 160), Stretch(vcpu: nil, start: 160, end: 170),
        Stretch(vcpu: 1, start: 170, end: 190), Stretch(vcpu: 0, start: 190, end: 200),
        Stretch(vcpu: nil, start: 200, end: 230),
      ])
  }

  @Test("Whatever tables there are and however rarely it is asked, the one whose window it is runs until its end")
  func anyTable() throws {
    for seed in 0..<400 as Range<UInt64> {
      var dice = Dice(seed)
      let count = 1 + dice.index(below: 4)
      var windows: [CyclicWindow] = []
      var free: UInt64 = 0
      for index in 0..<(count + dice.index(below: 5)) {
        let offset = free + (dice.oneIn(2) ? 0 : dice.number(1...9))
        let length = dice.number(1...20)
        let vcpu = index < count ? index : dice.oneIn(3) ? nil : dice.index(below: count)
        windows.append(CyclicWindow(vcpu: vcpu, offset: offset, length: length))
        free = offset + length
      }
      let frame = free + (dice.oneIn(2) ? 0 : dice.number(1...9))
      let epoch = dice.number(0...1_000)
      let set = Tasks(
        [TaskParameters](repeating: TaskParameters(), count: count),
        cpu: CPUParameters(slice: 1, majorFrame: frame, epoch: at(epoch)), windows: windows)
      #expect(set.refusal(.cyclic) == nil)
      var policy = try set.scheduler(.cyclic)
      var isReady = [Bool](repeating: false, count: count)
      var now = epoch
      for _ in 0..<100 {
        let vcpu = dice.index(below: count)
        isReady[vcpu] = dice.oneIn(2)
        if isReady[vcpu] { policy.ready(vcpu, at: at(now)) } else { policy.block(vcpu, at: at(now)) }
        let offset = (now - epoch) % frame
        let window = windows.first { $0.offset <= offset && offset < $0.offset + $0.length }
        let next = windows.map(\.offset).first { $0 > offset } ?? frame
        let end = now - offset + (window.map { $0.offset + $0.length } ?? next)
        let expected: Decision =
          if let owner = window?.vcpu, isReady[owner] { .run(vcpu: owner, until: at(end)) } else {
            .idle(until: at(end))
          }
        #expect(policy.pick(at: at(now)) == expected, "seed \(seed) at \(now)")
        now += dice.oneIn(9) ? dice.number(0...1_000_000) : dice.number(0...12)
      }
    }
  }
}
