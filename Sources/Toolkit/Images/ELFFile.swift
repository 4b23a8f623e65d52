public import Foundation

/// A 64-bit little-endian ELF executable: what of it goes into memory, and its names for the symbolizer.
public struct ELFFile: Sendable {
  /// A part that is loaded (`PT_LOAD`).
  public struct Segment: Equatable, Sendable {
    /// Where it goes (`p_paddr`).
    public var physicalAddress: UInt64
    /// Where it runs (`p_vaddr`).
    public var virtualAddress: UInt64
    /// The bytes in the file.
    public var data: Data
    /// Its size in memory: the rest after the data is zero.
    public var memorySize: UInt64
  }

  /// A section that occupies memory (`SHF_ALLOC`).
  public struct Section: Equatable, Sendable {
    /// The name, such as `.text`.
    public var name: String
    /// Where it runs.
    public var address: UInt64
    /// Bytes in memory.
    public var size: UInt64
    /// True where it holds instructions.
    public var isExecutable: Bool
    /// True where it can be written.
    public var isWritable: Bool
  }

  /// A named address.
  public struct Symbol: Equatable, Sendable {
    /// The linker's name for it.
    public var name: String
    /// The address.
    public var address: UInt64
    /// Bytes, or 0 where it is only a mark.
    public var size: UInt64
    /// True for a function.
    public var isFunction: Bool
  }

  /// The machine that it is for (`e_machine`).
  public var machine: UInt16
  /// The virtual address of the first instruction.
  public var entry: UInt64
  /// The loaded parts that have any bytes, in the file's order.
  public var segments: [Segment]
  /// The sections in memory, in the file's order.
  public var sections: [Section]
  /// The symbols, in the order of their addresses.
  public var symbols: [Symbol]

  /// `e_machine` of AArch64.
  public static let aarch64: UInt16 = 183

  /// True where the bytes begin as an ELF file does.
  public static func isELF(_ bytes: Data) -> Bool { ByteReader(bytes).has([0x7F, 0x45, 0x4C, 0x46], at: 0) }

  /// Reads an executable.
  /// - Throws: `Failure` where it is none, is of another kind, or is cut short.
  public init(_ bytes: Data) throws {
    let reader = ByteReader(bytes)
    guard Self.isELF(bytes) else { throw Failure("this is no ELF file") }
    guard reader.has([2, 1], at: 4) else { throw Failure("this ELF file is not 64-bit little-endian") }
    let header = try Header(reader)
    guard header.kind == 2 || header.kind == 3 else {
      throw Failure("this ELF file is no executable; link it before giving it to a VM")
    }
    machine = header.machine
    entry = header.entry
    segments = try Self.segments(header, reader)
    (sections, symbols) = try Self.sections(header, reader)
  }

  private struct Header {
    var kind: UInt16
    var machine: UInt16
    var entry: UInt64
    var programHeaders: (offset: UInt64, size: UInt16, count: UInt16)
    var sectionHeaders: (offset: UInt64, size: UInt16, count: UInt16, names: UInt16)

    init(_ file: ByteReader) throws {
      kind = try file.need(at: 16)
      machine = try file.need(at: 18)
      entry = try file.need(at: 24)
      programHeaders = try (file.need(at: 32), file.need(at: 54), file.need(at: 56))
      sectionHeaders = try (file.need(at: 40), file.need(at: 58), file.need(at: 60), file.need(at: 62))
    }
  }

  private static func segments(_ header: Header, _ file: ByteReader) throws -> [Segment] {
    var segments: [Segment] = []
    for index in 0..<UInt64(header.programHeaders.count) {
      let at = header.programHeaders.offset &+ index * UInt64(header.programHeaders.size)
      let memorySize: UInt64 = try file.need(at: at &+ 40)
      guard try file.need(at: at) as UInt32 == 1, memorySize > 0 else { continue }
      guard let data = file.slice(at: try file.need(at: at &+ 8), count: try file.need(at: at &+ 32)),
        UInt64(data.count) <= memorySize
      else { throw cutShort }
      segments.append(
        Segment(
          physicalAddress: try file.need(at: at &+ 24), virtualAddress: try file.need(at: at &+ 16), data: data,
          memorySize: memorySize))
    }
    return segments
  }

