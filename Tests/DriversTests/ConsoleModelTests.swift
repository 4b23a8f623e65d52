import Drivers
import TestSupport
import Testing

@Suite("A console's UART", .timeLimited)
struct ConsoleModelTests {
  private func port(
    _ name: String, at registers: RegisterFile, shift: UInt32? = nil, width: UInt32? = nil
  ) throws -> ConsolePort {
    let model = try #require(ConsoleModel.first { "\($0)" == name })
    return model.port(base: registers.base, shift: shift, width: width)
  }

  @Test("without a driver for its names is none")
  func unknown() {
    #expect(ConsoleModel.first { "\($0)" == "vendor,strange-uart" } == nil)
  }

  @Test("PL011: data at 0x00, full at bit 5 and empty at bit 4 of 0x18 (DDI 0183G §3.3)")
  func pl011() throws {
    let registers = RegisterFile()
    let port = try port("arm,pl011", at: registers)
    registers[0x18] = 1 << 5 | 1 << 4
    #expect(port.transmitRoom == 0)
    #expect(port.receive() == nil)
    registers[0x18] = 0
    #expect(port.transmitRoom == 1)
    port.transmit(0x41)
    #expect(registers[0x00] == 0x41)
    #expect(port.receive() == 0x41)
  }

  @Test("16550: registers are as far apart and as wide as the tree says")
  func spacing() throws {
    let bytes = RegisterFile()
    let narrow = try port("ns16550a", at: bytes)
    narrow.initialize()
    // IER is register 1: ERBFI and ELSI, as Linux has them.
    #expect(bytes[byte: 1] == 0b101)
    bytes[byte: 5] = 0x20
    #expect(narrow.transmitRoom == 1)
    bytes[byte: 2] = 0xc1
    #expect(narrow.transmitRoom == 16)

    let words = RegisterFile()
    let wide = try port("snps,dw-apb-uart", at: words, shift: 2, width: 4)
    wide.initialize()
    #expect(words[4] == 0b101)
    wide.setTransmitInterrupt(true)
    #expect(words[4] == 0b111)
    #expect(wide.transmitRoom == 0)
    words[0] = 0x42
    #expect(wide.receive() == nil)
    words[20] = 1
    #expect(wide.receive() == 0x42)
  }

  @Test("the mini UART takes one byte at a time from a line status at 0x54 of the auxiliary peripherals' page")
  func miniUART() throws {
    // BCM2835 ARM Peripherals §2.2: the registers begin at 0x40; AUX_MU_LSR_REG is at 0x54.
    let registers = RegisterFile()
    let model = try #require(ConsoleModel.first { "\($0)" == "brcm,bcm2835-aux-uart" })
    let port = model.port(base: registers.base + 0x40, shift: nil, width: nil)
    #expect(port.transmitRoom == 0)
    registers[0x54] = 1 << 5
    registers[0x48] = 0xc1
    #expect(port.transmitRoom == 1)
    port.initialize()
    // Errata of the same: without bit 2 nothing that is received interrupts.
    #expect(registers[0x44] == 0b101)
  }

  @Test(
    "Cadence: full at bit 4 and empty at bit 1 of 0x2c, data at 0x30, interrupts forgotten by writing ones to 0x14 (UG1087)"
  )
  func cadence() throws {
    let registers = RegisterFile()
    let port = try port("cdns,uart-r1p12", at: registers)
    port.initialize()
    #expect(registers[0x00] == 0x14)
    #expect(registers[0x20] == 1)
    #expect(registers[0x08] == 1)
    registers[0x2c] = 1 << 4 | 1 << 1
    #expect(port.transmitRoom == 0)
    #expect(port.receive() == nil)
    registers[0x2c] = 0
    port.transmit(0x43)
    #expect(registers[0x30] == 0x43)
    registers[0x14] = 0
    port.acknowledgeInterrupt()
    #expect(registers[0x14] == 1 << 0 | 1 << 3)
  }

  @Test("i.MX: never reset, transmits at 0x40, full at bit 4 of 0xb4, received at 0x00 by bit 0 of 0x98 (IMX8MPRM)")
  func imx() throws {
    let registers = RegisterFile()
    registers[0x84] = 1
    registers[0x88] = 0x0704
    let port = try port("fsl,imx6q-uart", at: registers)
    port.initialize()
    #expect(registers[0x84] & 0b111 == 0b111)
    #expect(registers[0x88] == 0x0704)
    #expect(registers[0x80] == 1 << 0 | 1 << 9)
    registers[0xb4] = 1 << 4
    #expect(port.transmitRoom == 0)
    registers[0xb4] = 0
    port.transmit(0x44)
    #expect(registers[0x40] == 0x44)
    #expect(port.receive() == nil)
    registers[0x98] = 1
    registers[0x00] = 0x8045
    #expect(port.receive() == 0x45)
  }
}
