import Foundation
import Toolkit

/// A copy of the checkout in a scratch folder, in which mistakes are made and what they are tried with is built. The product's
/// own sources never have any of it.
struct Workshop {
  /// The checkout.
  var project: Project
  /// What mistakes are made in.
  var subject: Mutation.Subject
  /// Where the copy is.
  var folder: String { project.path(".build-mutants/\(subject == .tests ? "checkout" : "images")") }
  /// The copy as a checkout.
  private var copy: Project { Project(root: URL(fileURLWithPath: folder)) }

  /// Copies what has changed, so that what is built again is no more than that, and puts mistakes into it: those that can be
  /// chosen at run time together, or one of form `text` alone.
  /// - Throws: `Failure` with all mistakes that do not apply.
  func prepare(_ mutations: [Mutation]) throws {
    let files = try sources()
    var texts: [String: Data] = [:]
    var failures: [String] = []
    for (file, mutations) in Dictionary(grouping: mutations, by: \.file).sorted(by: { $0.key < $1.key }) {
      guard let source = try? String(contentsOfFile: project.path(file), encoding: .utf8) else {
        failures.append("\(mutations[0].title)\n  does not apply, for there is no such file")
        continue
      }
      do { texts[file] = Data(try Schema(mutations, in: source).text.utf8) } catch { failures.append("\(error)") }
      let question = "\(Self.target(of: file))/Mutated.swift"
      texts[question] = Data((subject == .tests ? HostMutation.question : ImageMutation.question).utf8)
    }
    if subject == .images { texts["boot/entry/mutation.c"] = Data(ImageMutation.choice.utf8) }
    guard failures.isEmpty else { throw Failure(failures.joined(separator: "\n")) }
    texts["Package.swift"] = try manifest()
    for file in Set(files).union(texts.keys) {
      try write(texts[file] ?? Files.contents(of: project.path(file)), to: "\(folder)/\(file)")
    }
    for file in try Self.files(below: folder) where !files.contains(file) && texts[file] == nil {
      try FileManager.default.removeItem(atPath: "\(folder)/\(file)")
    }
    try linkSetUp()
  }

  /// Builds the tests or, where mistakes are made in images, the images, our own guests, and the tests beside them.
  func build() async throws {
    try await buildTests(in: subject == .tests ? folder : project.root.path)
    guard subject == .images else { return }
    for isa in ImageBuilder.isas {
      try await ImageBuilder(project: copy).buildHypervisor(isa)
      try await ImageBuilder(project: copy).buildGuests(isa)
    }
  }

  private func buildTests(in folder: String) async throws {
    let command = Command("swift", ["build", "--scratch-path", ".build-host", "--build-tests", "--quiet"])
    guard try await command.interact(in: folder) == 0 else { throw Failure("building the tests failed") }
  }

  /// Makes what was built have one of its mistakes, or none, and gives the command, for `folder`, that runs the tests of that
  /// name.
  func trial(of tests: String, number: Int?) throws -> Command {
    let home = subject == .tests ? folder : project.root.path
    var command = Command(
      "\(home)/.build-host/debug/TVisorPackageTests.xctest", ["--testing-library", "swift-testing", "--filter", tests])
    switch subject {
    case .tests: command.environment = [HostMutation.variable: "\(number ?? 0)"]
    case .images:
      for image in ImageBuilder.isas.map(ImageBuilder(project: copy).image) {
        try Files.write(ImageMutation.choosing(number ?? 0, in: Files.contents(of: image)), to: image)
      }
    }
    return command
  }

  /// The folder of the target that a source file belongs to.
  static func target(of file: String) -> String {
    let parts = file.split(separator: "/")
    return parts.prefix(parts[0] == "boot" ? 1 : 2).joined(separator: "/")
  }

  /// The manifest without warnings as errors, for a mistake may well deserve one, and on the host with optimised code, for the
  /// tests run often.
  private func manifest() throws -> Data {
    let text = try String(contentsOfFile: project.path("Package.swift"), encoding: .utf8)
    let strict = "  .treatAllWarnings(as: .error),\n"
    guard text.contains(strict) else {
      throw Failure("Package.swift has no line `\(strict)`; tell Workshop how it is now")
    }
    let replacement = subject == .tests ? "  .unsafeFlags([\"-O\"]),\n" : ""
    return Data(text.replacingOccurrences(of: strict, with: replacement).utf8)
  }

  private func sources() throws -> [String] {
    try Self.files(below: project.root.path)
  }

  /// All files below a folder but those whose path begins with a dot: builds, and what others keep.
  private static func files(below folder: String) throws -> [String] {
    guard FileManager.default.fileExists(atPath: folder) else { return [] }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasPrefix(".") }
    return names.flatMap { name -> [String] in
      var isFolder: ObjCBool = false
      guard unsafe FileManager.default.fileExists(atPath: "\(folder)/\(name)", isDirectory: &isFolder) else {
        return []
      }
      guard isFolder.boolValue else { return [name] }
      let below = FileManager.default.enumerator(atPath: "\(folder)/\(name)")?.compactMap { $0 as? String } ?? []
      return below.map { "\(name)/\($0)" }.filter { path in
        var isFolder: ObjCBool = false
        return unsafe FileManager.default.fileExists(atPath: "\(folder)/\(path)", isDirectory: &isFolder)
          && !isFolder.boolValue
      }
    }
  }

  private func write(_ data: Data, to path: String) throws {
    guard FileManager.default.contents(atPath: path) != data else { return }
    try Files.makeFolder((path as NSString).deletingLastPathComponent)
    try Files.write(data, to: path)
    let mode = try? FileManager.default.attributesOfItem(atPath: project.path(String(path.dropFirst(folder.count + 1))))
    if let mode = mode?[.posixPermissions] {
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }
  }

  /// The copy uses the checkout's downloads.
  private func linkSetUp() throws {
    let link = "\(folder)/.build-setup"
    guard (try? FileManager.default.destinationOfSymbolicLink(atPath: link)) == nil else { return }
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: project.path(".build-setup"))
  }
}
