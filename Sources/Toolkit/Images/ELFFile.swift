public import Foundation

/// A little-endian ELF executable of 32 or 64 bits: what of it goes into memory, and its names for the symbolizer.
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

  /// `e_machine` of 32-bit Arm.
  public static let arm: UInt16 = 40
  /// `e_machine` of AArch64.
  public static let aarch64: UInt16 = 183

  /// True where the bytes begin as an ELF file does.
  public static func isELF(_ bytes: Data) -> Bool { ByteReader(bytes).has([0x7F, 0x45, 0x4C, 0x46], at: 0) }

  /// Reads an executable.
  /// - Throws: `Failure` where it is none, is of another kind, or is cut short.
  public init(_ bytes: Data) throws {
    let bytes = ByteReader(bytes)
    guard bytes.has([0x7F, 0x45, 0x4C, 0x46], at: 0) else { throw Failure("this is no ELF file") }
    guard bytes.has([1], at: 5), let format = bytes.integer(at: 4, as: UInt8.self).flatMap(ELFFormat.init) else {
      throw Failure("this ELF file is neither 32-bit nor 64-bit little-endian")
    }
    let file = ELFReader(file: bytes, format: format)
    let header = try Header(file)
    guard header.kind == 2 || header.kind == 3 else {
      throw Failure("this ELF file is no executable; link it before giving it to a VM")
    }
    machine = header.machine
    entry = header.entry
    segments = try Self.segments(header, file)
    (sections, symbols) = try Self.sections(header, file)
  }

  private struct Header {
    var kind: UInt16
    var machine: UInt16
    var entry: UInt64
    var programHeaders: (offset: UInt64, size: UInt16, count: UInt16)
    var sectionHeaders: (offset: UInt64, size: UInt16, count: UInt16, names: UInt16)

    init(_ file: ELFReader) throws {
      let place = file.format.header
      kind = try file.need(at: 16)
      machine = try file.need(at: 18)
      entry = try file.word(at: place.entry)
      // Five half words follow one another: the size and number of the two kinds of headers, and the names' section.
      let sizes = place.programHeaderSize
      programHeaders = try (file.word(at: place.programHeaders), file.need(at: sizes), file.need(at: sizes + 2))
      sectionHeaders = try (
        file.word(at: place.sectionHeaders), file.need(at: sizes + 4), file.need(at: sizes + 6),
        file.need(at: sizes + 8)
      )
    }
  }

  private static func segments(_ header: Header, _ file: ELFReader) throws -> [Segment] {
    var segments: [Segment] = []
    let place = file.format.program
    for index in 0..<UInt64(header.programHeaders.count) {
      let at = header.programHeaders.offset &+ index * UInt64(header.programHeaders.size)
      let memorySize = try file.word(at: at &+ place.memorySize)
      guard try file.need(at: at) as UInt32 == 1, memorySize > 0 else { continue }
      let offset = try file.word(at: at &+ place.offset)
      guard let data = file.file.slice(at: offset, count: try file.word(at: at &+ place.fileSize)),
        UInt64(data.count) <= memorySize
      else { throw ELFReader.cutShort }
      segments.append(
        Segment(
          physicalAddress: try file.word(at: at &+ place.physicalAddress),
          virtualAddress: try file.word(at: at &+ place.virtualAddress), data: data, memorySize: memorySize))
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

    init(_ file: ELFReader, at: UInt64) throws {
      let place = file.format.section
      name = try file.need(at: at)
      kind = try file.need(at: at &+ 4)
      flags = try file.word(at: at &+ place.flags)
      address = try file.word(at: at &+ place.address)
      offset = try file.word(at: at &+ place.offset)
      size = try file.word(at: at &+ place.size)
      link = try file.need(at: at &+ place.link)
    }
  }

  private static func sections(_ header: Header, _ file: ELFReader) throws -> ([Section], [Symbol]) {
    let headers = try (0..<UInt64(header.sectionHeaders.count)).map {
      try SectionHeader(file, at: header.sectionHeaders.offset &+ $0 * UInt64(header.sectionHeaders.size))
    }
    let names =
      headers.indices.contains(Int(header.sectionHeaders.names))
      ? headers[Int(header.sectionHeaders.names)].offset : 0
    let sections = headers.filter { $0.flags & 2 != 0 }.map {
      Section(
        name: file.file.text(at: names &+ UInt64($0.name)) ?? "?", address: $0.address, size: $0.size,
        isExecutable: $0.flags & 4 != 0, isWritable: $0.flags & 1 != 0)
    }
    guard let table = headers.first(where: { $0.kind == 2 }), headers.indices.contains(Int(table.link)) else {
      return (sections, [])
    }
    return (sections, try symbols(table, strings: headers[Int(table.link)].offset, header.machine, file))
  }

  private static func symbols(
    _ table: SectionHeader, strings: UInt64, _ machine: UInt16, _ file: ELFReader
  ) throws -> [Symbol] {
    var symbols: [Symbol] = []
    let place = file.format.symbol
    for index in 0..<table.size / place.count {
      let at = table.offset &+ index * place.count
      let name: UInt32 = try file.need(at: at)
      let info: UInt8 = try file.need(at: at &+ place.info)
      // Undefined symbols, sections and files name no address; neither do the mapping symbols `$x`, `$a`, `$t` and `$d`.
      guard try file.need(at: at &+ place.section) as UInt16 != 0, info & 15 < 3,
        let text = file.file.text(at: strings &+ UInt64(name)), !text.isEmpty, !isMapping(text)
      else { continue }
      let isFunction = info & 15 == 2
      let value = try file.word(at: at &+ place.value)
      symbols.append(
        Symbol(
          // Bit 0 of a 32-bit function's address says that it is Thumb code (IHI 0044, §5.5.3).
          name: text, address: isFunction && machine == arm ? value & ~1 : value,
          size: try file.word(at: at &+ place.size), isFunction: isFunction))
    }
    return symbols.sorted { ($0.address, $0.name) < ($1.address, $1.name) }
  }

  /// `$x`, `$a`, `$t` and `$d`, alone or with a point and more behind.
  private static func isMapping(_ name: String) -> Bool { name.wholeMatch(of: /\$[xatd](\..*)?/) != nil }
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
