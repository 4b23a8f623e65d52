import Architecture
import TestSupport
import Testing

@testable import Virtualization

/// What a terminal was sent.
private struct Screen: ByteSink {
  var bytes: [UInt8] = []
  mutating func write(_ byte: UInt8) { bytes.append(byte) }
  var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// A console of two VMs, `linux` and `rt`, without colours, and its screen.
private struct Desk: ~Copyable {
  var console: ConsoleMultiplexer
  var screen = Screen()

  init(isColoured: Bool = false, vmCount: Int = 2) throws {
    var arena = TestArena()
    console = try ConsoleMultiplexer(vmCount: vmCount, isColoured: isColoured, in: &arena) { index in
      index == 0 ? ConsoleName("linux") : index == 1 ? ConsoleName("rt") : ConsoleName("other")
    }
  }

  mutating func say(_ text: String, from vm: Int) {
    for byte in text.utf8 { console.output(byte, from: vm, to: &screen) }
  }

  mutating func type(_ text: String) -> [ConsoleInput] {
    text.utf8.map { console.input($0, to: &screen) }
  }

  /// What has come to the screen since it was asked last.
  mutating func shown() -> String {
    defer { screen.bytes = [] }
    return screen.text
  }
}

@Suite("Console output", .timeLimited)
struct ConsoleOutputTests {
  @Test("The focused VM's bytes are shown at once, after its name")
  func focusedAtOnce() throws {
    var desk = try Desk()
    desk.say("l", from: 0)
    #expect(desk.shown() == "[linux] l")
    desk.say("ogin: ", from: 0)
    #expect(desk.shown() == "ogin: ")
  }

  @Test("Another VM's line is shown when it is complete")
  func othersByTheLine() throws {
    var desk = try Desk()
    desk.say("tick 1", from: 1)
    #expect(desk.shown() == "")
    desk.say("\n", from: 1)
    #expect(desk.shown() == "[rt] tick 1\r\n")
  }

  @Test("Another VM's line in the middle of the focus's comes after it, and the focus's is shown again")
  func interleaving() throws {
    var desk = try Desk()
    desk.say("# ls", from: 0)
    _ = desk.shown()
    desk.say("tick\n", from: 1)
    #expect(desk.shown() == "\r\n[rt] tick\r\n[linux] # ls")
    desk.say(" -l\n", from: 0)
    #expect(desk.shown() == " -l\r\n")
    desk.say("tock\n", from: 1)
    #expect(desk.shown() == "[rt] tock\r\n")
  }

  @Test("LF, CR LF and CR CR LF each end one line", arguments: ["\n", "\r\n", "\r\r\n"])
  func lineEnds(end: String) throws {
    var desk = try Desk()
    desk.say("a\(end)b\(end)", from: 0)
    desk.say("c\(end)d\(end)", from: 1)
    #expect(desk.shown() == "[linux] a\r\n[linux] b\r\n[rt] c\r\n[rt] d\r\n")
  }

  @Test("LF CR ends one line too")
  func swappedLineEnd() throws {
    var desk = try Desk()
    desk.say("a\n\rb\n\r", from: 0)
    desk.say("c\n\rd\n\r", from: 1)
    #expect(desk.shown() == "[linux] a\r\n[linux] b\r\n[rt] c\r\n[rt] d\r\n")
  }

  @Test("An empty line stays one")
  func emptyLine() throws {
    var desk = try Desk()
    desk.say("a\r\n\r\nb\r\n", from: 0)
    #expect(desk.shown() == "[linux] a\r\n[linux] \r\n[linux] b\r\n")
  }

  @Test("A bare CR writes over the focus's line, name and all, and loses nothing of another's")
  func carriageReturn() throws {
    var desk = try Desk()
    desk.say("10%\r20%\n", from: 0)
    #expect(desk.shown() == "[linux] 10%\r[linux] 20%\r\n")
    desk.say("10%\r20%\n", from: 1)
    #expect(desk.shown() == "[rt] 10%\r\n[rt] 20%\r\n")
  }

  @Test("A backspace is taken back from what is shown again")
  func backspace() throws {
    var desk = try Desk()
    desk.say("# lx\u{8} \u{8}s", from: 0)
    _ = desk.shown()
    desk.say("tick\n", from: 1)
    #expect(desk.shown() == "\r\n[rt] tick\r\n[linux] # ls")
  }

  @Test("A line that is too long to keep is shown in pieces, nothing of it lost")
  func longLine() throws {
    var desk = try Desk()
    let long = String(repeating: "x", count: 600)
    desk.say(long + "\n", from: 1)
    let lines = desk.shown().split(separator: "\r\n")
    #expect(lines.count == 2)
    #expect(lines.allSatisfy { $0.hasPrefix("[rt] ") })
    #expect(lines.map { $0.dropFirst(5) }.joined() == long)
  }

