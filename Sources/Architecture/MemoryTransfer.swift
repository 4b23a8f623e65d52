/// What a load or store does that the syndrome does not describe, found out from the instruction itself: so many accesses
/// side by side, and what becomes of the base register.
public struct MemoryTransfer: Sendable {
  /// Where the first access goes; each of the others follows the one before it.
  public var address: GuestPhysicalAddress
  /// How much each access moves.
  public var width: AccessWidth
  /// True for a store.
  public var isWrite: Bool
  /// True where a load extends the sign of what it read.
  public var isSignExtended: Bool
  /// True where the registers are written in their 64-bit form.
  public var isSixtyFourBit: Bool
  /// How many accesses there are, 0 to 16: none for a prefetch.
  public private(set) var count = 0
  /// The general registers that are stored or loaded, numbered as in `MMIOAccess`.
  private var registers: [16 of UInt8] = .init(repeating: 31)
  /// What the base register becomes, where the instruction writes it back.
  public var writeBack: WriteBack?
  /// How long the instruction is: 2 or 4 bytes.
  public var byteCount: UInt8

  /// The new value of a base register.
  public struct WriteBack: Equatable, Sendable {
    /// The register, numbered as in `MMIOAccess`.
    public var register: UInt8
    /// The value.
    public var value: UInt64

    /// The new value of a register.
    @inlinable public init(register: UInt8, value: UInt64) {
      self.register = register
      self.value = value
    }
  }

  /// A transfer of nothing so far.
  public init(
    address: GuestPhysicalAddress, width: AccessWidth, isWrite: Bool, isSignExtended: Bool = false,
    isSixtyFourBit: Bool = false, writeBack: WriteBack? = nil, byteCount: UInt8 = 4
  ) {
    self.address = address
    self.width = width
    self.isWrite = isWrite
    self.isSignExtended = isSignExtended
    self.isSixtyFourBit = isSixtyFourBit
    self.writeBack = writeBack
    self.byteCount = byteCount
  }

  /// Adds an access with `register`. There is no room for a seventeenth, which no instruction has.
  public mutating func append(_ register: UInt8) {
    guard count < 16 else { return }
    registers[count] = register
    count += 1
  }

  /// Access `index`, which is less than `count`.
  public subscript(index: Int) -> MMIOAccess {
    MMIOAccess(
      address: address.advanced(by: UInt64(truncatingIfNeeded: index) &* width.byteCount), width: width,
      isWrite: isWrite, register: registers[index], isSignExtended: isSignExtended, isSixtyFourBit: isSixtyFourBit)
  }
}

/// What a backend makes of a load or store that the syndrome does not describe.
public enum TransferDescription: Sendable {
  /// This is what it does.
  case transfer(MemoryTransfer)
  /// It is nothing that can be done in the guest's stead.
  case refused(TransferRefusal)
  /// The instruction that is there is not the one that trapped, or the guest's tables have changed: the guest shall try
  /// again.
  case changed
}

/// Why a load or store is not done in a guest's stead: device memory is no place for it.
public enum TransferRefusal: UInt8, CaseIterable, Sendable {
  /// No load or store that we know.
  case unrecognized
  /// The architecture does not say what it does.
  case unpredictable
  /// It moves FP or SIMD registers.
  case floatingPoint
  /// It is an exclusive or an atomic access.
  case exclusive
  /// It loads or stores the program counter.
  case programCounter
  /// Its base is the stack pointer of AArch64.
  case stackPointer
  /// It concerns another mode's registers or the saved program state: LDM and STM with `^`, RFE, SRS.
  case otherMode
  /// It moves a coprocessor's register: LDC, STC.
  case coprocessor
  /// The guest's loads and stores are big-endian.
  case bigEndian
  /// It goes beyond the page in which it faulted.
  case severalPages
  /// The instruction itself is not in memory that we can read.
  case unreadable

  /// The reason in a few words, for a message that begins with "a load or store to a device".
  public var text: StaticString {
    switch self {
    case .unrecognized: "by an instruction that we do not know"
    case .unpredictable: "that is UNPREDICTABLE"
    case .floatingPoint: "with FP or SIMD registers"
    case .exclusive: "that is exclusive or atomic"
    case .programCounter: "with the program counter"
    case .stackPointer: "through the stack pointer"
    case .otherMode: "with another mode's registers"
    case .coprocessor: "with a coprocessor's registers"
    case .bigEndian: "that is big-endian"
    case .severalPages: "across a page's end"
    case .unreadable: "by an instruction that is not in the guest's memory"
    }
  }
}
