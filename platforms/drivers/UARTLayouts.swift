// The UARTs that are data alone. Registers and bits are those of the chips' manuals where these are public, and else what
// Linux' drivers say of them.

extension UARTLayout {
  /// The UARTs, by their places in `all`.
  enum Kind: UInt8, Sendable { case meson, uartDM, geni, samsung, armada3700, scif, lowPower, lowPowerBehindIdentity }

  /// All of them.
  static let all: [8 of UARTLayout] = [
    // Amlogic's, of the Meson chips (S905 datasheet, UART): WFIFO, RFIFO, CONTROL, STATUS, MISC.
    UARTLayout(
      transmit: 0x00, receive: 0x04, hasRoom: Condition(0x0c, 1 << 21, isSet: false),
      hasReceived: Condition(0x0c, 1 << 20, isSet: false), interrupts: 0x08, receiveBits: 1 << 27,
      transmitBits: 1 << 28, ownBits: 1 << 27 | 1 << 28, setup: Steps(0, 3)),
    // Qualcomm's UARTDM, single characters in place of DMA: SR 0x08, CR 0x10, IMR 0x14 (which reads as ISR), DMEN 0x3c,
    // NCF_TX 0x40, TF and RF 0x70.
    UARTLayout(
      transmit: 0x70, receive: 0x70, hasRoom: Condition(0x08, 1 << 3), hasReceived: Condition(0x08, 1 << 0),
      interrupts: 0x14, receiveBits: 1 << 3 | 1 << 4, transmitBits: 1 << 0, ownBits: .max, setup: Steps(3, 4),
      beforeByte: Steps(7, 2), acknowledge: Steps(9, 1)),
    // Qualcomm's GENI serial engine as a UART: each byte is a command of the main sequencer; the secondary one reads for ever.
    UARTLayout(
      transmit: 0x700, receive: 0x780, hasRoom: Condition(0x40, 1 << 0, isSet: false),
      hasReceived: Condition(0x804, 0x1ff_ffff), interrupts: 0x614, receiveBits: 1 << 26 | 1 << 27 | 1 << 31,
      transmitBits: 1 << 0, ownBits: .max, setup: Steps(10, 8), beforeByte: Steps(18, 3), acknowledge: Steps(21, 2)),
    // Samsung's, from the S5PV210 on (its user's manual, UART): UCON, UFCON, UFSTAT 0x18, UTXH 0x20, URXH 0x24, UINTP 0x30,
    // UINTM 0x38.
    UARTLayout(
      dataWidth: 0, transmit: 0x20, receive: 0x24, hasRoom: Condition(0x18, 1 << 24, isSet: false),
      hasReceived: Condition(0x18, 0x1ff), interrupts: 0x38, isMask: true, receiveBits: 1 << 0, transmitBits: 1 << 2,
      ownBits: 0xf, setup: Steps(23, 3), acknowledge: Steps(25, 1)),
    // Marvell's of the Armada 3700 (its hardware specification, UART1): RBR, TSH, CTRL, STAT.
    UARTLayout(
      transmit: 0x04, receive: 0x00, hasRoom: Condition(0x0c, 1 << 11, isSet: false),
      hasReceived: Condition(0x0c, 1 << 4), interrupts: 0x08, receiveBits: 1 << 4, transmitBits: 1 << 5,
      ownBits: 0x1ff),
    // Renesas' SCIF with FIFOs (R-Car's hardware manual, SCIF): SCSCR 0x08, SCFTDR 0x0c, SCFSR 0x10, SCFRDR 0x14, SCFCR 0x18.
    UARTLayout(
      width: 2, dataWidth: 1, transmit: 0x0c, receive: 0x14, hasRoom: Condition(0x10, 1 << 5),
      hasReceived: Condition(0x10, 0b11), interrupts: 0x08, receiveBits: 1 << 6, transmitBits: 1 << 7,
      ownBits: 1 << 6 | 1 << 7, setup: Steps(26, 2), afterByte: Steps(28, 1), afterReceived: Steps(29, 1)),
    // NXP's low-power UART of 32 bits (IMX8DQXPRM, LPUART): STAT, CTRL, DATA and WATER 0x1c.
    UARTLayout(
      transmit: 0x0c, receive: 0x0c, hasRoom: Condition(0x04, 1 << 23), hasReceived: Condition(0x04, 1 << 21),
      interrupts: 0x08, receiveBits: 1 << 21, transmitBits: 1 << 23, ownBits: 0xf << 20, setup: Steps(30, 2)),
    // The same behind four registers that say what it is.
    UARTLayout(
      start: 0x10, transmit: 0x0c, receive: 0x0c, hasRoom: Condition(0x04, 1 << 23),
      hasReceived: Condition(0x04, 1 << 21), interrupts: 0x08, receiveBits: 1 << 21, transmitBits: 1 << 23,
      ownBits: 0xf << 20, setup: Steps(30, 2)),
  ]

