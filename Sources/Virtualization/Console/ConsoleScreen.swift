internal import Architecture

// The screen for one VM: an editor or a monitor of a guest's wants to move the cursor everywhere, and then no line tells any
// more who wrote it. So that is a mode that a person chooses, which the console says before and after.

extension ConsoleMultiplexer {
  /// Gives the whole screen to the VM that has the focus, until `takeScreen`: all that it sends passes as it is.
  mutating func giveScreen(to sink: inout some ByteSink & ~Copyable) {
    report("until Ctrl-T f, the screen is alone for ", to: &sink)
    reportName(of: focus, to: &sink)
    report("\n", to: &sink)
    interrupt(to: &sink)
    isScreenGiven = true
    hidesLines = false
  }

  /// Takes the screen back, if it was given, and undoes what would change what is shown from now on.
  @inline(never)
  mutating func takeScreen(to sink: inout some ByteSink & ~Copyable) {
    guard isScreenGiven else { return }
    isScreenGiven = false
    lines[focus].escape = EscapeSequence()
    lines[focus].clear()
    // CAN ends a sequence that the VM has begun, ST a string. Then: the main screen in place of another one (DECRST 1049), a soft
    // reset (DECSTR), no colours, the first set of characters (SI), and the last row.
    Self.show("\u{18}\u{1b}\\\u{1b}[?1049l\u{1b}[!p\u{1b}[0m\u{0f}\u{1b}[999;1H\r\n", on: &sink)
    report("the screen is everybody's again", to: &sink)
    if hidesLines { report("; lines of others were not shown", to: &sink) }
    report("\n", to: &sink)
  }

  /// A byte that VM `vm` has sent while the screen is given away.
  mutating func pass(_ byte: UInt8, from vm: Int, to sink: inout some ByteSink & ~Copyable) {
    if vm == focus { Self.show(byte, on: &sink) } else { hidesLines = true }
  }

  /// Writes a byte. The code for it is there once.
  @inline(never)
  static func show(_ byte: UInt8, on sink: inout some ByteSink & ~Copyable) { sink.write(byte) }

  /// Writes a literal. The code for it is there once.
  @inline(never)
  static func show(_ text: StaticString, on sink: inout some ByteSink & ~Copyable) { sink.write(text) }
}
