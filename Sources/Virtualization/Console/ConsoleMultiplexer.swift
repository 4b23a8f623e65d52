public import Architecture

/// Shares the host's console among the VMs.
///
/// Every line on it belongs to one VM and says so: `[name] text`. The VM that has the input (the focus) is shown byte by
/// byte; the others' lines appear when they are complete. Where such a line comes while the focus is in the middle of its
/// own, that one is ended and then shown again below, so that a prompt stays visible.
///
/// A VM can write over nothing but its own text behind its own name. Only whole characters of UTF-8 pass, and of escape
/// sequences, which are shown whole, colours; from the focus also what editing its line needs. A VM whose program wants all of
/// the screen can be given it (`ConsoleScreen.swift`). What this cannot know is how wide the screen is: a long line goes on in
/// the next row without a name.
///
/// Shared by all CPUs: whoever calls holds the console's lock.
public struct ConsoleMultiplexer: ~Copyable {
  /// One line for each VM, and at the end the hypervisor's own.
  var lines: Storage<ConsoleLine>
  /// The VM that gets the input.
  public internal(set) var focus = 0
  /// The focused VM has text in the host's current line.
  var isMidLine = false
  /// The focused VM has the screen for itself.
  public internal(set) var isScreenGiven = false
  /// Something of others was not shown since then.
  var hidesLines = false
  /// The last input byte was the command key.
  var expectsCommand = false
  private let isColoured: Bool

  /// A console for `vmCount` VMs with names as `name` gives them. VM 0 has the input at first. `isColoured` puts the
  /// prefixes in colour.
  public init<Provider: StorageProvider & ~Copyable>(
    vmCount: Int, isColoured: Bool = true, in provider: inout Provider, name: (Int) -> ConsoleName
  ) throws(OutOfMemory) {
    lines = try provider.storage(of: ConsoleLine.self, count: vmCount + 1) { index in
      index < vmCount
        ? ConsoleLine(name: name(index), rendition: isColoured ? Self.colour(of: index) : nil)
        : ConsoleLine(name: ConsoleName("tvisor"), rendition: isColoured ? 1 : nil)
    }
    self.isColoured = isColoured
  }

  /// How many VMs share the console.
  public var vmCount: Int { lines.count - 1 }

  /// The name under which a VM's lines appear.
  public func name(of vm: Int) -> ConsoleName { lines[vm].name }

  /// The name under which the hypervisor's own lines appear stands at this index, after those of the VMs.
  var hypervisor: Int { lines.count - 1 }

  /// Shows, or keeps for later, one byte that VM `vm` has sent.
  ///
  /// Not inlined: each of the many callers would carry all that a byte can lead to.
  @inline(never)
  public mutating func output(_ byte: UInt8, from vm: Int, to sink: inout some ByteSink & ~Copyable) {
    if isScreenGiven { return pass(byte, from: vm, to: &sink) }
    let step = lines[vm].escape.take(byte)
    guard step == .text else {
      lines[vm].character.reset()
      if step == .complete { sequence(from: vm, to: &sink) }
      return
    }
    text(byte, from: vm, to: &sink)
  }

  /// Shows one byte of the hypervisor's own messages, which are shown by the line as a VM's are. They are plain text: nothing
  /// is to be looked for in them but the ends of lines.
  public mutating func report(_ byte: UInt8, to sink: inout some ByteSink & ~Copyable) {
    if byte == UInt8(ascii: "\n") {
      endLine(of: hypervisor, to: &sink)
    } else {
      keep(byte, of: hypervisor, to: &sink)
    }
  }

  /// Shows a literal as the hypervisor's own message. It ends with a newline, or is continued.
  @inline(never)
  public mutating func report(_ text: StaticString, to sink: inout some ByteSink & ~Copyable) {
    for index in 0..<text.utf8CodeUnitCount { unsafe report(text.utf8Start[index], to: &sink) }
  }

  /// Shows the name of VM `vm` in the hypervisor's own message.
  mutating func reportName(of vm: Int, to sink: inout some ByteSink & ~Copyable) {
    for index in 0..<lines[vm].name.count { report(lines[vm].name[index], to: &sink) }
  }

