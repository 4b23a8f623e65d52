internal import Architecture

/// A row of `SystemRegisterTable`: one register or instruction, or a block of them that answer alike.
struct SystemRegisterRow {
  /// Which bits of a packed encoding (see `SystemRegister`) say whether the row is about it.
  let mask: UInt16
  /// What those bits are.
  let pattern: UInt16
  /// What a read gives.
  let read: SystemRegisterAnswer
  /// What a write does.
  let write: SystemRegisterAnswer
  /// True for a register that comes with GICv3.
  var needsGICv3 = false

  /// `S<op0>_<op1>_C<crn>_C<crm>_<op2>`, which answers reads and writes alike.
  @inline(__always)
  init(_ op0: UInt16, _ op1: UInt16, _ crn: UInt16, _ crm: UInt16, _ op2: UInt16, _ answer: SystemRegisterAnswer) {
    self.init(op0, op1, crn, crm, op2, read: answer, write: answer)
  }

  /// The same where reads and writes differ. A direction without an answer is undefined.
  @inline(__always)
  init(
    _ op0: UInt16, _ op1: UInt16, _ crn: UInt16, _ crm: UInt16, _ op2: UInt16,
    read: SystemRegisterAnswer = .undefined, write: SystemRegisterAnswer = .undefined, mask: UInt16 = 0xffff,
    needsGICv3: Bool = false
  ) {
    self.mask = mask
    pattern = op0 << 14 | op1 << 11 | crn << 7 | crm << 3 | op2
    self.read = read
    self.write = write
    self.needsGICv3 = needsGICv3
  }

  /// True where the row is about `register`.
  @inline(__always)
  func covers(_ register: SystemRegister) -> Bool { register.encoding & mask == pattern }
}
