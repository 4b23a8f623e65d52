internal import Architecture

/// What is left of a write to the interrupt controller that concerns many interrupts or many vCPUs: whoever answers the write
/// does some of it, lets others' interrupts through, and goes on (`VirtualGIC.goOn`). A vCPU does not execute its next
/// instruction before all of its write is done; others may see a part of it, as of a real one that takes its time
/// (IHI 0069 §12.1.3, IHI 0048B §4.1.3).
///
/// Packed, because every store answers with one, and nearly always there is nothing left.
public struct UnfinishedWrite: Equatable, Sendable {
  /// Of an SGI a bit for each vCPU that gets it yet. Of a register array in the upper half a bit for each field that is not yet
  /// written, and in the lower half what was stored. Of GICD_CTLR a bit for each vCPU whose list registers have to be looked at.
  var left: UInt64
  /// What is written: see the three `init`.
  private let what: UInt32

  /// Nothing is left.
  public static var none: UnfinishedWrite { UnfinishedWrite(left: 0, what: 0) }
  /// Nothing is left.
  @inline(__always)
  public var isDone: Bool { left == 0 }

  private init(left: UInt64, what: UInt32) {
    self.left = left
    self.what = what
  }

  /// Fields of a register array of the vCPU's.
  init(_ register: InterruptRegister, fields: UInt32, value: UInt32, vcpu: Int) {
    self.init(
      left: fields == 0 ? 0 : UInt64(fields) << 32 | UInt64(value),
      what: UInt32(register.field.rawValue) | UInt32(truncatingIfNeeded: register.firstID & 0x3ff) << 8
        | UInt32(truncatingIfNeeded: vcpu & 0x3f) << 18)
  }

  /// An SGI for several vCPUs, by the register that asked (GICv3) or the vCPU `source` (GICv2).
  init(id: Int, _ register: SGIRegister, targets: UInt64, source: Int) {
    self.init(
      left: targets,
      what: 1 << 31 | UInt32(truncatingIfNeeded: id & 15) | UInt32(register.rawValue) << 8
        | UInt32(truncatingIfNeeded: source & 0x3f) << 18)
  }

  /// GICD_CTLR: the vCPUs whose list registers have to be looked at, those of the first from `first` on.
  init(reconsidering vcpus: UInt64, from first: Int) {
    self.init(left: vcpus, what: vcpus == 0 ? 0 : 1 << 30 | UInt32(truncatingIfNeeded: first & 0x1f))
  }

  var isRequest: Bool { what >> 31 != 0 }
  var isReconsideration: Bool { what >> 30 == 1 }
  /// The list register that a reconsideration goes on with.
  var firstRegister: Int { Int(what & 0x1f) }
  var fields: UInt32 { UInt32(truncatingIfNeeded: left >> 32) }
  var value: UInt32 { UInt32(truncatingIfNeeded: left) }
  var register: InterruptRegister {
    InterruptRegister(
      field: InterruptRegister.Field(rawValue: UInt8(truncatingIfNeeded: what & 0xff)) ?? .group,
      firstID: Int(what >> 8 & 0x3ff))
  }
  /// Whose the fields are, or who asked for the SGI.
  var vcpu: Int { Int(what >> 18 & 0x3f) }
  var id: Int { Int(what & 15) }
  var sgiRegister: SGIRegister { SGIRegister(rawValue: UInt8(truncatingIfNeeded: what >> 8 & 0xff)) ?? .group0 }
}

extension VirtualGIC {
  /// How many interrupts one piece of a write concerns.
  static var fieldsAtOnce: Int { 1 }
  /// How many list registers one piece of a write looks at.
  static var registersAtOnce: Int { 2 }
  /// How many vCPUs one piece of a write gives an SGI to.
  static var targetsAtOnce: Int { 1 }

  /// Does some more of a write, and says what is left.
  public mutating func goOn(_ write: UnfinishedWrite) -> UnfinishedWrite {
    if write.isReconsideration { return reconsiderSome(of: write.left, from: write.firstRegister) }
    return write.isRequest
      ? requestSome(write.id, write.sgiRegister, of: write.left, source: write.vcpu)
      : writeSome(write.register, fields: write.fields, value: write.value, vcpu: write.vcpu)
  }

  /// Does all that is left of a write.
  public mutating func finish(_ write: UnfinishedWrite) {
    var rest = write
    while !rest.isDone { rest = goOn(rest) }
  }

  /// Makes the SGI pending for some of its targets.
  mutating func requestSome(_ id: Int, _ register: SGIRegister, of targets: UInt64, source: Int) -> UnfinishedWrite {
    var left = targets
    for _ in 0..<Self.targetsAtOnce where left != 0 {
      let target = left.trailingZeroBitCount
      left &= left &- 1
      if version == .v2 {
        setSources(target &* 32 &+ id, 1 &<< UInt32(source))
      } else {
        request(id, register, of: target)
      }
    }
    return left == 0 ? .none : UnfinishedWrite(id: id, register, targets: left, source: source)
  }

  /// Writes some of these fields of a register array.
  mutating func writeSome(
    _ register: InterruptRegister, fields: UInt32, value: UInt32, vcpu: Int
  ) -> UnfinishedWrite {
    var left = fields
    for _ in 0..<Self.fieldsAtOnce where left != 0 {
      let index = left.trailingZeroBitCount
      guard let slot = slot(of: register.firstID &+ index, vcpu: vcpu) else { return .none }
      left &= left &- 1
      write(register.field, value: register.field(index, of: value), slot: slot)
    }
    return left == 0 ? .none : UnfinishedWrite(register, fields: left, value: value, vcpu: vcpu)
  }
}
