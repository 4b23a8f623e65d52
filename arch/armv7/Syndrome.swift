internal import ARMv7Assembly
public import Architecture
internal import ArmCommon

/// HSR: why Hyp mode was entered (DDI 0406C, B3.13.6 and B4.1.72). Pure decoding, the same on the target and under test.
public struct Syndrome: Equatable, Sendable {
  /// The register's value.
  public var rawValue: UInt32

  /// Names a value of HSR as a syndrome.
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The register's name, for messages.
  public static var registerName: StaticString { "HSR" }

  /// Why this CPU entered Hyp mode last.
  @inline(__always)
  public static var ofThisExit: Syndrome { Syndrome(rawValue: read_hsr()) }

  /// EC, bits 31:26.
  public var exceptionClass: UInt8 { UInt8(truncatingIfNeeded: rawValue >> 26) }

  /// True for a load or store that was not let through.
  @inline(__always)
  public var isDataAbort: Bool { exceptionClass == 0x24 }

  /// True for an abort whose guest-physical address HPFAR does not give (B3.13.8): a permission fault that was not taken
  /// on a table walk. The address must then be translated from HDFAR.
  public var lacksGuestPhysicalAddress: Bool { abort.lacksGuestPhysicalAddress }

  /// What the exit means (Table B3-25). `address` is where the guest's access went, for aborts only; `state` is SPSR_hyp,
  /// looked at where an instruction's condition has to be checked (B3.13.7).
  @inline(__always)
  public func exit(at address: @autoclosure () -> GuestPhysicalAddress, state: @autoclosure () -> UInt32) -> Exit {
    switch exceptionClass {
    // SF is AArch64's: registers are 32 bits wide. SRT is bits 19:16.
    case 0x24 where abort.isAsynchronous: .unknown(syndrome: UInt64(rawValue))
    case 0x24:
      abort.exit(at: address(), register: UInt8(truncatingIfNeeded: rawValue >> 16) & 15, isSixtyFourBit: false)
    case 0x12: .call(.hypervisorCall, immediate: UInt16(truncatingIfNeeded: rawValue))
    // The syndrome of an SMC has neither an immediate nor a condition.
    case 0x13: .call(.secureMonitorCall, immediate: 0)
    case 0x01, 0x03, 0x04, 0x05, 0x06, 0x08, 0x0c:
      instruction.isUnconditional || instruction.passesCondition(in: AArch32State(rawValue: state()))
        ? trappedInstruction : .failedCondition
    case 0x07: usesFloatingPoint ? .floatingPoint : .undefined
    case 0x20: .abort(.instructionAbort)
    // For the guest there is no such instruction: unknown reason, Jazelle, BXJ into it.
    case 0x00, 0x09, 0x0a: .undefined
    default: .unknown(syndrome: UInt64(rawValue))
    }
  }

  private var abort: DataAbort { DataAbort(syndrome: rawValue) }
  private var instruction: TrappedInstruction { TrappedInstruction(syndrome: rawValue) }

  private var trappedInstruction: Exit {
    switch exceptionClass {
    case 0x01: rawValue & 1 == 0 ? .waitForInterrupt : .waitForEvent
    case 0x03: .coprocessor(instruction.transfer(15))
    case 0x04: .coprocessor(instruction.pairTransfer(15))
    case 0x05: .coprocessor(instruction.transfer(14))
    case 0x08: .coprocessor(instruction.transfer(10))
    case 0x0c: .coprocessor(instruction.pairTransfer(14))
    // LDC and STC between memory and the debug communications channel, which no guest has.
    default: .undefined
    }
  }

  /// EC 0x07 is every instruction of coprocessors 0 to 13 that HCPTR traps: FP (10 and 11), Advanced SIMD (TA, bit 5, and
  /// then without a number), and what no CPU has.
  private var usesFloatingPoint: Bool { rawValue >> 5 & 1 != 0 || rawValue & 0b1110 == 0b1010 }
}
