import Drivers
import TestSupport
import Testing

/// UARTs that a table describes, each against its registers. QEMU plays none of their boards.
@Suite("A UART that is data", .timeLimited)
struct UARTLayoutTests {
  /// What a chip's manual, or Linux' driver for it, says of its registers.
  struct Known: Sendable, CustomTestStringConvertible {
    var name: String
    /// Where a byte goes, and where one comes from.
    var transmit: Int
    var receive: Int
    /// The register that says whether there is room, with values for no and yes.
    var room: (at: Int, no: UInt32, yes: UInt32)
    /// The register that says whether something came, with values for no and yes.
    var received: (at: Int, no: UInt32, yes: UInt32)
    /// The register of interrupts, with what it has for received bytes alone, and with room besides.
    var interrupts: (at: Int, receiving: UInt32, sending: UInt32)
    /// Further registers behind the set-up.
    var setup: [Int: UInt32] = [:]
    /// Further registers behind a byte that was sent.
    var sent: [Int: UInt32] = [:]
    var testDescription: String { name }
  }

  private static let known = [
    // S905 datasheet, UART: TX_FULL 21, RX_EMPTY 20; enables of interrupts 27 and 28, of transmitter and receiver 12 and 13.
    Known(
      name: "amlogic,meson-gx-uart", transmit: 0x00, receive: 0x04, room: (0x0c, 1 << 21, 0),
      received: (0x0c, 1 << 20, 0), interrupts: (0x08, 0x0800_3000, 0x1800_3000), setup: [0x10: 0x2001]),
    // SR: TXEMT 3, RXRDY 0. IMR: TXLEV 0, RXSTALE 3, RXLEV 4. NCF_TX says 1 for one character.
    Known(
      name: "qcom,msm-uartdm", transmit: 0x70, receive: 0x70, room: (0x08, 0, 1 << 3), received: (0x08, 0, 1),
      interrupts: (0x14, 0b1_1000, 0b1_1001), setup: [0x3c: 1 << 5, 0x10: 0b101, 0x1c: 0, 0x20: 0],
      sent: [0x10: 0x300, 0x40: 1]),
    // GENI_STATUS: M_CMD_ACTIVE 0. RX_FIFO_STATUS: words in 24:0. Opcode 1 at 31:27 is START_TX of M_CMD0, START_READ of S_CMD0.
    Known(
      name: "qcom,geni-debug-uart", transmit: 0x700, receive: 0x780, room: (0x40, 1, 0), received: (0x804, 0, 1),
      interrupts: (0x614, 0x8c00_0000, 0x8c00_0001),
      setup: [0x260: 0xf, 0x264: 0, 0x284: 0xf, 0x288: 0, 0x630: 0x0800_0000, 0x644: 0x0c00_0000, 0xe1c: 0b1100],
      sent: [0x270: 1, 0x600: 0x0800_0000]),
    // S5PV210 user's manual, UART: UFSTAT has the transmit FIFO's fullness at 24, the received count in 7:0; UINTM masks
    // RXD 0, ERROR 1, TXD 2, MODEM 3.
    Known(
      name: "samsung,exynos4210-uart", transmit: 0x20, receive: 0x24, room: (0x18, 1 << 24, 0),
      received: (0x18, 0, 0x100), interrupts: (0x38, 0b1110, 0b1010), setup: [0x04: 0x305, 0x08: 1, 0x30: 0xf]),
    // Armada 3700 hardware specification, UART1: STAT has TX_FIFO_FULL 11 and RX_RDY 4, CTRL the interrupts 5 and 4.
    Known(
      name: "marvell,armada-3700-uart", transmit: 0x04, receive: 0x00, room: (0x0c, 1 << 11, 1 << 5),
      received: (0x0c, 0, 1 << 4), interrupts: (0x08, 1 << 4, 0b11 << 4)),
    // IMX8DQXPRM, LPUART: VERID and PARAM and two more come before BAUD; STAT has TDRE 23 and RDRF 21, CTRL TIE 23, RIE 21, TE 19,
    // RE 18.
    Known(
      name: "fsl,imx8qxp-lpuart", transmit: 0x1c, receive: 0x1c, room: (0x14, 0, 1 << 23),
      received: (0x14, 0, 1 << 21), interrupts: (0x18, 0x002c_0000, 0x00ac_0000), setup: [0x2c: 0]),
    Known(
      name: "fsl,ls1028a-lpuart", transmit: 0x0c, receive: 0x0c, room: (0x04, 0, 1 << 23),
      received: (0x04, 0, 1 << 21), interrupts: (0x08, 0x002c_0000, 0x00ac_0000)),
  ]

