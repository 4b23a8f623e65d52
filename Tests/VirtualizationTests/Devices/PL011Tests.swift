import Architecture
import TestSupport
import Testing

@testable import Virtualization

// Offsets and bits as DDI 0183G has them in chapter 3.
private let dr: UInt32 = 0x000
private let rsr: UInt32 = 0x004
private let fr: UInt32 = 0x018
private let lcrh: UInt32 = 0x02c
private let cr: UInt32 = 0x030
private let ifls: UInt32 = 0x034
private let imsc: UInt32 = 0x038
private let ris: UInt32 = 0x03c
private let mis: UInt32 = 0x040
private let icr: UInt32 = 0x044

private let rx: UInt64 = 0x10
private let tx: UInt64 = 0x20
private let rt: UInt64 = 0x40
private let oe: UInt64 = 0x400

extension PL011 {
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

  /// With FIFOs on, the trigger at `level` (UARTIFLS.RXIFLSEL), 8-bit words, enabled.
  fileprivate static func withFIFO(triggerSelect: UInt64 = 0b010) -> PL011 {
    var uart = PL011()
    uart.store(0x70, at: lcrh)
    uart.store(triggerSelect << 3, at: ifls)
    uart.store(0x301, at: cr)
    return uart
  }
}

@Suite("PL011", .timeLimited)
struct PL011Tests {
  @Test("Registers have the reset values of table 3-1")
  func resetValues() {
    var uart = PL011()
    #expect(uart.load(rsr) == 0)
    // TXFE and RXFE; the low three show a terminal that is ready.
    #expect(uart.load(fr) & 0b1_1111_1000 == 0b0_1001_0000)
    for offset: UInt32 in [0x020, 0x024, 0x028, lcrh, imsc, ris, mis, 0x048] { #expect(uart.load(offset) == 0) }
    #expect(uart.load(cr) == 0x300)
    #expect(uart.load(ifls) == 0x12)
    #expect(!uart.interruptLine)
  }

  @Test("The identification bytes are those of revision 3, which has 32-byte FIFOs")
  func identification() {
    var uart = PL011()
    let bytes = (0..<8).map { uart.load(0xfe0 + 4 * $0) }
    #expect(bytes == [0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1])
  }

  @Test(
    "Writable registers keep the bits that they have",
    arguments: [
      (UInt32(0x020), UInt64(0xff)), (0x024, 0xffff), (0x028, 0x3f), (0x02c, 0xff), (0x030, 0xff87), (0x034, 0x3f),
      (0x038, 0x7ff), (0x048, 0x7),
    ])
  func writable(offset: UInt32, mask: UInt64) {
    var uart = PL011()
    uart.store(0xffff_ffff, at: offset)
    #expect(uart.load(offset) == mask)
    uart.store(0, at: offset)
    #expect(uart.load(offset) == 0)
  }

  @Test("A character written comes out once, also by a byte store and before the guest has set anything up")
  func transmits() {
    var uart = PL011()
    #expect(uart.takeTransmitted() == nil)
    #expect(uart.write(0x141, offset: dr, width: .byte) == .handled(0))
    #expect(uart.takeTransmitted() == 0x41)
    #expect(uart.takeTransmitted() == nil)
    for byte: UInt8 in [0x00, 0x7f, 0x80, 0xff] {
      uart.store(UInt64(byte), at: dr)
      #expect(uart.takeTransmitted() == byte)
    }
    // TXFE is set and TXFF, BUSY are clear: a polling program goes on at once.
    #expect(uart.load(fr) & 0b1010_1000 == 0b1000_0000)
  }

  @Test("The transmit interrupt rises after a character, not before the first, and falls by UARTICR")
  func transmitInterrupt() {
    var uart = PL011.withFIFO()
    uart.store(tx, at: imsc)
    #expect(!uart.interruptLine)
    uart.store(0x41, at: dr)
    #expect(uart.interruptLine)
    #expect(uart.load(mis) == tx)
    uart.store(tx, at: icr)
    #expect(!uart.interruptLine)
    uart.store(0x42, at: dr)
    #expect(uart.interruptLine)
    uart.store(0, at: imsc)
    #expect(!uart.interruptLine)
    #expect(uart.load(ris) == tx)
  }

  @Test("While the line cannot keep up the transmit FIFO is full, and its interrupt tells when it is not any more")
  func heldTransmitter() {
    var uart = PL011.withFIFO()
    uart.store(tx, at: imsc)
    let (full, empty, busy): (UInt64, UInt64, UInt64) = (1 << 5, 1 << 7, 1 << 3)
    #expect(uart.load(fr) & (full | empty | busy) == empty)
    uart.isTransmitterHeld = true
    #expect(uart.load(fr) & (full | empty | busy) == full | busy)
    uart.store(0x41, at: dr)
    #expect(!uart.interruptLine)
    uart.isTransmitterHeld = false
    #expect(uart.interruptLine)
    #expect(uart.load(fr) & (full | empty | busy) == empty)
  }

  @Test("With FIFOs on the receiver takes 32 characters and gives them back in order; the 33rd stays with the caller")
  func receiveDepth() {
    var uart = PL011.withFIFO()
    for byte: UInt8 in 0..<32 {
      #expect(uart.canReceive)
      #expect(uart.receive(byte) == true)
    }
    #expect(!uart.canReceive)
    #expect(uart.receive(99) == false)
    #expect(uart.load(fr) & 0x50 == 0x40)
    for byte: UInt64 in 0..<32 { #expect(uart.load(dr) == byte) }
    #expect(uart.load(fr) & 0x50 == 0x10)
    #expect(uart.load(ris) & oe == 0)
  }

  @Test("With FIFOs off the receiver holds one character")
  func holdingRegister() {
    var uart = PL011()
    #expect(uart.receive(1) == true)
    #expect(uart.receive(2) == false)
    #expect(uart.load(fr) & 0x50 == 0x40)
    #expect(uart.load(ris) & rx == rx)
    #expect(uart.load(dr) == 1)
    #expect(uart.load(ris) & (rx | rt) == 0)
    #expect(uart.receive(2) == true)
  }

  @Test(
    "The receive interrupt rises at the trigger level",
    arguments: [
      (UInt64(0), 4), (1, 8), (2, 16), (3, 24), (4, 28),
    ])
  func triggerLevels(select: UInt64, level: Int) {
    var uart = PL011.withFIFO(triggerSelect: select)
    for count in 1...32 {
      #expect(uart.receive(0) == true)
      #expect((uart.load(ris) & rx != 0) == (count >= level))
    }
    for left in (0..<32).reversed() {
      _ = uart.load(dr)
      #expect((uart.load(ris) & rx != 0) == (left >= level))
    }
  }

  @Test("Below the trigger level the receive time-out tells that characters wait, until the last is read")
  func receiveTimeout() {
    var uart = PL011.withFIFO()
    uart.store(rx | rt, at: imsc)
    #expect(uart.receive(1) == true)
    #expect(uart.load(mis) == rt)
    #expect(uart.receive(2) == true)
    #expect(uart.load(dr) == 1)
    #expect(uart.load(mis) == rt)
    #expect(uart.load(dr) == 2)
    #expect(!uart.interruptLine)
  }

  @Test("A guest that clears the time-out and reads too little is told again")
  func noStrandedCharacters() {
    var uart = PL011.withFIFO()
    uart.store(rt, at: imsc)
    for byte: UInt8 in 1...3 { #expect(uart.receive(byte) == true) }
    uart.store(rt, at: icr)
    #expect(!uart.interruptLine)
    #expect(uart.load(dr) == 1)
    #expect(uart.interruptLine)
  }

  @Test("In loopback a character goes to the receiver and not out, and too many of them overrun")
  func loopback() {
    var uart = PL011.withFIFO()
    uart.store(0x381, at: cr)
    for byte: UInt64 in 0..<34 { uart.store(byte, at: dr) }
    #expect(uart.takeTransmitted() == nil)
    #expect(uart.load(ris) & oe == oe)
    #expect(uart.load(rsr) == 0x8)
    #expect(uart.load(dr) == 0)
    // The next character that finds room carries the news (DR bit 11); those before it do not.
    uart.store(0x55, at: dr)
    for byte: UInt64 in 1..<32 { #expect(uart.load(dr) == byte) }
    #expect(uart.load(dr) == 0x855)
    uart.store(0, at: rsr)
    #expect(uart.load(rsr) == 0)
    uart.store(oe, at: icr)
    #expect(uart.load(ris) & oe == 0)
  }

  @Test("In loopback nothing comes in from the wire, which has it until the loop is opened (DDI 0183G, 3.3.8)")
  func loopedWire() {
    var uart = PL011.withFIFO()
    uart.store(0x381, at: cr)
    #expect(!uart.canReceive && uart.receive(0x21) == false)
    uart.store(0x41, at: dr)
    #expect(uart.load(fr) & 0x50 == 0, "neither empty nor full")
    #expect(uart.load(dr) == 0x41)
    #expect(uart.load(fr) & 0x10 == 0x10)
    uart.store(0x301, at: cr)
    #expect(uart.receive(0x21) == true)
    #expect(uart.load(dr) == 0x21)
  }

  @Test("In loopback a break comes in as one zero with its error bit, and its interrupt falls by UARTICR")
  func loopedBreak() {
    var uart = PL011.withFIFO()
    uart.store(0x381, at: cr)
    uart.store(0x41, at: dr)
    uart.store(0x71, at: lcrh)
    uart.store(0x71, at: lcrh)
    #expect(uart.load(ris) & 0x780 == 0x200)
    #expect(uart.load(dr) == 0x41)
    #expect(uart.load(rsr) == 0)
    #expect(uart.load(dr) == 0x400)
    #expect(uart.load(rsr) == 0x4)
    #expect(uart.load(fr) & 0x10 == 0x10)
    uart.store(0x200, at: icr)
    #expect(uart.load(ris) & 0x780 == 0)
    // Not looped back it goes out, where nobody sees it.
    uart.store(0x301, at: cr)
    uart.store(0x70, at: lcrh)
    uart.store(0x71, at: lcrh)
    #expect(uart.load(fr) & 0x10 == 0x10)
    #expect(uart.load(ris) & 0x780 == 0)
  }

  @Test("A trigger level that is set below what waits raises the receive interrupt, and one above lets it fall")
  func changedTrigger() {
    var uart = PL011.withFIFO(triggerSelect: 0b010)
    for byte: UInt8 in 0..<8 { #expect(uart.receive(byte) == true) }
    #expect(uart.load(ris) & rx == 0)
    uart.store(0b001 << 3, at: ifls)
    #expect(uart.load(ris) & rx == rx)
    uart.store(rx, at: icr)
    uart.store(0b001 << 3, at: ifls)
    #expect(uart.load(ris) & rx == 0, "a store that changes nothing raises nothing")
    uart.store(0b000 << 3, at: ifls)
    #expect(uart.load(ris) & rx == 0, "nor one to a level that was reached before")
    uart.store(0b010 << 3, at: ifls)
    uart.store(0b001 << 3, at: ifls)
    #expect(uart.load(ris) & rx == rx)
    uart.store(0b100 << 3, at: ifls)
    #expect(uart.load(ris) & rx == 0)
    uart.store(0x60, at: lcrh)
    #expect(uart.load(ris) & rx == rx, "without FIFOs one character is enough")
  }

  @Test("UARTICR clears the interrupts whose bits are set, and no other")
  func selectiveClear() {
    var uart = PL011.withFIFO(triggerSelect: 0)
    for byte: UInt8 in 0..<4 { _ = uart.receive(byte) }
    uart.store(0x41, at: dr)
    let all = rx | tx | rt
    #expect(uart.load(ris) & all == all)
    uart.store(tx, at: icr)
    #expect(uart.load(ris) & all == rx | rt)
    uart.store(rx, at: icr)
    #expect(uart.load(ris) & all == rt)
  }

  @Test("In loopback each modem output raises the interrupt of the input that it is: RTS, DTR, Out1, Out2")
  func modemInterrupts() {
    // UARTCR: LBE 7, DTR 10, RTS 11, Out1 12, Out2 13. UARTRIS: RI 0, CTS 1, DCD 2, DSR 3 (DDI 0183G §2.4.7, §3.3.11).
    for (output, interrupt) in [(10, 3), (11, 1), (12, 2), (13, 0)] as [(UInt64, UInt64)] {
      var uart = PL011()
      uart.store(0x381, at: cr)
      uart.store(0x7ff, at: icr)
      let before = uart.load(cr)
      uart.store(before ^ 1 << output, at: cr)
      let raised = uart.load(ris) & 0xf
      #expect(raised == 1 << interrupt, "output \(output)")
    }
  }

  @Test(
    "A lost character is told of by the next one that is stored, and by no other; UARTRSR keeps it until it is cleared")
  func overrunOnce() {
    var uart = PL011.withFIFO()
    uart.store(0x381, at: cr)
    for byte in 0..<33 as Range<UInt64> { uart.store(byte, at: dr) }
    #expect(uart.load(ris) & oe == oe)
    for byte in 0..<32 as Range<UInt64> { #expect(uart.load(dr) == byte) }
    for byte: UInt64 in [0x41, 0x42] { uart.store(byte, at: dr) }
    #expect(uart.load(rsr) == 1 << 3)
    #expect(uart.load(dr) == 0x41 | 1 << 11)
    #expect(uart.load(dr) == 0x42)
    #expect(uart.load(rsr) == 1 << 3)
    uart.store(0, at: rsr)
    #expect(uart.load(rsr) == 0)
  }

  @Test("DMA is not there: its register keeps what is written and no character goes another way")
  func directMemoryAccess() {
    var uart = PL011.withFIFO()
    uart.store(0x7, at: 0x048)
    #expect(uart.receive(0x41) == true)
    uart.store(0x42, at: dr)
    #expect(uart.takeTransmitted() == 0x42)
    #expect(uart.load(dr) == 0x41)
    #expect(uart.load(0x048) == 0x7)
  }

  @Test("In loopback the modem outputs are the inputs, and a change raises their interrupts")
  func modemLoopback() {
    var uart = PL011()
    uart.store(0x380, at: cr)
    #expect(uart.load(fr) & 0x107 == 0)
    uart.store(0x7ff, at: icr)
    // RTS (11) shows as CTS (0), interrupt 1; Out2 (13) as RI (8), interrupt 0.
    uart.store(0x380 | 1 << 11 | 1 << 13, at: cr)
    #expect(uart.load(fr) & 0x107 == 0x101)
    #expect(uart.load(ris) & 0xf == 0b0011)
  }

  @Test("Reserved offsets, unaligned and 64-bit accesses are unhandled; read-only registers ignore stores")
  func oddAccesses() {
    var uart = PL011()
    #expect(uart.read(offset: 0x008, width: .word) == .unhandled)
    #expect(uart.write(0, offset: 0x04c, width: .word) == .unhandled)
    #expect(uart.read(offset: 0xfffc, width: .word) == .unhandled)
    #expect(uart.read(offset: .max, width: .byte) == .unhandled)
    #expect(uart.read(offset: 0x019, width: .byte) == .unhandled)
    #expect(uart.read(offset: fr, width: .doubleword) == .unhandled)
    let before = uart.load(fr)
    uart.store(0xffff_ffff, at: fr)
    uart.store(0xffff_ffff, at: ris)
    uart.store(0, at: 0xfe0)
    #expect(uart.load(fr) == before)
    #expect(uart.load(ris) == 0)
    #expect(uart.load(0xfe0) == 0x11)
  }

  @Test("A reset forgets characters, masks and interrupts")
  func resets() {
    var uart = PL011.withFIFO()
    uart.store(0x7ff, at: imsc)
    uart.store(1, at: dr)
    #expect(uart.receive(1) == true)
    uart.reset()
    #expect(!uart.interruptLine)
    #expect(uart.takeTransmitted() == nil)
    #expect(uart.load(fr) & 0x10 == 0x10)
    #expect(uart.load(imsc) == 0)
  }
}