  /// Shows what `compose` writes as the hypervisor's own message: text and numbers, up to 512 bytes, with the newline.
  public mutating func report(to sink: inout some ByteSink & ~Copyable, _ compose: (inout ConsoleMessage) -> Void) {
    var message = ConsoleMessage()
    compose(&message)
    report(&message, to: &sink)
  }

  /// Shows a message that was composed before.
  @inline(never)
  public mutating func report(_ message: inout ConsoleMessage, to sink: inout some ByteSink & ~Copyable) {
    if lines[hypervisor].count == 0 && message.isLine {
      let interrupts = isMidLine
      interrupt(to: &sink)
      if isScreenGiven { Self.show("\r\n", on: &sink) }
      prefix(of: hypervisor, to: &sink)
      message.writeLine(to: &sink)
      breakLine(of: hypervisor, to: &sink)
      if interrupts { resume(to: &sink) }
      return
    }
    for index in 0..<message.count { report(message[index], to: &sink) }
  }

  /// Shows what VM `vm` has written of a line that it will not end, because it has stopped.
  public mutating func finish(_ vm: Int, to sink: inout some ByteSink & ~Copyable) {
    if vm == focus { takeScreen(to: &sink) }
    lines[vm].escape = EscapeSequence()
    lines[vm].character.reset()
    lines[vm].hasReturned = false
    if vm == focus ? isMidLine : lines[vm].count > 0 { endLine(of: vm, to: &sink) }
  }
}

extension ConsoleMultiplexer {
  /// A byte that belongs to no escape sequence.
  private mutating func text(_ byte: UInt8, from vm: Int, to sink: inout some ByteSink & ~Copyable) {
    guard byte < 0x80 else {
      if lines[vm].character.take(byte) { character(from: vm, to: &sink) }
      return
    }
    lines[vm].character.reset()
    switch byte {
    case UInt8(ascii: "\n"):
      lines[vm].hasReturned = false
      endLine(of: vm, to: &sink)
    // CR LF is one end of a line, and so is CR CR LF. What a CR means is known when the next byte is.
    case UInt8(ascii: "\r"): lines[vm].hasReturned = true
    case 0x07: if vm == focus { Self.show(byte, on: &sink) }
    case 0x08, UInt8(ascii: "\t"), 0x20...0x7e:
      if lines[vm].hasReturned { restartLine(of: vm, to: &sink) }
      if byte == 0x08 { goBack(in: vm, to: &sink) } else { put(byte, from: vm, to: &sink) }
    // Other control characters move the cursor out of the line, or change what characters look like.
    default: break
    }
  }

  /// A character of one byte.
  private mutating func put(_ byte: UInt8, from vm: Int, to sink: inout some ByteSink & ~Copyable) {
    if vm == focus {
      startLine(to: &sink)
      sink.write(byte)
    }
    keep(byte, of: vm, to: &sink)
  }

  /// A character of several bytes, which is complete.
  @inline(never)
  private mutating func character(from vm: Int, to sink: inout some ByteSink & ~Copyable) {
    if lines[vm].hasReturned { restartLine(of: vm, to: &sink) }
    if vm == focus {
      startLine(to: &sink)
      for index in 0..<lines[vm].character.count { Self.show(lines[vm].character.bytes[index], on: &sink) }
    }
    makeRoom(for: lines[vm].character.count, in: vm, to: &sink)
    lines[vm].appendCharacter()
  }

  /// A backspace, as far as the VM's own text goes.
  @inline(never)
  private mutating func goBack(in vm: Int, to sink: inout some ByteSink & ~Copyable) {
    guard lines[vm].dropCharacter() else { return }
    if vm == focus { Self.show(0x08, on: &sink) }
  }

  private mutating func keep(_ byte: UInt8, of vm: Int, to sink: inout some ByteSink & ~Copyable) {
    makeRoom(for: 1, in: vm, to: &sink)
    lines[vm].append(byte)
  }

