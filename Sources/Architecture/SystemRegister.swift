/// A system register by its encoding, packed as the instruction packs it: op0(2) op1(3) CRn(4) CRm(4) op2(3).
public struct SystemRegister: Hashable, Sendable {
  /// The packed encoding.
  public var encoding: UInt16

  /// The register of a packed encoding.
  @inlinable public init(encoding: UInt16) { self.encoding = encoding }

  /// The register `S<op0>_<op1>_C<crn>_C<crm>_<op2>`, as the Arm manual writes it.
  @inlinable public init(_ op0: UInt16, _ op1: UInt16, _ crn: UInt16, _ crm: UInt16, _ op2: UInt16) {
    encoding = (op0 & 3) << 14 | (op1 & 7) << 11 | (crn & 15) << 7 | (crm & 15) << 3 | op2 & 7
  }

  /// The field op0, 0 to 3.
  @inlinable public var op0: UInt16 { encoding >> 14 }
  /// The field op1, 0 to 7.
  @inlinable public var op1: UInt16 { encoding >> 11 & 7 }
  /// The field CRn, 0 to 15.
  @inlinable public var crn: UInt16 { encoding >> 7 & 15 }
  /// The field CRm, 0 to 15.
  @inlinable public var crm: UInt16 { encoding >> 3 & 15 }
  /// The field op2, 0 to 7.
  @inlinable public var op2: UInt16 { encoding & 7 }
}

/// A guest's MRS or MSR that was trapped.
public struct SystemRegisterAccess: Equatable, Sendable {
  /// Which register.
  public var register: SystemRegister
  /// True for MSR.
  public var isWrite: Bool
  /// The general register that is read or written; 31 is the zero register.
  public var generalRegister: UInt8

  /// An access with every property given.
  @inlinable public init(register: SystemRegister, isWrite: Bool, generalRegister: UInt8) {
    self.register = register
    self.isWrite = isWrite
    self.generalRegister = generalRegister
  }
}
