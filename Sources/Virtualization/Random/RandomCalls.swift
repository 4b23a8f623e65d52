/// The calls by which a guest gets random numbers from its firmware: SMCCC TRNG 1.0 (DEN 0098, 2). Linux looks for them on
/// both instruction sets.
enum RandomCalls {
  /// TRNG_VERSION, TRNG_FEATURES, TRNG_GET_UUID, TRNG_RND32, TRNG_RND64.
  private enum Function: UInt32 {
    case version = 0x8400_0050
    case features = 0x8400_0051
    case uuid = 0x8400_0052
    case random32 = 0x8400_0053
    case random64 = 0xc400_0053
  }

  /// True for the function identifiers of the interface.
  @inline(__always)
  static func contains(_ call: FirmwareCall) -> Bool { call.function & 0xbfff_fff0 == 0x8400_0050 }

  /// What registers 0 to 3 become. With a source that is not seeded the interface is not there.
  @inline(never)
  static func answer(
    _ call: FirmwareCall, isNarrow: Bool, from source: inout RandomSource, at now: UInt64
  ) -> [4 of UInt64] {
    guard let function = function(call.function, isNarrow), source.isSeeded else {
      return [FirmwareStatus.notSupported, 0, 0, 0]
    }
    switch function {
    case .version: return [0x1_0000, 0, 0, 0]
    case .features:
      let isThere = self.function(UInt32(truncatingIfNeeded: call.first), isNarrow) != nil
      return [isThere ? FirmwareStatus.success : FirmwareStatus.notSupported, 0, 0, 0]
    // One of our own, of version 4 (RFC 9562): 5f1c6a7e-3d0b-4e92-8b54-2c9f10d7e386.
    case .uuid: return [0x7e6a_1c5f, 0x924e_0b3d, 0x9f2c_548b, 0x86e3_d710]
    case .random32, .random64:
      return random(bits: call.first, width: function == .random32 ? 32 : 64, from: &source, at: now)
    }
  }

  private static func function(_ identifier: UInt32, _ isNarrow: Bool) -> Function? {
    isNarrow && identifier >> 30 & 1 != 0 ? nil : Function(rawValue: identifier)
  }

  /// Up to three registers of random bits, the lowest ones in the last; what is not asked for is zero (DEN 0098, 2.5).
  private static func random(
    bits: UInt64, width: UInt64, from source: inout RandomSource, at now: UInt64
  ) -> [4 of UInt64] {
    guard bits >= 1, bits <= 3 * width else { return [FirmwareStatus.invalidParameters, 0, 0, 0] }
    let words = source.next(at: now)
    var registers: [4 of UInt64] = [FirmwareStatus.success, 0, 0, 0]
    var missing = bits
    for index in 0..<3 {
      guard missing > 0 else { break }
      let count = min(missing, width)
      let value = width == 64 ? UInt64(words[2 * index + 1]) << 32 | UInt64(words[2 * index]) : UInt64(words[index])
      registers[3 - index] = value & (~0 &>> (64 &- count))
      missing &-= count
    }
    return registers
  }
}
