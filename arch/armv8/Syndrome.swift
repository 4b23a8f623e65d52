internal import ARMv8Assembly
public import Architecture

/// ESR_EL2: why EL2 was entered (DDI 0487, D19.2.37). Pure decoding, the same on the target and under test.
public struct Syndrome: Equatable, Sendable {
  /// The register's value.
  public var rawValue: UInt64

  /// Names a value of ESR_EL2 as a syndrome.
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// The register's name, for messages.
  public static var registerName: StaticString { "ESR_EL2" }

  /// Why this CPU entered EL2 last.
  @inline(__always)
  public static var ofThisExit: Syndrome { Syndrome(rawValue: read_esr_el2()) }

  /// EC, bits 31:26.
  public var exceptionClass: UInt8 { UInt8(truncatingIfNeeded: rawValue >> 26) & 0x3f }

  /// DFSC or IFSC of an abort, bits 5:0.
  public var faultStatus: UInt8 { UInt8(truncatingIfNeeded: rawValue) & 0x3f }

  /// True for an abort while the guest's own tables were walked (S1PTW).
  public var isTableWalk: Bool { rawValue >> 7 & 1 != 0 }

  /// True for a load or store that was not let through.
  @inline(__always)
  public var isDataAbort: Bool { exceptionClass == 0x24 }

  /// True for an abort whose guest-physical address HPFAR_EL2 does not give: a permission fault that was not taken on a
  /// table walk (DDI 0487, D19.2.62). The address must then be translated from FAR_EL2.
  public var lacksGuestPhysicalAddress: Bool { faultStatus & 0b111100 == 0b001100 && !isTableWalk }

  /// What the exit means. `address` is where the guest's access went, for aborts only.
  @inline(__always)
  public func exit(at address: @autoclosure () -> GuestPhysicalAddress) -> Exit {
    switch exceptionClass {
    case 0x24: dataAbort(at: address())
    case 0x16, 0x12: .call(.hypervisorCall, immediate: UInt16(truncatingIfNeeded: rawValue))
    case 0x17, 0x13: .call(.secureMonitorCall, immediate: UInt16(truncatingIfNeeded: rawValue))
    case 0x01: rawValue & 1 == 0 ? .waitForInterrupt : .waitForEvent
    case 0x18: .systemRegister(systemRegister)
    case 0x07: .floatingPoint
    case 0x20: .abort(.instructionAbort)
    // For the guest there is no such instruction: unknown reason, pointer authentication, LD64B, SVE, ERET and SME,
    // which are all hidden.
    case 0x00, 0x09, 0x0a, 0x19, 0x1a, 0x1c, 0x1d: .undefined
    // Nor for an AArch32 program at EL0, by coprocessors 15, 14 and 10: timers and debug registers that its own kernel
    // lets it use. It is not the whole VM's mistake.
    case 0x03, 0x04, 0x05, 0x06, 0x08, 0x0c: .undefined
    default: .unknown(syndrome: rawValue)
    }
  }

  /// True where the abort is one that stage 2 raised: translation, access flag or permission, at any level.
  private var isStage2Fault: Bool {
    switch faultStatus & 0b111100 {
    case 0b000100, 0b001000, 0b001100: true
    default: false
    }
  }

  @inline(__always)
  private func dataAbort(at address: GuestPhysicalAddress) -> Exit {
    let isWrite = rawValue >> 6 & 1 != 0
    if isTableWalk || !isStage2Fault { return .abort(.dataAbort(isWrite: isWrite)) }
    // CM: the address of a cache instruction, which "writes" as far as the syndrome goes.
    if rawValue >> 8 & 1 != 0 { return .cacheMaintenance }
    guard rawValue >> 24 & 1 != 0 else { return .undescribedMemory(address, isWrite: isWrite) }
    return .memory(
      MMIOAccess(
        address: address, width: accessWidth, isWrite: isWrite,
        register: UInt8(truncatingIfNeeded: rawValue >> 16) & 31,
        isSignExtended: rawValue >> 21 & 1 != 0, isSixtyFourBit: rawValue >> 15 & 1 != 0))
  }

  private var accessWidth: AccessWidth {
    switch rawValue >> 22 & 3 {
    case 0: .byte
    case 1: .halfword
    case 2: .word
    default: .doubleword
    }
  }

  /// ISS of EC 0x18: Op0 21:20, Op2 19:17, Op1 16:14, CRn 13:10, Rt 9:5, CRm 4:1, direction 0 (1 is a read).
  private var systemRegister: SystemRegisterAccess {
    let iss = UInt32(truncatingIfNeeded: rawValue)
    let encoding = (iss >> 20 & 3) << 14 | (iss >> 14 & 7) << 11 | (iss >> 10 & 15) << 7 | (iss >> 1 & 15) << 3
    return SystemRegisterAccess(
      register: SystemRegister(encoding: UInt16(truncatingIfNeeded: encoding | iss >> 17 & 7)), isWrite: iss & 1 == 0,
      generalRegister: UInt8(truncatingIfNeeded: iss >> 5) & 31)
  }
}