  @Test("A long line of the focus is not broken, and its end is shown again")
  func longFocusedLine() throws {
    var desk = try Desk()
    let long = String(repeating: "x", count: 600)
    desk.say(long, from: 0)
    #expect(desk.shown() == "[linux] " + long)
    desk.say("tick\n", from: 1)
    #expect(desk.shown().hasPrefix("\r\n[rt] tick\r\n[linux] xxx"))
  }

  @Test("A colour is shown whole, taken back at the end of the line, and set again with the line")
  func colours() throws {
    var desk = try Desk()
    desk.say("\u{1b}[3", from: 0)
    #expect(desk.shown() == "")
    desk.say("tick\n", from: 1)
    #expect(desk.shown() == "[rt] tick\r\n")
    desk.say("1mred", from: 0)
    #expect(desk.shown() == "[linux] \u{1b}[31mred")
    desk.say("\u{1b}[32mok\n", from: 1)
    #expect(
      desk.shown() == "\u{1b}[0m\r\n[rt] \u{1b}[32mok\u{1b}[0m\r\n[linux] \u{1b}[31mred")
    desk.say("\n", from: 0)
    #expect(desk.shown() == "\u{1b}[0m\r\n")
    desk.say("plain\n", from: 0)
    #expect(desk.shown() == "[linux] plain\r\n")
  }

  @Test("What moves the cursor out of the line passes from nobody")
  func cursor() throws {
    var desk = try Desk()
    for vm in 0...1 {
      desk.say("a\u{1b}[2J\u{1b}[H\u{1b}7\u{1b}[6n\u{1b}c\u{1b}[5G\u{1b}[1K\u{1b}[2A\u{b}\u{c}\u{e}b\n", from: vm)
      #expect(desk.shown() == (vm == 0 ? "[linux] ab\r\n" : "[rt] ab\r\n"))
    }
  }

  @Test("What edits a line passes from the focus, and nothing of it reaches the name")
  func editing() throws {
    var desk = try Desk()
    desk.say("# ab\u{1b}[K\u{1b}[2C\u{1b}[1P\u{1b}[@\u{1b}[J", from: 0)
    #expect(desk.shown() == "[linux] # ab\u{1b}[K\u{1b}[2C\u{1b}[1P\u{1b}[@\u{1b}[J")
    desk.say("\u{8}\u{1b}[2D\u{8}\u{8}\u{1b}[9D", from: 0)
    #expect(desk.shown() == "\u{8}\u{8}\u{8}\u{8}")
    // Without a number it is one column, and so is zero (ECMA-48, CUB).
    desk.say("abc\u{1b}[D", from: 0)
    #expect(desk.shown() == "abc\u{8}")
    desk.say("\u{1b}[0D\u{8}", from: 0)
    #expect(desk.shown() == "\u{8}\u{8}")
    desk.say("\u{1b}[31m\u{8}x\u{8}\u{8}", from: 0)
    #expect(desk.shown() == "\u{1b}[31mx\u{8}", "half a sequence would be another one")
    desk.say("é\u{8}漢\u{8}", from: 0)
    #expect(desk.shown() == "é\u{8}漢", "only what surely has one column")
  }

  @Test("A colour that would hide the name does not outlive a CR")
  func hiddenName() throws {
    var desk = try Desk()
    desk.say("\u{1b}[8mx\ry", from: 0)
    #expect(desk.shown() == "[linux] \u{1b}[8mx\u{1b}[0m\r[linux] y")
  }

