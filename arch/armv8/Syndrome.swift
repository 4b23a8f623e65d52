internal import ARMv8Assembly
public import Architecture
internal import ArmCommon

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

  /// True for a load or store that was not let through.
  @inline(__always)
  public var isDataAbort: Bool { exceptionClass == 0x24 }

  /// True for an abort whose guest-physical address HPFAR_EL2 does not give: a permission fault that was not taken on a
  /// table walk (DDI 0487, D19.2.62). The address must then be translated from FAR_EL2.
  public var lacksGuestPhysicalAddress: Bool { abort.lacksGuestPhysicalAddress }

  /// What the exit means. `address` is where the guest's access went, for aborts only; `state` is SPSR_EL2, looked at
  /// where an instruction's condition or the mode of a guest in AArch32 matters. AArch64 has neither.
  @inline(__always)
  public func exit(at address: @autoclosure () -> GuestPhysicalAddress, state: @autoclosure () -> UInt64 = 0) -> Exit {
    switch exceptionClass {
    case 0x24: abort.exit(at: address(), register: register(in: state()), isSixtyFourBit: rawValue >> 15 & 1 != 0)
    case 0x16, 0x12: .call(.hypervisorCall, immediate: UInt16(truncatingIfNeeded: rawValue))
    case 0x17: .call(.secureMonitorCall, immediate: UInt16(truncatingIfNeeded: rawValue))
    case 0x01 where instruction.isUnconditional: waiting
    case 0x18: .systemRegister(systemRegister)
    case 0x07: .floatingPoint
    case 0x20: .abort(.instructionAbort)
    // For the guest there is no such instruction: unknown reason, pointer authentication, LD64B, 128-bit system registers
    // and instructions, SVE, ERET, transactions and SME, which are all hidden; LDC and STC between memory and the debug
    // communications channel.
    case 0x00, 0x09, 0x0a, 0x14, 0x19, 0x1a, 0x1b, 0x1c, 0x1d: .undefined
    case 0x01, 0x03, 0x04, 0x05, 0x06, 0x08, 0x0c, 0x13: conditional(in: state())
    default: .unknown(syndrome: rawValue)
    }
  }

  private var abort: DataAbort { DataAbort(syndrome: UInt32(truncatingIfNeeded: rawValue)) }
  private var instruction: TrappedInstruction { TrappedInstruction(syndrome: UInt32(truncatingIfNeeded: rawValue)) }

  /// TI, bits 1:0: WFI, WFE, WFIT, WFET. The last two are hidden, for their time-out would be forgotten: undefined.
  private var waiting: Exit {
    if rawValue & 2 != 0 { return .undefined }
    return rawValue & 1 == 0 ? .waitForInterrupt : .waitForEvent
  }

  /// SRT, as AArch64 numbers a guest's registers. QEMU does not translate the numbers of a guest in AArch32 here, though it
  /// does in other classes; 8 to 14 are then its own, and to translate them again where they already are AArch64's changes
  /// nothing, because no mode but User mode and System mode has a register of such a number.
  @inline(__always)
  private func register(in state: @autoclosure () -> UInt64) -> UInt8 {
    let number = UInt8(truncatingIfNeeded: rawValue >> 16) & 31
    guard number &- 8 < 7 else { return number }
    let state = AArch32State(rawValue: UInt32(truncatingIfNeeded: state()))
    return state.isAArch32 ? BankedRegister.number(of: number, mode: state.mode) : number
  }

  /// The traps of AArch32, whose instructions have conditions that a CPU may leave to us. The registers' numbers are
  /// AArch64's (DDI 0487, ESR_EL2).
  @inline(never)
  private func conditional(in state: UInt64) -> Exit {
    // CCKNOWNPASS of an SMC: zero where the CPU has seen to the condition.
    let isChecked = exceptionClass == 0x13 && rawValue >> 19 & 1 == 0
    let state = AArch32State(rawValue: UInt32(truncatingIfNeeded: state))
    guard isChecked || !state.isAArch32 || instruction.passesCondition(in: state) else { return .failedCondition }
    return switch exceptionClass {
    case 0x01: waiting
    case 0x03: .coprocessor(instruction.transfer(15))
    case 0x04: .coprocessor(instruction.pairTransfer(15))
    case 0x05: .coprocessor(instruction.transfer(14))
    case 0x08: .coprocessor(instruction.transfer(10))
    case 0x0c: .coprocessor(instruction.pairTransfer(14))
    // An SMC of AArch32 has no immediate in its syndrome.
    case 0x13: .call(.secureMonitorCall, immediate: 0)
    default: .undefined
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
