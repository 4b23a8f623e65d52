// The UARTs that are data alone. Registers and bits are those of the chips' manuals where these are public, and else what
// Linux' drivers say of them.

extension UARTLayout {
  /// Amlogic's, of the Meson chips (S905 datasheet, UART): WFIFO, RFIFO, CONTROL, STATUS, MISC.
  static var meson: UARTLayout {
    var layout = UARTLayout(
      transmit: 0x00, receive: 0x04, hasRoom: Condition(0x0c, 1 << 21, isSet: false),
      hasReceived: Condition(0x0c, 1 << 20, isSet: false), interrupts: 0x08, receiveBits: 1 << 27,
      transmitBits: 1 << 28, ownBits: 1 << 27 | 1 << 28)
    // Errors are forgotten by a bit that stays; transmitter and receiver on; an interrupt from the first byte on, and when
    // half of the 64 are gone.
    layout.setup[0] = Step(0x08, set: 1 << 24)
    layout.setup[1] = Step(0x08, clear: 1 << 24, set: 1 << 12 | 1 << 13)
    layout.setup[2] = Step(0x10, clear: 0xffff, set: 32 << 8 | 1)
    return layout
  }

  /// Qualcomm's UARTDM, single characters in place of DMA: MR1, MR2, SR 0x08, CR 0x10, IMR 0x14, DMEN 0x3c, NCF_TX 0x40, TF and
  /// RF 0x70.
  static var uartDM: UARTLayout {
    // IMR cannot be read: at its place is ISR.
    var layout = UARTLayout(
      transmit: 0x70, receive: 0x70, hasRoom: Condition(0x08, 1 << 3), hasReceived: Condition(0x08, 1 << 0),
      interrupts: 0x14, receiveBits: 1 << 3 | 1 << 4, transmitBits: 1 << 0, ownBits: .max)
    // TFWR and RFWR 0: an interrupt when all is gone, and from the first byte on. RX_SC: a character at each read.
    layout.setup[0] = Step(0x1c, store: 0)
    layout.setup[1] = Step(0x20, store: 0)
    layout.setup[2] = Step(0x3c, store: 1 << 5)
    layout.setup[3] = Step(0x10, store: 1 << 0 | 1 << 2)
    // RESET_TX_READY, then how many characters come.
    layout.beforeByte[0] = Step(0x10, store: 3 << 8)
    layout.beforeByte[1] = Step(0x40, store: 1)
    // RESET_STALE_INT.
    layout.acknowledge[0] = Step(0x10, store: 8 << 4)
    return layout
  }

  /// Qualcomm's GENI serial engine as a UART: each byte is a command of the main sequencer; the secondary one reads for ever.
  static var geni: UARTLayout {
    let received: UInt32 = 1 << 26 | 1 << 27
    var layout = UARTLayout(
      transmit: 0x700, receive: 0x780, hasRoom: Condition(0x40, 1 << 0, isSet: false),
      hasReceived: Condition(0x804, 0x1ff_ffff), interrupts: 0x614, receiveBits: received | 1 << 31,
      transmitBits: 1 << 0, ownBits: .max)
    // One byte in each word of the FIFOs, both ways (TX_PACKING_CFG0 and 1, RX_PACKING_CFG0 and 1).
    layout.setup[0] = Step(0x260, store: 0xf)
    layout.setup[1] = Step(0x264, store: 0)
    layout.setup[2] = Step(0x284, store: 0xf)
    layout.setup[3] = Step(0x288, store: 0)
    // RX_WATERMARK; S_IRQ_EN; SE_IRQ_EN for both sequencers; START_READ.
    layout.setup[4] = Step(0x810, store: 1)
    layout.setup[5] = Step(0x644, store: received)
    layout.setup[6] = Step(0xe1c, set: 1 << 2 | 1 << 3)
    layout.setup[7] = Step(0x630, store: 1 << 27)
    // The last command's end is forgotten; TX_TRANS_LEN; START_TX.
    layout.beforeByte[0] = Step(0x618, store: 1 << 0)
    layout.beforeByte[1] = Step(0x270, store: 1)
    layout.beforeByte[2] = Step(0x600, store: 1 << 27)
    layout.acknowledge[0] = Step(0x618, store: .max)
    layout.acknowledge[1] = Step(0x648, store: .max)
    return layout
  }

