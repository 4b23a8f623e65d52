/// Which of AArch32's general registers a number means in a mode (DDI 0406C, B1.3.2), by the numbers that AArch64 gives
/// them all (DDI 0487, G1.9.1, "Mapping of the general-purpose registers between the Execution states"):
///
/// 0 to 12 are R0 to R12 of every mode (8 to 12 of all but FIQ), 13 and 14 SP and LR of User and System mode; then LR and
/// SP of IRQ (16, 17), Supervisor (18, 19), Abort (20, 21) and Undefined mode (22, 23); 24 to 28 R8 to R12, 29 SP and 30 LR
/// of FIQ mode. 15 is SP of Hyp mode, which no guest has.
public enum BankedRegister {
  /// The number of register `register`, 0 to 14, of the mode `mode` (M, bits 4:0 of CPSR); 31 for R15. A mode that there is
  /// not has User mode's registers.
  public static func number(of register: UInt8, mode: UInt8) -> UInt8 {
    switch register {
    case 0...7: register
    case 8...12: mode == Mode.fastInterrupt ? register &+ 16 : register
    case 13: stackPointer(of: mode)
    case 14: linkRegister(of: mode)
    default: 31
    }
  }

  private static func stackPointer(of mode: UInt8) -> UInt8 {
    switch mode {
    case Mode.interrupt: 17
    case Mode.supervisor: 19
    case Mode.abort: 21
    case Mode.undefined: 23
    case Mode.fastInterrupt: 29
    default: 13
    }
  }

  private static func linkRegister(of mode: UInt8) -> UInt8 {
    switch mode {
    case Mode.interrupt: 16
    case Mode.supervisor: 18
    case Mode.abort: 20
    case Mode.undefined: 22
    case Mode.fastInterrupt: 30
    default: 14
    }
  }

  /// The numbers of the modes in CPSR (DDI 0406C, Table B1-1).
  enum Mode {
    static var user: UInt8 { 0x10 }
    static var fastInterrupt: UInt8 { 0x11 }
    static var interrupt: UInt8 { 0x12 }
    static var supervisor: UInt8 { 0x13 }
    static var abort: UInt8 { 0x17 }
    static var undefined: UInt8 { 0x1b }
    static var system: UInt8 { 0x1f }
  }
}
