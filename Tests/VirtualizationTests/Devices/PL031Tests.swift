import Architecture
import TestSupport
import Testing

@testable import Virtualization

extension PL031 {
  fileprivate mutating func load(_ offset: UInt32) -> UInt64 {
    guard case .handled(let value) = read(offset: offset, width: .word) else {
      Issue.record("no register at \(offset)")
      return 0
    }
    return value
  }

  fileprivate mutating func store(_ value: UInt64, at offset: UInt32) {
    #expect(write(value, offset: offset, width: .word) == .handled(0))
  }
}

@Suite("PL031", .timeLimited)
struct PL031Tests {
  @Test("The clock runs from the start at its owner's pace")
  func runs() {
    var clock = PL031(secondsAtStart: 1_700_000_000)
    #expect(clock.load(0x0c) == 1)
    #expect(clock.load(0x00) == 1_700_000_000)
    clock.advance(toSeconds: 60)
    #expect(clock.load(0x00) == 1_700_000_060)
  }

  @Test("The load register sets the clock, which goes on from there and wraps at 32 bits")
  func loads() {
    var clock = PL031(secondsAtStart: 5)
    clock.advance(toSeconds: 10)
    clock.store(0xffff_fffe, at: 0x08)
    #expect(clock.load(0x08) == 0xffff_fffe)
    #expect(clock.load(0x00) == 0xffff_fffe)
    clock.advance(toSeconds: 13)
    #expect(clock.load(0x00) == 1)
  }

  @Test("The alarm rises at the match value, also when nobody looked at that second, and any store to RTCICR clears it")
  func alarm() {
    var clock = PL031(secondsAtStart: 100)
    clock.store(1, at: 0x10)
    clock.store(130, at: 0x04)
    #expect(clock.alarmSeconds == 30)
    clock.advance(toSeconds: 29)
    #expect(!clock.interruptLine)
    clock.advance(toSeconds: 31)
    #expect(clock.interruptLine)
    #expect(clock.load(0x14) == 1)
    #expect(clock.load(0x18) == 1)
    #expect(clock.alarmSeconds == nil)
    clock.store(1, at: 0x1c)
    #expect(!clock.interruptLine)
    #expect(clock.load(0x14) == 0)
  }

  @Test("A masked alarm shows in RTCRIS only, and has no deadline")
  func masked() {
    var clock = PL031()
    clock.store(7, at: 0x04)
    #expect(clock.alarmSeconds == nil)
    clock.advance(toSeconds: 7)
    #expect(!clock.interruptLine)
    #expect(clock.load(0x14) == 1)
    #expect(clock.load(0x18) == 0)
    clock.store(1, at: 0x10)
    #expect(clock.interruptLine)
  }

  @Test("A match value in the past is a whole turn of the clock away")
  func pastMatch() {
    var clock = PL031(secondsAtStart: 100)
    clock.store(1, at: 0x10)
    clock.store(99, at: 0x04)
    #expect(clock.alarmSeconds == 0xffff_ffff)
    clock.advance(toSeconds: 0xffff_fffe)
    #expect(!clock.interruptLine)
    clock.advance(toSeconds: 0xffff_ffff)
    #expect(clock.interruptLine)
  }

  @Test("A match value that the clock shows, and a clock set to the match value, raise the alarm at once")
  func equalMatch() {
    var clock = PL031(secondsAtStart: 100)
    clock.store(1, at: 0x10)
    clock.store(100, at: 0x04)
    #expect(clock.interruptLine)
    clock.store(1, at: 0x1c)
    #expect(!clock.interruptLine)
    // The next time that it shows this is a whole turn away.
    #expect(clock.alarmSeconds == 1 << 32)
    clock.advance(toSeconds: 1)
    #expect(!clock.interruptLine)
    clock.store(500, at: 0x04)
    #expect(!clock.interruptLine)
    clock.store(500, at: 0x08)
    #expect(clock.interruptLine)
  }

  @Test("Its owner's time never goes back")
  func monotonic() {
    var clock = PL031()
    clock.advance(toSeconds: 10)
    clock.advance(toSeconds: 5)
    #expect(clock.load(0x00) == 10)
  }

  @Test("The identification bytes are those of a PL031")
  func identification() {
    var clock = PL031()
    let bytes = (0..<8).map { clock.load(0xfe0 + 4 * $0) }
    #expect(bytes == [0x31, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1])
    #expect(clock.read(offset: 0x20, width: .word) == .unhandled)
    #expect(clock.write(0, offset: 0x20, width: .word) == .unhandled)
  }

  @Test("A reset forgets what the guest set, not the time")
  func resets() {
    var clock = PL031(secondsAtStart: 1_000)
    clock.advance(toSeconds: 10)
    clock.store(5, at: 0x08)
    clock.store(1, at: 0x10)
    clock.store(5, at: 0x04)
    #expect(clock.interruptLine)
    clock.reset()
    #expect(!clock.interruptLine)
    #expect(clock.load(0x00) == 1_010)
  }
}