  @Test("Only whole, well-formed characters pass, from anybody")
  func wellFormed() throws {
    var desk = try Desk()
    for vm in 0...1 {
      let prefix = vm == 0 ? "[linux] " : "[rt] "
      // C1 controls, alone and by halves; overlong forms, surrogates, beyond the last; a lead alone.
      let bad: [[UInt8]] = [
        [0x9b], [0x90], [0x9d], [0x85], [0xc2, 0x9b], [0xc2, 0x1b, 0x5b, 0x6d, 0x9b], [0xc2, 0x00, 0x9b], [0xc0, 0x9b],
        [0xe0, 0x82, 0x9b], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xf0, 0x80, 0x82, 0x9b], [0xff],
        [0xe2, 0x82],
        [0xe2, 0x80, 0xa8], [0xe2, 0x80, 0xae], [0xe2, 0x81, 0xa7], [0xd8, 0x9c],
      ]
      for bytes in bad {
        for byte in [0x61] + bytes + [0x62, 0x0a] { desk.console.output(byte, from: vm, to: &desk.screen) }
        let shown = desk.shown().replacing("\u{1b}[m", with: "").replacing("\u{1b}[0m", with: "")
        #expect(shown == prefix + "ab\r\n", "\(bytes)")
      }
      desk.say("é߿ࠀ€\u{d7ff}\u{e000}\u{ffff}𐀀\u{10ffff}\n", from: vm)
      #expect(desk.shown() == prefix + "é߿ࠀ€\u{d7ff}\u{e000}\u{ffff}𐀀\u{10ffff}\r\n")
    }
  }

  @Test("What a terminal would answer passes from nobody: the answer would be typed to the focus")
  func queries() throws {
    var desk = try Desk()
    for query in ["\u{1b}[?4m", "\u{1b}[=1m", "\u{1b}[1 m", "\u{1b}[6n", "\u{9b}6n", "\u{85}", "\u{9d}52;c;?"] {
      desk.say("a\(query)b\n", from: 1)
      let shown = desk.shown()
      #expect(!shown.utf8.contains(0x1b) && !shown.unicodeScalars.contains { 0x80...0x9f ~= $0.value })
      #expect(shown.hasPrefix("[rt] a") && shown.hasSuffix("b\r\n"))
    }
    desk.say("\u{1b}[1;38:5:3mÄ – ü\n", from: 1)
    #expect(desk.shown() == "[rt] \u{1b}[1;38:5:3mÄ – ü\u{1b}[0m\r\n")
    desk.say("\u{9b}6n", from: 0)
    #expect(desk.shown() == "[linux] 6n")
  }

  @Test("A terminal's title and other strings are not shown, and one that is never closed swallows one line at most")
  func strings() throws {
    var desk = try Desk()
    desk.say("\u{1b}]0;title\u{7}a\u{1b}P1$r\u{1b}\\b\n", from: 0)
    #expect(desk.shown() == "[linux] ab\r\n")
    desk.say("\u{1b}]lost\nkept\n", from: 0)
    #expect(desk.shown() == "[linux] \r\n[linux] kept\r\n")
  }

  @Test("A sequence without end, or longer than any, does no harm")
  func brokenSequences() throws {
    var desk = try Desk()
    desk.say("a\u{1b}[12\nb\u{1b}[" + String(repeating: "1;", count: 500) + "mc\n", from: 0)
    #expect(desk.shown() == "[linux] a\r\n[linux] bc\r\n")
  }

  @Test("No bytes whatever stop the console")
  func anyBytes() throws {
    var desk = try Desk()
    var state: UInt64 = 1
    for _ in 0..<50_000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let byte = UInt8(truncatingIfNeeded: state >> 33)
      desk.console.output(byte, from: Int(state >> 60 & 1), to: &desk.screen)
    }
    desk.console.finish(0, to: &desk.screen)
    desk.console.finish(1, to: &desk.screen)
    _ = desk.shown()
    desk.say("ok\n", from: 1)
    #expect(desk.shown() == "[rt] ok\r\n")
  }

  @Test("The hypervisor's own messages are lines among the others")
  func report() throws {
    var desk = try Desk()
    desk.say("# ", from: 0)
    desk.console.report("VM rt has stopped\n", to: &desk.screen)
    #expect(desk.shown() == "[linux] # \r\n[tvisor] VM rt has stopped\r\n[linux] # ")
  }

  @Test("A message is composed of text and numbers, and cut where it is longer than a line may be")
  func compose() throws {
    var desk = try Desk()
    desk.console.report(to: &desk.screen) { message in
      message.write("VM ")
      message.write(decimal: 1)
      message.write(" faulted at ")
      message.write(hexadecimal: 0xbeef)
      message.write("\n")
    }
    #expect(desk.shown() == "[tvisor] VM 1 faulted at 0xbeef\r\n")
    desk.console.report(to: &desk.screen) { message in for _ in 0..<1_000 { message.write(0x78) } }
    desk.console.report("\n", to: &desk.screen)
    #expect(desk.shown() == "[tvisor] " + String(repeating: "x", count: 512) + "\r\n")
  }

  @Test("The last words of a VM that stops are shown")
  func finish() throws {
    var desk = try Desk()
    desk.say("panic", from: 1)
    desk.console.finish(1, to: &desk.screen)
    #expect(desk.shown() == "[rt] panic\r\n")
    desk.console.finish(1, to: &desk.screen)
    desk.console.finish(0, to: &desk.screen)
    #expect(desk.shown() == "")
  }

  @Test("Colour is around the name only, and differs between neighbours")
  func prefixColour() throws {
    var desk = try Desk(isColoured: true)
    desk.say("a\n", from: 0)
    desk.say("b\n", from: 1)
    #expect(desk.shown() == "\u{1b}[36m[linux]\u{1b}[0m a\r\n\u{1b}[33m[rt]\u{1b}[0m b\r\n")
  }

  @Test("A name has 32 bytes at the most, and none that does not print")
  func names() throws {
    let name = ConsoleName([UInt8](("a\u{1b}" + String(repeating: "b", count: 40)).utf8).span)
    #expect(name.count == 32)
    #expect(name[0] == UInt8(ascii: "a"))
    #expect(name[1] == UInt8(ascii: "?"))
  }
}

