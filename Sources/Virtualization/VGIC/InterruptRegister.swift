internal import Architecture

/// A register array of the distributor, or of a redistributor's SGI frame, with a field for each interrupt. Both frames
/// have them at the same offsets (IHI 0048B §4.1.2, IHI 0069 §12.8 and §12.10).
struct InterruptRegister {
  /// What a field says or does.
  enum Field: UInt8 {
    case group
    case setEnable, clearEnable
    case setPending, clearPending
    case setActive, clearActive
    case priority
    case targets
    case configuration
    case clearSources, setSources
  }

  /// What each field says or does.
  let field: Field
  /// How wide each field is, as a power of two of bits.
  var bitShift: UInt32 {
    switch field {
    case .group, .setEnable, .clearEnable, .setPending, .clearPending, .setActive, .clearActive: 0
    case .configuration: 1
    case .priority, .targets, .clearSources, .setSources: 3
    }
  }
  /// The INTID of the access's first field.
  let firstID: Int
  /// How many fields the access covers.
  let fieldCount: Int

  /// The register array at `offset`, or nil where there is none or the access is of a kind that it does not permit.
  @inline(__always)
  init?(offset: UInt32, width: AccessWidth, version: GICVersion) {
    guard offset >= 0x080 && offset < 0xf30 else { return nil }
    switch offset {
    case 0x080..<0x100: self.init(.group, at: 0x080, bitShift: 0, offset, width)
    case 0x100..<0x180: self.init(.setEnable, at: 0x100, bitShift: 0, offset, width)
    case 0x180..<0x200: self.init(.clearEnable, at: 0x180, bitShift: 0, offset, width)
    case 0x200..<0x280: self.init(.setPending, at: 0x200, bitShift: 0, offset, width)
    case 0x280..<0x300: self.init(.clearPending, at: 0x280, bitShift: 0, offset, width)
    case 0x300..<0x380: self.init(.setActive, at: 0x300, bitShift: 0, offset, width)
    case 0x380..<0x400: self.init(.clearActive, at: 0x380, bitShift: 0, offset, width)
    case 0x400..<0x800: self.init(.priority, at: 0x400, bitShift: 3, offset, width)
    case 0x800..<0xc00 where version == .v2: self.init(.targets, at: 0x800, bitShift: 3, offset, width)
    case 0xc00..<0xd00: self.init(.configuration, at: 0xc00, bitShift: 1, offset, width)
    case 0xf10..<0xf20 where version == .v2: self.init(.clearSources, at: 0xf10, bitShift: 3, offset, width)
    case 0xf20..<0xf30 where version == .v2: self.init(.setSources, at: 0xf20, bitShift: 3, offset, width)
    default: return nil
    }
  }

  /// Only arrays of byte fields permit byte accesses; all permit aligned words.
  private init?(_ field: Field, at base: UInt32, bitShift: UInt32, _ offset: UInt32, _ width: AccessWidth) {
    guard width == .word ? offset & 3 == 0 : width == .byte && bitShift == 3 else { return nil }
    self.field = field
    firstID = Int(((offset &- base) &* 8) &>> bitShift)
    fieldCount = Int((UInt32(width.rawValue) &* 8) &>> bitShift)
  }

  /// An array from the interrupt `firstID` on, for an access to a word.
  init(field: Field, firstID: Int) {
    self.field = field
    self.firstID = firstID
    fieldCount = 32
  }

  /// The fields that a write of `value` does something with, a bit for each.
  func writtenFields(_ value: UInt32) -> UInt32 {
    actsOnSetBits ? value : ~0 &>> UInt32(truncatingIfNeeded: 32 &- fieldCount)
  }

  /// Where field `index` of the access starts.
  func shift(of index: Int) -> UInt32 { UInt32(truncatingIfNeeded: index) &<< bitShift }

  /// Field `index` of a value.
  func field(_ index: Int, of value: UInt32) -> UInt32 {
    (value &>> shift(of: index)) & ((1 &<< (1 &<< bitShift)) &- 1)
  }

  /// True where a write does something for each bit that is set and nothing for the others.
  var actsOnSetBits: Bool {
    switch field {
    case .setEnable, .clearEnable, .setPending, .clearPending, .setActive, .clearActive: true
    case .group, .priority, .targets, .configuration, .clearSources, .setSources: false
    }
  }

  /// True where what is read at `offset` may depend on what the guest did with its list registers: pending and active
  /// states, and the sources of pending SGIs.
  @inline(__always)
  static func readsListRegisters(offset: UInt32) -> Bool {
    offset &- 0x200 < 0x200 || offset &- 0xf10 < 0x20
  }
}
