public import Architecture
internal import CLibFDT

/// Writes a flattened device tree from start to end into a buffer that the caller owns: reservations, then one root, in
/// whose nodes the properties come before the child nodes.
@safe public struct DeviceTreeWriter: ~Copyable {
  let base: UnsafeMutableRawPointer
  private var hasReservations: Bool
  /// True between the start of a node and its first child's end: libfdt would take a property later on and write a tree
  /// that no reader understands.
  private var takesProperties = false

  /// Where the value of the property that was written last lies in the buffer, and will when the tree is finished.
  public private(set) var lastValueOffset = 0

  /// The longest name of a node or property that can be written, its unit address included.
  public static var nameLimit: Int { 127 }

  /// Starts a tree in `buffer`, which must be at a multiple of eight bytes and stay the writer's until `finish()`. A tree that
  /// does not share the names of its properties is larger by those, and written without a search for each.
  public init(
    unsafeBuffer buffer: UnsafeMutableRawBufferPointer, sharesNames: Bool = true
  ) throws(DeviceTreeError) {
    guard let base = buffer.baseAddress else { throw DeviceTreeError(.full) }
    guard UInt(bitPattern: base) % 8 == 0 else { throw DeviceTreeError(.misaligned) }
    let capacity = Int32(min(buffer.count, Int(Int32.max) & ~7))
    let flags = sharesNames ? 0 : UInt32(FDT_CREATE_FLAG_NO_NAME_DEDUP)
    guard unsafe fdt_create_with_flags(base, capacity, flags) == 0 else { throw DeviceTreeError(.full) }
    unsafe self.base = base
    hasReservations = false
  }

  /// Adds an entry to the memory reservation block. Only before the root.
  public mutating func reserve(_ range: AddressRange<PhysicalAddress>) throws(DeviceTreeError) {
    try check(unsafe fdt_add_reservemap_entry(base, range.start.rawValue, range.size))
  }

  /// Ends the tree, whose size in bytes is returned.
  public mutating func finish() throws(DeviceTreeError) -> Int {
    try check(unsafe fdt_finish(base))
    return Int(UInt32(bigEndian: unsafe base.load(fromByteOffset: 4, as: UInt32.self)))
  }

  /// Starts a node, the root first, whose name is "". `end()` ends it.
  public mutating func begin(_ name: Span<UInt8>) throws(DeviceTreeError) {
    var full = Characters()
    full.append(name)
    try begin(full)
  }

  /// Starts the node `name@address`, the address in hexadecimal as is the custom. `end()` ends it.
  public mutating func begin(_ name: Text, at address: UInt64) throws(DeviceTreeError) {
    var full = Characters()
    full.append(name.span)
    full.append(unitAddress: address)
    try begin(full)
  }

  private mutating func begin(_ name: borrowing Characters) throws(DeviceTreeError) {
    guard !name.isCut else { throw DeviceTreeError(.malformed) }
    if !hasReservations { try check(unsafe fdt_finish_reservemap(base)) }
    hasReservations = true
    try check(unsafe name.withTerminator { unsafe fdt_begin_node(base, $0) })
    takesProperties = true
  }

  /// Ends the node that was started last and has not ended.
  public mutating func end() throws(DeviceTreeError) {
    try check(unsafe fdt_end_node(base))
    takesProperties = false
  }

  /// Writes a property of `count` bytes that `fill` sets; they are zero before.
  public mutating func property(
    named name: Span<UInt8>, count: Int, fill: (inout MutableRawSpan) -> Void
  ) throws(DeviceTreeError) {
    var span = unsafe MutableRawSpan(_unsafeStart: try place(ofProperty: name, count: count), byteCount: count)
    fill(&span)
  }

  /// Begins a property: the place of its value, `count` bytes of zeros. What every way to fill it shares is there once.
  @inline(never)
  private mutating func place(
    ofProperty name: Span<UInt8>, count: Int
  ) throws(DeviceTreeError) -> UnsafeMutableRawPointer {
    var full = Characters()
    full.append(name)
    guard !full.isCut else { throw DeviceTreeError(.malformed) }
    guard takesProperties else { throw DeviceTreeError(.order) }
    guard let length = Int32(exactly: count), length >= 0 else { throw DeviceTreeError(.full) }
    var value: UnsafeMutableRawPointer?
    try check(unsafe full.withTerminator { unsafe fdt_property_placeholder(base, $0, length, &value) })
    guard let value = unsafe value else { throw DeviceTreeError(.order) }
    unsafe value.initializeMemory(as: UInt8.self, repeating: 0, count: count)
    lastValueOffset = unsafe value - base
    return unsafe value
  }

  /// The error that a return code of libfdt stands for.
  private func check(_ code: Int32) throws(DeviceTreeError) {
    guard code < 0 else { return }
    throw DeviceTreeError(code == -FDT_ERR_NOSPACE ? .full : .order)
  }
}

/// A name on its way to libfdt, which wants C characters with a terminator.
struct Characters: ~Copyable {
  private var bytes = [128 of CChar](repeating: 0)
  private var count = 0
  /// True where more was appended than there is room for.
  private(set) var isCut = false

  mutating func append(_ byte: UInt8) {
    guard count < DeviceTreeWriter.nameLimit, byte != 0 else {
      isCut = true
      return
    }
    bytes[count] = CChar(bitPattern: byte)
    count += 1
  }

  mutating func append(_ text: Span<UInt8>) {
    for index in text.indices { append(text[index]) }
  }

  /// Appends "@" and the address in hexadecimal without leading zeros.
  mutating func append(unitAddress address: UInt64) {
    append(UInt8(ascii: "@"))
    var digits = max(1, (64 - address.leadingZeroBitCount + 3) / 4)
    while digits > 0 {
      digits -= 1
      let digit = UInt8(truncatingIfNeeded: address >> UInt64(digits * 4)) & 15
      append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
  }

  func withTerminator<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    unsafe bytes.span.withUnsafeBufferPointer { characters in
      // The array has a byte more than the limit, so that it is never empty and always ends with NUL.
      unsafe body(characters.baseAddress.unsafelyUnwrapped)
    }
  }
}