  private static func port(_ name: String, at registers: RegisterFile) throws -> ConsolePort {
    let model = try #require(ConsoleModel.first { "\($0)" == name })
    return model.port(base: registers.base, shift: nil, width: nil)
  }

  @Test("sends, receives and interrupts by the registers that its chip has", arguments: known)
  func registers(known: Known) throws {
    let registers = RegisterFile()
    let port = try Self.port(known.name, at: registers)
    port.initialize()
    for (offset, value) in known.setup { #expect(registers[offset] == value, "\(offset)") }
    #expect(registers[known.interrupts.at] == known.interrupts.receiving)

    registers[known.room.at] = known.room.no
    #expect(port.transmitRoom == 0)
    registers[known.room.at] = known.room.yes
    #expect(port.transmitRoom == 1)
    port.transmit(0x41)
    #expect(registers[known.transmit] == 0x41)
    for (offset, value) in known.sent { #expect(registers[offset] == value, "\(offset)") }

    registers[known.received.at] = known.received.no
    #expect(port.receive() == nil)
    registers[known.received.at] = known.received.yes
    registers[known.receive] = 0xff42
    #expect(port.receive() == 0x42)

    registers[known.interrupts.at] = known.interrupts.receiving
    port.setTransmitInterrupt(true)
    #expect(registers[known.interrupts.at] == known.interrupts.sending)
    port.setTransmitInterrupt(false)
    #expect(registers[known.interrupts.at] == known.interrupts.receiving)
  }

  @Test("SCIF: 16-bit registers; what its status says stays until zeros are written over it")
  func scif() throws {
    // R-Car hardware manual, SCIF: SCSCR has TIE 7, RIE 6, TE 5, RE 4; SCFSR TEND 6, TDFE 5, RDF 1, DR 0.
    let registers = RegisterFile()
    let port = try Self.port("renesas,scif", at: registers)
    port.initialize()
    #expect(registers[0x08] == 0x70)
    #expect(port.transmitRoom == 0)
    registers[0x10] = 0x60
    #expect(port.transmitRoom == 1)
    port.transmit(0x41)
    #expect(registers[byte: 0x0c] == 0x41)
    #expect(registers[0x10] == 0)
    #expect(port.receive() == nil)
    registers[0x10] = 0x61
    registers[byte: 0x14] = 0x42
    #expect(port.receive() == 0x42)
    #expect(registers[0x10] == 0x60)
    port.setTransmitInterrupt(true)
    #expect(registers[0x08] == 0xf0)
  }

  @Test("keeps what the firmware set in registers that it shares")
  func neighbours() throws {
    let registers = RegisterFile()
    // Data length, stop bits and the two-wire mode of Meson's CONTROL.
    registers[0x08] = 1 << 15 | 1 << 28
    try Self.port("amlogic,meson-ao-uart", at: registers).initialize()
    #expect(registers[0x08] == 1 << 15 | 1 << 12 | 1 << 13 | 1 << 27)
    let low = RegisterFile()
    low[0x18] = 1 << 4
    low[0x2c] = 0x0002_0003
    try Self.port("fsl,imx7ulp-lpuart", at: low).initialize()
    #expect(low[0x18] & 1 << 4 != 0)
    #expect(low[0x2c] == 0)
  }

  @Test("of Samsung's has its data read and written as wide as the tree says")
  func width() throws {
    let model = try #require(ConsoleModel.first { "\($0)" == "samsung,exynos4210-uart" })
    let registers = RegisterFile()
    registers[0x20] = 0xffff_ffff
    model.port(base: registers.base, shift: nil, width: nil).transmit(0)
    #expect(registers[0x20] == 0xffff_ff00)
    model.port(base: registers.base, shift: nil, width: 4).transmit(0)
    #expect(registers[0x20] == 0)
  }

  @Test("may master the bus where it has DMA of its own: GENI")
  func masters() throws {
    for model in ["qcom,geni-uart", "qcom,geni-debug-uart"] {
      #expect(try #require(ConsoleModel.first { "\($0)" == model }).mastersBus)
    }
    for model in ["arm,pl011", "qcom,msm-uartdm", "fsl,imx8qxp-lpuart"] {
      #expect(try #require(ConsoleModel.first { "\($0)" == model }).mastersBus == false)
    }
  }
}