@Suite("Console input", .timeLimited)
struct ConsoleInputTests {
  @Test("What is typed goes to VM 0 at first")
  func delivers() throws {
    var desk = try Desk()
    #expect(desk.type("a\r") == [.deliver(vm: 0, byte: 0x61), .deliver(vm: 0, byte: 0x0d)])
  }

  @Test("Ctrl-T and a digit give the input to another VM, whose prompt appears")
  func selects() throws {
    var desk = try Desk()
    desk.say("# ", from: 0)
    desk.say("rt> ", from: 1)
    _ = desk.shown()
    #expect(desk.type("\u{14}1x") == [.none, .selected(vm: 1), .deliver(vm: 1, byte: 0x78)])
    #expect(desk.shown() == "\r\n[tvisor] input goes to rt\r\n[rt] rt> ")
    desk.say("x", from: 1)
    #expect(desk.shown() == "x")
    desk.say("more\n", from: 0)
    #expect(desk.shown() == "\r\n[linux] # more\r\n[rt] rt> x")
  }

  @Test("Ctrl-T f gives the screen to the focus alone, and says so before and after")
  func screen() throws {
    var desk = try Desk()
    desk.say("# ", from: 0)
    _ = desk.type("\u{14}f")
    #expect(desk.shown().contains("[tvisor] until Ctrl-T f, the screen is alone for linux\r\n"))
    desk.say("\u{1b}[2J\u{1b}[H[rt] x\n", from: 0)
    #expect(desk.shown() == "\u{1b}[2J\u{1b}[H[rt] x\n")
    desk.say("one\ntwo\n", from: 1)
    #expect(desk.shown() == "")
    desk.console.report("VM rt has stopped\n", to: &desk.screen)
    #expect(desk.shown() == "\r\n[tvisor] VM rt has stopped\r\n")
    // Whether it is composed or not: wherever the program has left the cursor, the message begins a line.
    desk.console.report(to: &desk.screen) { $0.write("VM rt has stopped\n") }
    #expect(desk.shown() == "\r\n[tvisor] VM rt has stopped\r\n")
    _ = desk.type("\u{14}f")
    #expect(desk.shown().contains("[tvisor] the screen is everybody's again; lines of others were not shown\r\n"))
    desk.say("\u{1b}[2Jx", from: 0)
    #expect(desk.shown() == "[linux] x")
  }

  @Test("The screen comes back when the focus changes, and when its VM stops")
  func screenReturns() throws {
    var desk = try Desk()
    _ = desk.type("\u{14}f")
    _ = desk.type("\u{14}1")
    #expect(desk.shown().contains("the screen is everybody's again"))
    _ = desk.type("\u{14}f")
    _ = desk.shown()
    desk.console.finish(1, to: &desk.screen)
    #expect(desk.shown().contains("the screen is everybody's again"))
    let isStillGiven = desk.console.isScreenGiven
    #expect(!isStillGiven)
  }

  @Test("Ctrl-T twice sends one Ctrl-T")
  func literal() throws {
    var desk = try Desk()
    #expect(desk.type("\u{14}\u{14}") == [.none, .deliver(vm: 0, byte: 0x14)])
  }

  @Test("Ctrl-T x and Ctrl-T q ask for the end", arguments: ["x", "q"])
  func stops(key: String) throws {
    var desk = try Desk()
    #expect(desk.type("\u{14}" + key) == [.none, .stop])
  }

  @Test("A digit without a VM, and a key without a meaning, say so and change nothing")
  func unknown() throws {
    var desk = try Desk()
    #expect(desk.type("\u{14}7") == [.none, .none])
    #expect(desk.shown() == "[tvisor] Ctrl-T: no such VM\r\n")
    #expect(desk.type("\u{14}z") == [.none, .none])
    #expect(desk.shown() == "[tvisor] Ctrl-T: no such command (Ctrl-T ? lists them)\r\n")
    #expect(desk.type("a") == [.deliver(vm: 0, byte: 0x61)])
  }

  @Test("Ctrl-T ? lists the VMs and the keys")
  func help() throws {
    var desk = try Desk()
    #expect(desk.type("\u{14}?") == [.none, .none])
    let help = desk.shown()
    for line in ["Ctrl-T 0  input to linux", "Ctrl-T 1  input to rt", "Ctrl-T x"] { #expect(help.contains(line)) }
    #expect(help.split(separator: "\r\n").allSatisfy { $0.hasPrefix("[tvisor] ") })
  }
}