  /// A complete escape sequence.
  @inline(never)
  private mutating func sequence(from vm: Int, to sink: inout some ByteSink & ~Copyable) {
    let isRendition = lines[vm].escape.isGraphicRendition
    if vm == focus {
      let leftward = lines[vm].escape.columnsToTheLeft
      guard isRendition || leftward > 0 || lines[vm].escape.staysToTheRight else { return }
      if lines[vm].hasReturned { restartLine(of: vm, to: &sink) }
      startLine(to: &sink)
      if leftward > 0 {
        for _ in 0..<leftward { goBack(in: vm, to: &sink) }
        return
      }
      for index in 0..<lines[vm].escape.count { Self.show(lines[vm].escape.bytes[index], on: &sink) }
    }
    guard isRendition else { return }
    makeRoom(for: lines[vm].escape.count, in: vm, to: &sink)
    lines[vm].appendSequence()
  }

  /// A kept line that has become too long is shown as far as it goes. The focus's line is on the screen already: only
  /// its end is remembered from here.
  private mutating func makeRoom(for more: Int, in vm: Int, to sink: inout some ByteSink & ~Copyable) {
    guard lines[vm].isFull(for: more) else { return }
    if vm == focus { lines[vm].forgetText() } else { endLine(of: vm, to: &sink) }
  }

  /// A bare CR: the focus writes over its line, as on a terminal; the others' earlier text becomes a line of its own.
  @inline(never)
  private mutating func restartLine(of vm: Int, to sink: inout some ByteSink & ~Copyable) {
    lines[vm].hasReturned = false
    if vm != focus {
      if lines[vm].count > 0 { endLine(of: vm, to: &sink) }
    } else if isMidLine {
      // The name is not to be shown as the VM's text was: it could be made invisible.
      if lines[vm].isRendered { Self.show("\u{1b}[0m", on: &sink) }
      Self.show(UInt8(ascii: "\r"), on: &sink)
      prefix(of: vm, to: &sink)
      lines[vm].clear()
    }
  }

  /// Ends the line that VM `vm` writes and shows it, if it is not shown yet.
  mutating func endLine(of vm: Int, to sink: inout some ByteSink & ~Copyable) {
    if vm == focus {
      startLine(to: &sink)
      breakLine(of: vm, to: &sink)
      isMidLine = false
      lines[vm].clear()
      return
    }
    let interrupts = isMidLine
    interrupt(to: &sink)
    if isScreenGiven { Self.show("\r\n", on: &sink) }
    show(vm, to: &sink)
    breakLine(of: vm, to: &sink)
    lines[vm].clear()
    if interrupts { resume(to: &sink) }
  }

  /// Leaves the host's cursor at the start of an empty line, whatever the focus has written. On a terminal the focus's
  /// unfinished line is wiped, because it is about to be shown again; without colours, it is ended.
  mutating func interrupt(to sink: inout some ByteSink & ~Copyable) {
    guard isMidLine else { return }
    if isColoured {
      if lines[focus].isRendered { Self.show("\u{1b}[0m", on: &sink) }
      Self.show("\r\u{1b}[K", on: &sink)
    } else {
      breakLine(of: focus, to: &sink)
    }
    isMidLine = false
  }

  /// Shows again what the focus has written of its line.
  mutating func resume(to sink: inout some ByteSink & ~Copyable) {
    show(focus, to: &sink)
    isMidLine = true
  }

  private mutating func startLine(to sink: inout some ByteSink & ~Copyable) {
    guard !isMidLine else { return }
    prefix(of: focus, to: &sink)
    isMidLine = true
  }

  private mutating func show(_ vm: Int, to sink: inout some ByteSink & ~Copyable) {
    prefix(of: vm, to: &sink)
    lines[vm].write(to: &sink)
  }

  func breakLine(of vm: Int, to sink: inout some ByteSink & ~Copyable) {
    if lines[vm].isRendered { Self.show("\u{1b}[0m", on: &sink) }
    Self.show("\r\n", on: &sink)
  }

  /// `[name] `, the brackets and the name in the VM's colour.
  private func prefix(of vm: Int, to sink: inout some ByteSink & ~Copyable) { lines[vm].writePrefix(to: &sink) }

  /// The SGR parameter of a VM's colour.
  private static func colour(of vm: Int) -> UInt64 {
    switch vm % 6 {
    case 0: 36
    case 1: 33
    case 2: 32
    case 3: 35
    case 4: 34
    default: 31
    }
  }
}
