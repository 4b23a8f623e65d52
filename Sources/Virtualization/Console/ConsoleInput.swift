public import Architecture

/// What one byte typed at the host's console comes to.
public enum ConsoleInput: Equatable, Sendable {
  /// The VM gets the byte.
  case deliver(vm: Int, byte: UInt8)
  /// The VM gets the input from now on.
  case selected(vm: Int)
  /// Everything shall stop.
  case stop
  /// What the vCPUs did with their CPUs shall be shown: as a table for people, or in lines for programs.
  case statistics(asTable: Bool)
  /// Nothing is left to do: the byte was a part of a command, or the console has answered it itself.
  case none
}

extension ConsoleMultiplexer {
  /// Ctrl-T: the key that starts a command, unused by shells and editors and not taken by QEMU (Ctrl-A) or by screen.
  private static var commandKey: UInt8 { 0x14 }

  /// Takes one byte that was typed, and shows what the command key's commands have to say.
  public mutating func input(_ byte: UInt8, to sink: inout some ByteSink & ~Copyable) -> ConsoleInput {
    guard expectsCommand else {
      guard byte == Self.commandKey else { return .deliver(vm: focus, byte: byte) }
      expectsCommand = true
      return .none
    }
    expectsCommand = false
    switch byte {
    case Self.commandKey: return .deliver(vm: focus, byte: byte)
    case UInt8(ascii: "0")...UInt8(ascii: "9"): return select(Int(byte &- UInt8(ascii: "0")), to: &sink)
    case UInt8(ascii: "?"), UInt8(ascii: "h"): help(to: &sink)
    case UInt8(ascii: "f"): if isScreenGiven { takeScreen(to: &sink) } else { giveScreen(to: &sink) }
    case UInt8(ascii: "s"): return .statistics(asTable: true)
    case UInt8(ascii: "d"): return .statistics(asTable: false)
    case UInt8(ascii: "x"), UInt8(ascii: "q"): return .stop
    default: report("Ctrl-T: no such command (Ctrl-T ? lists them)\n", to: &sink)
    }
    return .none
  }

  /// Gives VM `vm` the input, and shows what it has written of its line: its prompt.
  public mutating func select(_ vm: Int, to sink: inout some ByteSink & ~Copyable) -> ConsoleInput {
    guard vm >= 0 && vm < vmCount else {
      report("Ctrl-T: no such VM\n", to: &sink)
      return .none
    }
    takeScreen(to: &sink)
    interrupt(to: &sink)
    focus = vm
    report("input goes to ", to: &sink)
    for index in 0..<lines[vm].name.count { report(lines[vm].name[index], to: &sink) }
    report("\n", to: &sink)
    if lines[vm].count > 0 { resume(to: &sink) }
    return .selected(vm: vm)
  }

  private mutating func help(to sink: inout some ByteSink & ~Copyable) {
    for vm in 0..<min(vmCount, 10) {
      report("Ctrl-T ", to: &sink)
      report(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: vm), to: &sink)
      report("  input to ", to: &sink)
      for index in 0..<lines[vm].name.count { report(lines[vm].name[index], to: &sink) }
      report("\n", to: &sink)
    }
    report("Ctrl-T Ctrl-T  sends a Ctrl-T\n", to: &sink)
    report("Ctrl-T f  gives the screen to that VM alone, for a program that fills it, or takes it back\n", to: &sink)
    report("Ctrl-T s  shows what the vCPUs did with their CPUs\n", to: &sink)
    report("Ctrl-T d  dumps the same for 'tvisor histogram'\n", to: &sink)
    report("Ctrl-T x  stops everything\n", to: &sink)
  }
}
