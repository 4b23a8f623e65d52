internal import Foundation

/// Builds what runs on a target: the hypervisor's image and our own guests.
public struct ImageBuilder: Sendable {
  /// The checkout.
  public var project: Project

  /// A builder for a checkout.
  public init(project: Project) {
    self.project = project
  }

  /// One thing to build for bare metal.
  public struct Product: Sendable {
    /// The product's name in the manifest.
    public var name: String
    /// Its toolset in boot/toolsets, without the ending.
    public var toolset: String
    /// The target triple.
    public var triple: String
    /// Its build folder.
    public var scratch: String
    /// The instruction set that it is for, as the manifest knows it.
    public var isa: String
  }

  /// The instruction sets that there are images for.
  public static let isas = ["armv8", "armv7"]

  private static func triple(_ isa: String) -> String {
    isa == "armv7" ? "armv7-none-none-eabi" : "aarch64-none-none-elf"
  }

  /// The hypervisor for an instruction set, one of `isas`.
  public static func hypervisor(_ isa: String) -> Product {
    Product(name: "tvisor-\(isa)", toolset: isa, triple: triple(isa), scratch: ".build-\(isa)", isa: isa)
  }

  /// Our own guests for an instruction set.
  public static func guests(_ isa: String) -> [Product] {
    ["metronome", "hostile", "bench", "fuzz", "witness", "disturb", "loop", "walk"].map {
      Product(
        name: $0, toolset: "guest-\(isa)", triple: triple(isa), scratch: ".build-guest-\(isa)", isa: isa)
    }
  }

  /// The linked ELF of a product.
  public func executable(of product: Product) -> String {
    project.isRelease
      ? project.path("images/\(product.name).elf")
      : project.path("\(product.scratch)/\(product.triple)/release/\(product.name)")
  }

  /// The raw image that boards boot.
  public func image(_ isa: String) -> String {
    project.path(project.isRelease ? "images/tvisor-\(isa).img" : ".build-\(isa)/tvisor-\(isa).img")
  }

  /// Builds the hypervisor and writes its raw image. A release has it already.
  /// - Returns: the linked ELF.
  @discardableResult
  public func buildHypervisor(_ isa: String) async throws -> ELFFile {
    let product = Self.hypervisor(isa)
    guard !project.isRelease else { return try ELFFile(contents(of: executable(of: product))) }
    try await build(product)
    let file = try ELFFile(contents(of: executable(of: product)))
    guard isa == "armv7" ? ZImage(file.rawImage) != nil : LinuxImage(file.rawImage) != nil else {
      throw Failure("\(product.name) does not begin with Linux's header for a kernel; look at boot's entry code")
    }
    if isa == "armv8" { try Self.refuseVulnerableSequences(in: file) }
    try await Files.write(ImageStamp(version: project.version()).written(into: file.rawImage), to: image(isa))
    return file
  }

  /// Libraries, which we do not compile, are a part of the image.
  private static func refuseVulnerableSequences(in file: ELFFile) throws {
    let found = file.sections.filter(\.isExecutable).flatMap { section in
      VulnerableSequence.all(in: file.instructions(of: section), at: section.address)
    }
    guard let first = found.first else { return }
    throw Failure(
      "the image has \(found.count) instruction sequences that a Cortex-A53 gets wrong, the first at \(hexadecimal(first.address)) "
        + "(erratum \(first.erratum)); look at boot/toolsets/armv8.json")
  }

  /// Builds our own guests and puts them beside the set-up's. A release has them already.
  public func buildGuests(_ isa: String) async throws {
    guard !project.isRelease else { return }
    let folder = "\(project.guests)/\(isa)"
    try Files.makeFolder(folder)
    for product in Self.guests(isa) {
      try await build(product)
      let bytes = try contents(of: executable(of: product))
      _ = try ELFFile(bytes)
      try Files.write(bytes, to: "\(folder)/\(product.name).elf")
    }
  }

  /// What keeps the checkout's place out of what is built, so that two of them build the same bytes: in debug information and in
  /// `#file` it is a full stop.
  private static func placeless(_ root: String) -> [String] {
    ["-Xswiftc", "-file-prefix-map", "-Xswiftc", "\(root)=.", "-Xcc", "-ffile-prefix-map=\(root)=."]
  }

  private func build(_ product: Product) async throws {
    try forgetStale(product)
    let command = Command(
      "swift",
      [
        "build", "-c", "release", "--triple", product.triple, "--toolset", "boot/toolsets/\(product.toolset).json",
        "--scratch-path", product.scratch, "--product", product.name, "--quiet",
      ] + Self.placeless(project.root.path), environment: ["TVISOR_BARE_METAL": product.isa])
    guard try await command.interact(in: project.root.path) == 0 else {
      throw Failure("building \(product.name) failed: `\(command.line)`")
    }
  }

  /// The build system does not see a changed toolset or linker script, so the folder keeps what its last build used.
  /// A new toolset begins the folder anew; a new linker script or library only asks for another link.
  private func forgetStale(_ product: Product) throws {
    let folder = project.path(product.scratch)
    let toolset = try contents(of: project.path("boot/toolsets/\(product.toolset).json"))
    // Its files have the paths that they were made at, so that a checkout that was moved begins it anew, too.
    let place = Data("\n\(project.root.path)\n".utf8)
    try remove(folder, unless: toolset + place, isRecordedIn: "\(folder)/inputs-toolset")
    var linked = Data()
    for script in try FileManager.default.contentsOfDirectory(atPath: project.path("boot/link")).sorted() {
      linked += try contents(of: project.path("boot/link/\(script)"))
    }
    let libraries =
      product.isa == "armv7" ? ["libfdt/armhf/libfdt.a", "libgcc/armhf/libgcc.a"] : ["libfdt/arm64/libfdt.a"]
    for library in libraries {
      linked += FileManager.default.contents(atPath: project.path(".build-setup/\(library)")) ?? Data()
    }
    try remove(executable(of: product), unless: linked, isRecordedIn: "\(folder)/inputs-link-\(product.name)")
  }

  /// Removes what was built from other inputs, and records these.
  private func remove(_ path: String, unless inputs: Data, isRecordedIn record: String) throws {
    let files = FileManager.default
    guard files.contents(atPath: record) != inputs else { return }
    if files.fileExists(atPath: path) { try files.removeItem(atPath: path) }
    try Files.makeFolder((record as NSString).deletingLastPathComponent)
    try Files.write(inputs, to: record)
  }

  private func contents(of path: String) throws -> Data { try Files.contents(of: path) }
}
