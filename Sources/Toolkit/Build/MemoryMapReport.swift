/// What an image occupies, for people to read after a build.
public struct MemoryMapReport: CustomStringConvertible, Sendable {
  /// The linked file.
  public var file: ELFFile
  /// The image's name.
  public var name: String

  /// A report about a linked file.
  public init(_ file: ELFFile, name: String) {
    self.file = file
    self.name = name
  }

  /// A table of the sections in memory and the linker script's own marks.
  public var description: String {
    var lines = ["\(name): \(describe(UInt64(file.rawImage.count))) in the file, \(describe(memorySize)) in memory"]
    for section in file.sections where section.size > 0 {
      let rights = "r" + (section.isWritable ? "w" : "-") + (section.isExecutable ? "x" : "-")
      let size = pad(describe(section.size), 10)
      lines.append("  \(hexadecimal(section.address, digits: 12))  \(size)  \(rights)  \(section.name)")
    }
    if let arena {
      let place = "\(hexadecimal(arena.lowerBound, digits: 12))  \(pad(describe(UInt64(arena.count)), 10))"
      lines.append("  \(place)  rw-  the boot arena; the console says at boot what a system takes of it")
    }
    for mark in marks { lines.append("  \(hexadecimal(mark.address, digits: 12))  \(pad("", 10))       \(mark.name)") }
    return lines.joined(separator: "\n")
  }

  /// Bytes from the lowest address of the image to its highest.
  public var memorySize: UInt64 {
    let start = file.segments.map(\.physicalAddress).min() ?? 0
    return (file.segments.map { $0.physicalAddress &+ $0.memorySize }.max() ?? 0) &- start
  }

  /// What the image leaves of the block that its loader gives it: where the hypervisor puts what it sizes at boot.
  private var arena: Range<UInt64>? {
    func mark(_ name: String) -> UInt64? { marks.first { $0.name == name }?.address }
    guard let start = mark("tvisor_image_start"), let size = mark("tvisor_image_size"),
      let end = mark("tvisor_image_end"), end >= start, end - start <= size
    else { return nil }
    return end..<start + size
  }

  private var marks: [ELFFile.Symbol] {
    file.symbols.filter { $0.size == 0 && !$0.isFunction && $0.name.wholeMatch(of: /tvisor_[a-z0-9_]+/) != nil }
  }

  private func describe(_ size: UInt64) -> String {
    size < 10 << 10 ? "\(size) B" : "\((size + 512) >> 10) KiB"
  }

  private func pad(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