  /// The steps of all of them.
  static let steps: [32 of Step] = [
    // 0, Meson: errors are forgotten by a bit that stays; transmitter and receiver on; an interrupt from the first byte on, and
    // when half of the 64 are gone.
    Step(0x08, set: 1 << 24), Step(0x08, clear: 1 << 24, set: 1 << 12 | 1 << 13),
    Step(0x10, clear: 0xffff, set: 32 << 8 | 1),
    // 3, UARTDM: TFWR and RFWR 0 (an interrupt when all is gone, and from the first byte on); RX_SC: a character at each read.
    Step(0x1c, store: 0), Step(0x20, store: 0), Step(0x3c, store: 1 << 5), Step(0x10, store: 1 << 0 | 1 << 2),
    // 7: RESET_TX_READY, then how many characters come. 9: RESET_STALE_INT.
    Step(0x10, store: 3 << 8), Step(0x40, store: 1), Step(0x10, store: 8 << 4),
    // 10, GENI: one byte in each word of the FIFOs, both ways (TX_PACKING_CFG0 and 1, RX_PACKING_CFG0 and 1).
    Step(0x260, store: 0xf), Step(0x264, store: 0), Step(0x284, store: 0xf), Step(0x288, store: 0),
    // RX_WATERMARK; S_IRQ_EN; SE_IRQ_EN for both sequencers; START_READ.
    Step(0x810, store: 1), Step(0x644, store: 1 << 26 | 1 << 27), Step(0xe1c, set: 1 << 2 | 1 << 3),
    Step(0x630, store: 1 << 27),
    // 18: the last command's end is forgotten; TX_TRANS_LEN; START_TX. 21: M_IRQ_CLEAR and S_IRQ_CLEAR.
    Step(0x618, store: 1 << 0), Step(0x270, store: 1), Step(0x600, store: 1 << 27), Step(0x618, store: .max),
    Step(0x648, store: .max),
    // 23, Samsung: interrupts as long as there is a reason, both ways by the CPU; the FIFOs on, an interrupt from the first byte
    // on. 25: UINTP.
    Step(0x04, clear: 0xf, set: 1 << 8 | 1 << 9 | 0b0101), Step(0x08, clear: 0x70, set: 1 << 0), Step(0x30, store: 0xf),
    // 26, SCIF: an interrupt from the first byte on; transmitter and receiver on.
    Step(0x18, clear: 0xc0), Step(0x08, set: 1 << 5 | 1 << 4),
    // 28: TDFE and TEND, RDF and DR stay until somebody who has read them writes zeros.
    Step(0x10, clear: 1 << 5 | 1 << 6), Step(0x10, clear: 0b11),
    // 30, LPUART: watermarks of 0 (an interrupt from the first byte on, and when all are gone); transmitter and receiver on.
    Step(0x1c, clear: 0x00ff_00ff), Step(0x08, set: 1 << 19 | 1 << 18),
  ]
}
