internal import Foundation

/// Makes the folder of a new system: a guest of its own that builds, and the file that boots it. The pieces are files below
/// Sources/Guests/Template, in which `@NAME@` and the like stand for what differs.
public struct Starter: Sendable {
  /// What the guest's program is written in.
  public enum Language: String, CaseIterable, Sendable {
    /// C.
    case c
    /// Embedded Swift.
    case swift
    /// Rust without its standard library.
    case rust
  }

  /// The folder, whose last part is the system's name.
  public var folder: String
  /// The language.
  public var language: Language
  /// Which image's boards it is for: `armv8` or `armv7`.
  public var isa: String
  private let templates: String

  /// A starter for a folder that is not there yet.
  /// - Throws: `Failure` where the folder's name cannot be a VM's.
  public init(project: Project, folder: String, language: Language, isa: String) throws(Failure) {
    self.folder = folder
    self.language = language
    self.isa = isa
    templates = project.templates
    let name = self.name
    let shape = /(?!tvisor$)[A-Za-z0-9][A-Za-z0-9._-]{0,30}/
    guard name.wholeMatch(of: shape) != nil else {
      throw Failure(
        "'\(name)' cannot be a VM's name, as that of the folder is; take up to 31 letters, digits, '.', '_' and '-', and not 'tvisor'"
      )
    }
  }

  /// The system's name.
  public var name: String { String(folder.split(separator: "/").last ?? "") }

  /// Writes all files.
  /// - Returns: their names, in order.
  /// - Throws: `Failure` where there is something already.
  public func write() throws(Failure) -> [String] {
    let present = try? FileManager.default.contentsOfDirectory(atPath: folder)
    guard present?.isEmpty ?? !FileManager.default.fileExists(atPath: folder) else {
      throw Failure("\(folder) is there already, and nothing is written over it; choose another name, or remove it")
    }
    var files: [String: String] = [:]
    for part in ["common", isa, language.rawValue] {
      for file in try names(in: "\(templates)/\(part)") where !file.hasPrefix("Makefile.") {
        files[file] = try filled("\(part)/\(file)")
      }
    }
    files["Makefile"] = try ["common/Makefile.part", "\(language.rawValue)/Makefile.part", "common/Makefile.end"]
      .map { path throws(Failure) in try filled(path) }.joined()
    files["system.schema.json"] = "\(KeyTable.system.schema(title: "TVisor's system.yaml"))\n"
    try Files.makeFolder(folder)
    for (file, text) in files { try Files.write(text, to: "\(folder)/\(file)") }
    return files.keys.sorted()
  }

  private func names(in folder: String) throws(Failure) -> [String] {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
      throw Failure("cannot read the folder \(folder), which is a part of TVisor")
    }
    return names
  }

  private func filled(_ path: String) throws(Failure) -> String {
    let text = try SourceText(path: "\(templates)/\(path)").text
    return words.reduce(text) { $0.replacing("@\($1.key)@", with: $1.value) }
  }

  /// How a shell finds this tool.
  private static var tool: String {
    let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
    let isInPath = folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/tvisor") }
    return isInPath ? "tvisor" : URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path
  }

  /// What stands for each word.
  private var words: [String: String] {
    let is32Bit = isa == "armv7"
    let folder = is32Bit ? "debian-armhf" : "debian-arm64"
    return [
      "NAME": name, "TVISOR": Self.tool, "BOARD": "qemu-virt-\(isa)",
      "MAIN": "main.\(language == .rust ? "rs" : language.rawValue)",
      "LANGUAGE": language == .c ? "C" : language == .swift ? "Embedded Swift" : "Rust",
      "DEBIAN": "\(folder)/\(is32Bit ? "zImage" : "Image")", "DEBIANFOLDER": folder,
      "CFLAGS": is32Bit
        ? "--target=armv7-none-eabi -march=armv7ve -mfloat-abi=soft -mfpu=none"
        : "--target=aarch64-none-elf -mgeneral-regs-only",
      "SWIFTTRIPLE": is32Bit ? "armv7-none-none-eabi" : "aarch64-none-none-elf",
      "SWIFTFLAGS": is32Bit
        ? "-Xcc -march=armv7ve -Xcc -mfloat-abi=soft -Xcc -mfpu=none" : "-Xcc -mgeneral-regs-only",
      "RUSTTARGET": is32Bit ? "armv7a-none-eabi" : "aarch64-unknown-none",
    ]
  }
}
