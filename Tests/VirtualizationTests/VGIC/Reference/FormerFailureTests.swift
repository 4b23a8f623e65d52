import Architecture
import TestSupport
import Testing

/// Runs what a failure of `ReferenceTests` has printed.
func replay(_ board: RaceBoard, _ steps: [Step], sourceLocation: SourceLocation = #_sourceLocation) throws {
  let race = try Race(board)
  let ranCount = race.run(steps)
  #expect(race.differences == [], "after step \(ranCount)", sourceLocation: sourceLocation)
}

/// Sequences that once told the model from the reference.
@Suite("What random sequences have found stays mended", .timeLimited) struct FormerFailureTests {
  @Test("With EOImode 1, an interrupt that waits comes when software deactivates the one that had to leave")
  func evictedDeactivatedBySoftware() throws {
    try replay(
      RaceBoard(version: .v3, vcpuCount: 1, listRegisterCounts: [1], hasLinks: true, isPrompt: true),
      [
        .load(cpu: 0, vcpu: 0),
        .interface(cpu: 0, mask: 0xf8, group0: true, group1: true),
        .modes(cpu: 0, 2, 3, isCommon: false, separates: true),
        .write(cpu: 0, .redistributor(0), 0x10100, .word, 0xffff_ffff),
        .write(cpu: 0, .distributor, 0x104, .word, 0xffff_ffff),
        .write(cpu: 0, .distributor, 0x436, .byte, 0x60),
        .write(cpu: 0, .distributor, 0x0, .word, 0x3),
        .hardware(54, cpu: 0),
        .acknowledge(cpu: 0),
        .hardware(27, cpu: 0),
        .acknowledge(cpu: 0),
        .line(39, vcpu: 0, isHigh: true),
        .end(cpu: 0),
        .write(cpu: 0, .distributor, 0x384, .word, 0x40_0200),
      ])
  }

  @Test("What a vCPU was handling waits for it after CPU_ON, though it takes the list register that it had")
  func handledBeforeReset() throws {
    try replay(
      RaceBoard(version: .v2, vcpuCount: 1, listRegisterCounts: [1], hasLinks: true, isPrompt: true),
      [
        .load(cpu: 0, vcpu: 0),
        .interface(cpu: 0, mask: 0xf8, group0: true, group1: true),
        .write(cpu: 0, .distributor, 0x104, .word, 0xffff_ffff),
        .write(cpu: 0, .distributor, 0x0, .word, 0x3),
        .line(63, vcpu: 0, isHigh: true),
        .acknowledge(cpu: 0),
        .unload(cpu: 0),
        .reset(vcpu: 0),
        .load(cpu: 0, vcpu: 0),
        .interface(cpu: 0, mask: 0xf8, group0: true, group1: true),
      ])
  }

  @Test("Without hardware links, an interrupt that the guest makes active after its end is that interrupt")
  func activatedWhileParked() throws {
    try replay(
      RaceBoard(version: .v2, vcpuCount: 1, listRegisterCounts: [16], hasLinks: false, isPrompt: true),
      [
        .load(cpu: 0, vcpu: 0),
        .interface(cpu: 0, mask: 0xf8, group0: true, group1: true),
        .write(cpu: 0, .distributor, 0x100, .word, 0xffff_ffff),
        .write(cpu: 0, .distributor, 0x0, .word, 0x3),
        .write(cpu: 0, .distributor, 0x300, .word, 0x10_0009),
        .hardware(27, cpu: 0),
        .acknowledge(cpu: 0),
        .end(cpu: 0),
        .write(cpu: 0, .distributor, 0x300, .word, 0x800_0000),
      ])
  }

  @Test("Ends that are counted before the guest turns to EOImode 1 are still those of interrupts that had to leave")
  func countedBeforeModeChanged() throws {
    var board = RaceBoard(
      version: .v2, vcpuCount: 3, listRegisterCounts: [1, 2], hasLinks: false, isPrompt: false, group: 0)
    board.isMaintenanceLate = true
    try replay(
      board,
      [
        .load(cpu: 0, vcpu: 2),
        .interface(cpu: 0, mask: 0xf8, group0: true, group1: true),
        .write(cpu: 0, .distributor, 0x104, .word, 0xffff_ffff),
        .write(cpu: 0, .distributor, 0x827, .byte, 0x4),
        .write(cpu: 0, .distributor, 0x427, .byte, 0x18),
        .write(cpu: 0, .distributor, 0x0, .word, 0x3),
        .load(cpu: 1, vcpu: 1),
        .line(39, vcpu: 2, isHigh: true),
        .acknowledge(cpu: 0),
        .load(cpu: 0, vcpu: 0),
        .write(cpu: 1, .distributor, 0xf00, .word, 0x4_0001),
        .write(cpu: 0, .distributor, 0xf00, .word, 0x5_0003),
        .load(cpu: 1, vcpu: 2),
        .acknowledge(cpu: 1),
        .read(cpu: 0, .distributor, 0x104, .word),
        .end(cpu: 1),
        .end(cpu: 1),
        .acknowledge(cpu: 1),
        .end(cpu: 1),
        .modes(cpu: 1, 7, 7, isCommon: false, separates: true),
        .write(cpu: 0, .distributor, 0xf00, .word, 0x2_0001),
      ])
  }
}