  /// Samsung's, from the S5PV210 on (its user's manual, UART): UCON, UFCON, UFSTAT 0x18, UTXH 0x20, URXH 0x24, UINTP 0x30,
  /// UINTM 0x38.
  static var samsung: UARTLayout {
    var layout = UARTLayout(
      dataWidth: nil, transmit: 0x20, receive: 0x24, hasRoom: Condition(0x18, 1 << 24, isSet: false),
      hasReceived: Condition(0x18, 0x1ff), interrupts: 0x38, receiveBits: 1 << 0, transmitBits: 1 << 2,
      ownBits: 0xf, isMask: true)
    // Interrupts as long as there is a reason, both ways by the CPU; the FIFOs on, an interrupt from the first byte on.
    layout.setup[0] = Step(0x04, clear: 0xf, set: 1 << 8 | 1 << 9 | 0b0101)
    layout.setup[1] = Step(0x08, clear: 0x70, set: 1 << 0)
    layout.setup[2] = Step(0x30, store: 0xf)
    layout.acknowledge[0] = Step(0x30, store: 0xf)
    return layout
  }

  /// Marvell's of the Armada 3700 (its hardware specification, UART1): RBR, TSH, CTRL, STAT.
  static var armada3700: UARTLayout {
    UARTLayout(
      transmit: 0x04, receive: 0x00, hasRoom: Condition(0x0c, 1 << 11, isSet: false),
      hasReceived: Condition(0x0c, 1 << 4), interrupts: 0x08, receiveBits: 1 << 4, transmitBits: 1 << 5,
      ownBits: 0x1ff)
  }

  /// Renesas' SCIF with FIFOs (R-Car's hardware manual, SCIF): SCSCR 0x08, SCFTDR 0x0c, SCFSR 0x10, SCFRDR 0x14, SCFCR 0x18.
  static var scif: UARTLayout {
    var layout = UARTLayout(
      width: 2, dataWidth: 1, transmit: 0x0c, receive: 0x14, hasRoom: Condition(0x10, 1 << 5),
      hasReceived: Condition(0x10, 0b11), interrupts: 0x08, receiveBits: 1 << 6, transmitBits: 1 << 7,
      ownBits: 1 << 6 | 1 << 7)
    // An interrupt from the first byte on; transmitter and receiver on.
    layout.setup[0] = Step(0x18, clear: 0xc0)
    layout.setup[1] = Step(0x08, set: 1 << 5 | 1 << 4)
    // TDFE and TEND, RDF and DR stay until somebody who has read them writes zeros.
    layout.afterByte = Step(0x10, clear: 1 << 5 | 1 << 6)
    layout.afterReceived = Step(0x10, clear: 0b11)
    return layout
  }

  /// NXP's low-power UART of 32 bits (IMX8DQXPRM, LPUART): STAT, CTRL, DATA and WATER, behind `offset` bytes.
  static func lowPower(at offset: UInt16) -> UARTLayout {
    var layout = UARTLayout(
      transmit: offset + 0x0c, receive: offset + 0x0c, hasRoom: Condition(offset + 0x04, 1 << 23),
      hasReceived: Condition(offset + 0x04, 1 << 21), interrupts: offset + 0x08, receiveBits: 1 << 21,
      transmitBits: 1 << 23, ownBits: 1 << 21 | 1 << 23 | 1 << 22 | 1 << 20)
    // Watermarks of 0: an interrupt from the first byte on, and when all are gone; transmitter and receiver on.
    layout.setup[0] = Step(offset + 0x1c, clear: 0x00ff_00ff)
    layout.setup[1] = Step(offset + 0x08, set: 1 << 19 | 1 << 18)
    return layout
  }
}