  private struct SectionHeader {
    var name: UInt32
    var kind: UInt32
    var flags: UInt64
    var address: UInt64
    var offset: UInt64
    var size: UInt64
    var link: UInt32

    init(_ file: ByteReader, at: UInt64) throws {
      name = try file.need(at: at)
      kind = try file.need(at: at &+ 4)
      flags = try file.need(at: at &+ 8)
      address = try file.need(at: at &+ 16)
      offset = try file.need(at: at &+ 24)
      size = try file.need(at: at &+ 32)
      link = try file.need(at: at &+ 40)
    }
  }

  private static func sections(_ header: Header, _ file: ByteReader) throws -> ([Section], [Symbol]) {
    let headers = try (0..<UInt64(header.sectionHeaders.count)).map {
      try SectionHeader(file, at: header.sectionHeaders.offset &+ $0 * UInt64(header.sectionHeaders.size))
    }
    let names =
      headers.indices.contains(Int(header.sectionHeaders.names))
      ? headers[Int(header.sectionHeaders.names)].offset : 0
    let sections = headers.filter { $0.flags & 2 != 0 }.map {
      Section(
        name: file.text(at: names &+ UInt64($0.name)) ?? "?", address: $0.address, size: $0.size,
        isExecutable: $0.flags & 4 != 0, isWritable: $0.flags & 1 != 0)
    }
    guard let table = headers.first(where: { $0.kind == 2 }), headers.indices.contains(Int(table.link)) else {
      return (sections, [])
    }
    return (sections, try symbols(table, strings: headers[Int(table.link)].offset, file))
  }

  private static func symbols(_ table: SectionHeader, strings: UInt64, _ file: ByteReader) throws -> [Symbol] {
    var symbols: [Symbol] = []
    for index in 0..<table.size / 24 {
      let at = table.offset &+ index * 24
      let name: UInt32 = try file.need(at: at)
      let info: UInt8 = try file.need(at: at &+ 4)
      // Undefined symbols, sections and files name no address; neither do the mapping symbols `$x` and `$d`.
      guard try file.need(at: at &+ 6) as UInt16 != 0, info & 15 < 3,
        let text = file.text(at: strings &+ UInt64(name)), !text.isEmpty, !text.hasPrefix("$x"), !text.hasPrefix("$d")
      else { continue }
      symbols.append(
        Symbol(
          name: text, address: try file.need(at: at &+ 8), size: try file.need(at: at &+ 16),
          isFunction: info & 15 == 2))
    }
    return symbols.sorted { ($0.address, $0.name) < ($1.address, $1.name) }
  }

  private static let cutShort = Failure("this ELF file is cut short")
}

extension ByteReader {
  fileprivate func need<Value: FixedWidthInteger>(at offset: UInt64) throws -> Value {
    guard let value = integer(at: offset, as: Value.self) else { throw Failure("this ELF file is cut short") }
    return value
  }
}

extension ELFFile {
  /// The bytes as one run from the lowest loaded address up, with zeros between the parts: a raw image.
  public var rawImage: Data {
    let loaded = segments.filter { !$0.data.isEmpty }
    guard let start = loaded.map(\.physicalAddress).min() else { return Data() }
    var image = Data()
    for segment in loaded.sorted(by: { $0.physicalAddress < $1.physicalAddress }) {
      let offset = Int(segment.physicalAddress - start)
      if image.count < offset { image.append(Data(count: offset - image.count)) }
      image.append(segment.data)
    }
    return image
  }

  /// The function, or failing that the mark, that an address lies in, and how far into it.
  public func symbol(at address: UInt64) -> (symbol: Symbol, offset: UInt64)? {
    guard sections.contains(where: { address &- $0.address < $0.size }) else { return nil }
    let before = symbols.filter { $0.address <= address && ($0.isFunction || $0.size == 0) }
    guard let found = before.last(where: \.isFunction) ?? before.last else { return nil }
    return (found, address - found.address)
  }
}
