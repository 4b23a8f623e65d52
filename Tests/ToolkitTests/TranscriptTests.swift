import TestSupport
import Testing

@testable import Toolkit

private typealias Transcript = Toolkit.Transcript

@Suite("A console's transcript", .timeLimited)
struct TranscriptTests {
  @Test("has no terminal escapes, wherever the pieces are cut", arguments: 1...20)
  func escapes(size: Int) {
    let bytes = Array("\u{1B}[36m[a]\u{1B}[0m one\r\n\u{1B}]0;title\u{07}\u{1B}[6n[b] two\u{1B}=\n".utf8)
    var transcript = Transcript()
    for start in stride(from: 0, to: bytes.count, by: size) {
      transcript.append(bytes[start..<min(start + size, bytes.count)])
    }
    #expect(transcript.text == "[a] one\n[b] two\n")
  }

  @Test("tells the speakers apart")
  func speakers() {
    var transcript = Transcript()
    transcript.append("boot\n[a] one\n[b] x\n[tvisor] y\n[a] tw\n[b] z\n[a] two".utf8)
    #expect(transcript.text(of: "a") == "one\ntw\ntwo")
    #expect(transcript.text(of: "tvisor") == "y\n")
    #expect(transcript.text(of: "c") == "")
  }

  @Test("takes what is written over a line's beginning as another line")
  func returns() {
    var transcript = Transcript()
    transcript.append("[a] prompt$ \r\u{1B}[K[b] tick\r\n[a] prompt$ go\r\r\n".utf8)
    #expect(transcript.text == "[a] prompt$ \n[b] tick\n[a] prompt$ go\n")
    #expect(transcript.text(of: "b") == "tick\n")
    #expect(transcript.text(of: "a") == "prompt$ \nprompt$ go\n")
  }

  @Test("shows its last lines")
  func tail() {
    var transcript = Transcript()
    transcript.append("1\n2\n3\n4".utf8)
    #expect(transcript.tail(2) == "3\n4")
  }
}

@Suite("The symbolizer", .timeLimited)
struct SymbolizerTests {
  @Test(
    "finds the hypervisor's code addresses and leaves guests' lines alone",
    arguments: [
      ("[tvisor] #3 0x0000008000012345", [0x80_0001_2345]),
      ("#0: 0x10", [0x10]),
      ("[tvisor] pc=0x20 lr=0x7f80_0000_0030 sp=0x40", [0x20, 0x7F80_0000_0030]),
      ("[tvisor] ELR_EL2 0x50, FAR_EL2 0x60", [0x50]),
      ("[debian] pc : 0x70", []),
      ("nothing", []),
    ] as [(String, [UInt64])])
  func addresses(line: String, expected: [UInt64]) {
    #expect(Symbolizer.addresses(in: line) == expected)
  }
}
