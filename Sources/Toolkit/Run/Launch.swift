internal import Foundation

/// One boot of a system on a board.
public struct Launch: Sendable {
  /// The checkout.
  public var project: Project
  /// The board with its choices.
  public var emulation: Emulation

  /// A boot on a board.
  public init(project: Project, emulation: Emulation) {
    self.project = project
    self.emulation = emulation
  }

  /// Bundles and checks a system, and makes it the command that boots it.
  /// - Parameter name: names the run's files, so that runs at the same time keep theirs apart.
  public func command(
    booting system: String, as name: String = Self.ownName, arguments: String? = nil, console: Emulation.Console
  ) async throws -> Command {
    let bundler = Bundler(project: project)
    let bundle = try await bundler.bundle(system)
    try await bundler.check(bundle, on: emulation)
    return try command(booting: bundle, as: name, arguments: arguments, console: console)
  }

  /// The command that boots a bundle that is ready, or none, with another image than the build's where one is given.
  public func command(
    booting bundle: Bundler.Bundle?, as name: String = Self.ownName, arguments: String? = nil,
    console: Emulation.Console, image: String? = nil
  ) throws -> Command {
    try Files.makeFolder(project.runs)
    let kernel = image ?? ImageBuilder(project: project).image(emulation.board.isa)
    try ImageStamp.check(Files.contents(of: kernel), at: kernel)
    let file = "\(project.runs)/\(name).dtb"
    if let bundle { try Files.write(bundle.bytes, to: file) }
    var emulation = emulation
    emulation.log = "\(project.runs)/\(name).log"
    return emulation.command(
      booting: Emulation.Boot(kernel: kernel, initialRAMDisk: bundle.map { _ in file }, arguments: arguments),
      console: console)
  }

  /// What the files of a boot are named after where nobody names it: two of them at the same time have their own.
  public static var ownName: String { "run-\(ProcessInfo.processInfo.processIdentifier)" }

  /// Takes away the files of a boot that has ended.
  private func forgetOwnFiles() {
    for end in ["dtb", "log"] { try? FileManager.default.removeItem(atPath: "\(project.runs)/\(Self.ownName).\(end)") }
  }

  /// Boots with the console on the tool's own terminal.
  /// - Parameter isColoured: whether the hypervisor puts the speakers' names in colour.
  /// - Returns: QEMU's exit status, or 1 where the hypervisor panicked.
  public func interactive(_ system: String, arguments: String?, isColoured: Bool = true) async throws -> Int32 {
    let arguments = isColoured ? arguments : [arguments, "tvisor.colour=0"].compactMap(\.self).joined(separator: " ")
    defer { forgetOwnFiles() }
    let command = try await command(booting: system, arguments: arguments, console: .terminal)
    let status = try await command.interact()
    var transcript = Transcript()
    transcript.append(FileManager.default.contents(atPath: "\(project.runs)/\(Self.ownName).log") ?? Data())
    guard Self.hasPanicked(transcript.text) else { return status }
    print(await explained(transcript.tail()))
    return 1
  }

  /// Boots without a person and waits for texts on the console, which is shown as it ends.
  public func headless(
    _ system: String, expecting texts: [String], within patience: Duration, arguments: String?
  ) async throws {
    defer { forgetOwnFiles() }
    let command = try await command(booting: system, arguments: arguments, console: .pipe)
    do {
      let said = try await QEMUSession.run(command) { console in
        for text in texts { try await console.expect(text, within: patience, unless: Self.end) }
        if texts.isEmpty { try await console.expectEnd(within: patience, unless: Self.end) }
        return await console.transcript.text
      }
      guard !Self.hasPanicked(said) else { throw Failure("the hypervisor panicked:\n\(said)") }
      print(said)
    } catch let failure as Failure {
      throw Failure(await explained(failure.description))
    }
  }

  /// What the hypervisor says last, where it does not go on.
  static let end = "\n[tvisor] stopped\n"

  /// True where the hypervisor itself gave up, as its own lines say.
  public static func hasPanicked(_ text: String) -> Bool {
    text.split(separator: "\n").contains { $0.hasPrefix("[tvisor] PANIC") }
  }

  /// A console's text with names behind the hypervisor's addresses.
  public func explained(_ text: String) async -> String {
    let path = ImageBuilder(project: project).executable(of: ImageBuilder.hypervisor(emulation.board.isa))
    guard let symbolizer = try? Symbolizer(path: path) else { return text }
    return await symbolizer.annotate(text)
  }
}
