/// A register that AArch32 reaches through a coprocessor, by its encoding, packed as coprocessor(4) width(1) opc1(4) CRn(4)
/// CRm(4) opc2(3).
public struct CoprocessorRegister: Hashable, Sendable {
  /// The packed encoding.
  public var encoding: UInt32

  /// The register of `MRC p<coprocessor>, <opc1>, Rt, c<crn>, c<crm>, <opc2>`, and of MCR and VMRS likewise.
  @inlinable public init(_ coprocessor: UInt32, _ opc1: UInt32, _ crn: UInt32, _ crm: UInt32, _ opc2: UInt32) {
    encoding = (coprocessor & 15) << 16 | (opc1 & 15) << 11 | (crn & 15) << 7 | (crm & 15) << 3 | opc2 & 7
  }

  /// The 64-bit register of `MRRC p<coprocessor>, <opc1>, Rt, Rt2, c<crm>`, and of MCRR.
  @inlinable public init(_ coprocessor: UInt32, _ opc1: UInt32, crm: UInt32) {
    self.init(coprocessor, opc1, 0, crm, 0)
    encoding |= 1 << 15
  }

  /// The coprocessor: 15, 14, or 10.
  @inlinable public var coprocessor: UInt32 { encoding >> 16 & 15 }
  /// True for a register that MRRC and MCRR move with two general registers.
  @inlinable public var isSixtyFourBit: Bool { encoding >> 15 & 1 != 0 }
  /// The field opc1, 0 to 7, of a 64-bit register 0 to 15.
  @inlinable public var opc1: UInt32 { encoding >> 11 & 15 }
  /// The field CRn, 0 to 15; 0 for a 64-bit register.
  @inlinable public var crn: UInt32 { encoding >> 7 & 15 }
  /// The field CRm, 0 to 15.
  @inlinable public var crm: UInt32 { encoding >> 3 & 15 }
  /// The field opc2, 0 to 7; 0 for a 64-bit register.
  @inlinable public var opc2: UInt32 { encoding & 7 }
}

/// An AArch32 guest's MRC, MCR, MRRC, MCRR or VMRS that was trapped.
///
/// General registers are numbered as the backend's `VirtualCPU` numbers them. 31 stands for R15: MRC moves the value's
/// upper four bits into the condition flags; with any other instruction it is UNPREDICTABLE and nothing is moved.
public struct CoprocessorAccess: Equatable, Sendable {
  /// Which register.
  public var register: CoprocessorRegister
  /// True for MCR and MCRR.
  public var isWrite: Bool
  /// Rt: the general register that is read or written, of a 64-bit access its lower half.
  public var generalRegister: UInt8
  /// Rt2: the general register of a 64-bit access's upper half.
  public var secondRegister: UInt8

  /// An access with every property given.
  @inlinable public init(
    register: CoprocessorRegister, isWrite: Bool, generalRegister: UInt8, secondRegister: UInt8 = 31
  ) {
    self.register = register
    self.isWrite = isWrite
    self.generalRegister = generalRegister
    self.secondRegister = secondRegister
  }
}
