internal import Foundation

/// Gives names to the addresses that the hypervisor prints when it panics.
public struct Symbolizer: Sendable {
  /// The linked file's path.
  public var path: String
  /// What is in it.
  public var file: ELFFile

  /// A symbolizer for a linked file.
  public init(path: String) throws {
    let bytes: Data
    do throws(Failure) { bytes = try Files.contents(of: path) } catch {
      throw Failure("\(error); build it with `tvisor build`")
    }
    self.path = path
    file = try ELFFile(bytes)
  }

  /// The text with a name, and file and line where they are known, behind each line that shows a code address:
  /// `#3 0x…` and `pc=0x…`, `lr=0x…`, `elr=0x…`. Guests' own lines stay as they are.
  public func annotate(_ text: String) async -> String {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let addresses = Set(lines.flatMap(Self.addresses(in:))).filter { file.symbol(at: $0) != nil }
    let names = await names(of: addresses.sorted())
    return lines.map { line in
      let found = Self.addresses(in: line).compactMap { names[$0] }
      return found.isEmpty ? line : "\(line)  \(found.joined(separator: "; "))"
    }.joined(separator: "\n")
  }

  /// The code addresses that a line of the hypervisor shows.
  static func addresses(in line: String) -> [UInt64] {
    guard !line.hasPrefix("[") || line.hasPrefix("[tvisor]") else { return [] }
    return line.matches(of: /(?i)(?:#\d+:?\s+|\b(?:pc|lr|elr|elr_el2)\s*[=:]?\s*)0x([0-9a-f_]+)/).compactMap {
      UInt64($0.1.filter { $0 != "_" }, radix: 16)
    }
  }

  /// A description for each address: by llvm-symbolizer where the toolchain has one, else by the symbol table alone.
  private func names(of addresses: [UInt64]) async -> [UInt64: String] {
    guard !addresses.isEmpty else { return [:] }
    let list = addresses.map { hexadecimal($0) }
    let detailed = try? await Command(
      "llvm-symbolizer", ["--obj=\(path)", "--output-style=GNU", "--pretty-print", "--no-inlines"] + list
    ).output()
    var names: [UInt64: String] = [:]
    let found = detailed.map { String(decoding: $0, as: UTF8.self).split(separator: "\n").map(String.init) } ?? []
    for (index, address) in addresses.enumerated() {
      guard let (symbol, offset) = file.symbol(at: address) else { continue }
      // llvm-symbolizer answers `name at file:line`.
      let place = found.count == addresses.count ? found[index].components(separatedBy: " at ").last : nil
      let known = place.flatMap { $0.hasPrefix("??") ? nil : ", \(Self.short($0))" } ?? ""
      names[address] = "\(symbol.name)+\(hexadecimal(offset))\(known)"
    }
    return await demangled(names)
  }

  /// Swift's names as people know them, where the toolchain can tell.
  private func demangled(_ names: [UInt64: String]) async -> [UInt64: String] {
    let ordered = names.sorted { $0.key < $1.key }
    let symbols = ordered.map { String($0.value.prefix { $0 != "+" }) }
    guard let output = try? await Command("swift-demangle", ["--compact", "--simplified"] + symbols).output() else {
      return names
    }
    let readable = String(decoding: output, as: UTF8.self).split(separator: "\n")
    guard readable.count == ordered.count else { return names }
    var result: [UInt64: String] = [:]
    for ((address, name), better) in zip(ordered, readable) {
      result[address] = "\(better)\(String(name.drop { $0 != "+" }))"
    }
    return result
  }

  /// A path without the checkout's folder, which is a full stop in what is built, and in older builds was its path.
  private static func short(_ place: String) -> String {
    let here = FileManager.default.currentDirectoryPath + "/"
    var rest = place.hasPrefix(here) ? place.dropFirst(here.count) : place[...]
    while rest.hasPrefix("./") { rest = rest.dropFirst(2) }
    return String(rest)
  }
}
