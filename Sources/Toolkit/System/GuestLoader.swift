internal import Configuration
internal import Foundation

/// Reads what a system's machines run and lays it out in their memory.
public struct GuestLoader: Sendable {
  /// How paths become files.
  public var paths: PathResolver
  /// What was read, by the real path: many VMs may run one image.
  private var files: [String: Result<Data, Failure>] = [:]

  /// A loader for one system file.
  public init(paths: PathResolver) {
    self.paths = paths
  }

  /// The layout of each machine, in the file's order.
  /// - Throws: `Problems` with all that is wrong with any of the files, at the places that name them.
  public func layouts(of system: SystemFile) async throws -> [GuestLayout] {
    var loader = self
    var layouts: [GuestLayout] = []
    var problems: [Problem] = []
    var byteCount: UInt64 = 0
    for machine in system.machines {
      do throws(Complaint) {
        var layout = try await loader.layout(of: machine)
        byteCount = layout.images.reduce(byteCount) { $0.saturating(plus: UInt64($1.data.count)) }
        guard byteCount <= Files.sizeLimit else {
          throw Complaint(
            "with the images of '\(machine.name.value)' a bundle has 2GiB or more; it can hold less",
            at: machine.position)
        }
        try checkPlacement(layout, machine)
        try checkRoom(layout, machine)
        layout.isa = try agreedISA(layout, machine)
        layouts.append(layout)
      } catch {
        // What is wrong with a file is said where it is named first.
        guard !problems.contains(where: { $0.message == error.message }) else { continue }
        problems.append(system.source.problem(at: error.position, error.message))
      }
    }
    guard problems.isEmpty else { throw Problems(problems) }
    return layouts
  }

  /// A message and where it belongs.
  struct Complaint: Error {
    var message: String
    var position: Position

    init(_ message: String, at position: Position) {
      self.message = message
      self.position = position
    }
  }

  mutating func layout(of machine: SystemFile.Machine) async throws(Complaint) -> GuestLayout {
    var initialRAMDisk: Data?
    if let path = machine.initialRAMDisk { initialRAMDisk = try read(path) }
    switch machine.payload {
    case .image(let path): return try await image(path, machine, initialRAMDisk)
    case .firmware(let path): return try firmware(path)
    case .raw(let path, let address, let entry):
      let placement = Placement(address: address.value, data: try read(path))
      guard address.value >= GuestLayout.memoryStart else {
        throw Complaint(
          "a guest's RAM begins at \(hexadecimal(GuestLayout.memoryStart)); put the bytes there or after it",
          at: address.position)
      }
      return GuestLayout(
        program: [placement], entry: entry?.value ?? address.value, initialRAMDisk: initialRAMDisk,
        treeSize: treeSize(of: machine))
    }
  }

  /// How many bytes the machine's device tree may have.
  private func treeSize(of machine: SystemFile.Machine) -> UInt64 {
    UInt64(
      GuestDeviceTree.sizeBound(
        vcpuCount: machine.virtualCPUs.count, bootArgumentsCount: machine.bootArguments?.value.utf8.count ?? 0,
        deviceCount: machine.devices.count))
  }

  /// What the image says, which the file may say too; what the file says of bytes that say nothing.
  private func agreedISA(_ layout: GuestLayout, _ machine: SystemFile.Machine) throws(Complaint) -> SystemFile.ISA {
    guard let said = machine.isa else { return layout.isa ?? .aarch64 }
    if let detected = layout.isa, detected != said.value {
      throw Complaint(
        "'\(machine.name.value)' runs an image for \(detected.rawValue); write that, or leave 'isa' out",
        at: said.position)
    }
    return said.value
  }

  private mutating func image(
    _ path: Located<String>, _ machine: SystemFile.Machine, _ initialRAMDisk: Data?
  ) async throws(Complaint) -> GuestLayout {
    var data = try read(path)
    if ImageKind(of: data) == .gzip { data = try await unpacked(path) }
    switch ImageKind(of: data) {
    case .linux:
      guard let header = LinuxImage(data) else { break }
      return GuestLayout(linux: header, data: data, initialRAMDisk: initialRAMDisk)
    case .zImage:
      guard let header = ZImage(data) else { break }
      guard header.start == 0 else {
        throw Complaint(
          "\(path.value) is a zImage for address \(hexadecimal(header.start)) alone; build it to run anywhere",
          at: path.position)
      }
      return GuestLayout(zImage: header, data: data, initialRAMDisk: initialRAMDisk)
    case .elf:
      return try program(data, path, machine, initialRAMDisk)
    case .wrapped(let name):
      throw Complaint("\(path.value) is \(name); unpack it and name the Image, zImage or ELF inside", at: path.position)
    case .gzip, .unknown:
      break
    }
    throw Complaint(
      "\(path.value) is neither a Linux Image, a zImage nor an ELF; for other bytes use `raw: {path, address}`",
      at: path.position)
  }

  private func program(
    _ data: Data, _ path: Located<String>, _ machine: SystemFile.Machine, _ initialRAMDisk: Data?
  ) throws(Complaint) -> GuestLayout {
    let file: ELFFile
    do { file = try ELFFile(data) } catch { throw Complaint("\(path.value): \(error)", at: path.position) }
    let isas = [ELFFile.arm: SystemFile.ISA.aarch32, ELFFile.aarch64: .aarch64]
    guard let isa = isas[file.machine] else {
      throw Complaint("\(path.value) is an ELF for another machine (\(file.machine)), not Arm", at: path.position)
    }
    guard let first = file.segments.first(where: { file.entry &- $0.virtualAddress < $0.memorySize }) else {
      throw Complaint("the entry point of \(path.value) lies in none of its segments", at: path.position)
    }
    if let low = file.segments.first(where: { $0.physicalAddress < GuestLayout.memoryStart }) {
      throw Complaint(
        "\(path.value) is linked to \(hexadecimal(low.physicalAddress)), below a guest's RAM; "
          + "link it to \(hexadecimal(GuestLayout.memoryStart)) or after it", at: path.position)
    }
    if let outside = file.segments.first(where: { !machine.hasRoom(for: $0) }) {
      let end = outside.physicalAddress.saturating(plus: outside.memorySize)
      throw Complaint(
        "\(path.value) is linked to \(hexadecimal(outside.physicalAddress)) up to \(hexadecimal(end)), and the VM's RAM goes "
          + "from \(hexadecimal(GuestLayout.memoryStart)) to \(hexadecimal(machine.memoryEnd)); give it more memory, or "
          + "link the ELF elsewhere", at: path.position)
    }
    guard file.segments.reduce(0, { $0.saturating(plus: $1.memorySize) }) < UInt64(Files.sizeLimit) else {
      throw Complaint("\(path.value) takes 2GiB of memory or more; a bundle holds less", at: path.position)
    }
    // The zeroed part goes along as zeros, so that it is zero after a restart too.
    let placements = file.segments.map {
      Placement(address: $0.physicalAddress, data: $0.data + Data(count: Int($0.memorySize) - $0.data.count))
    }
    let entry = first.physicalAddress &+ (file.entry &- first.virtualAddress)
    var layout = GuestLayout(
      program: placements, entry: entry, initialRAMDisk: initialRAMDisk, treeSize: treeSize(of: machine))
    layout.isa = isa
    return layout
  }

  private mutating func firmware(_ path: Located<String>) throws(Complaint) -> GuestLayout {
    let data = try read(path)
    guard UInt64(data.count) <= GuestLayout.firmwareRoom else {
      throw Complaint(
        "\(path.value) has \(data.count) bytes; firmware can have \(Units.describe(size: GuestLayout.firmwareRoom))",
        at: path.position)
    }
    return GuestLayout(firmware: data)
  }

  /// Only a kernel that runs wherever it is can be where the board has room.
  private func checkPlacement(_ layout: GuestLayout, _ machine: SystemFile.Machine) throws(Complaint) {
    guard let placement = machine.placement, !layout.runsAnywhere else { return }
    throw Complaint(
      "'\(machine.name.value)' runs what is made for fixed addresses, and 'identity' puts it where the board has room; "
        + "boot a Linux Image or zImage, or leave 'placement' out", at: placement.position)
  }

  private func checkRoom(_ layout: GuestLayout, _ machine: SystemFile.Machine) throws(Complaint) {
    let needed = layout.end - GuestLayout.memoryStart
    guard needed <= machine.memory.value else {
      let enough = needed.saturating(plus: 0x1F_FFFF) & ~0x1F_FFFF
      guard layout.end < 1 << 39 else {
        throw Complaint(
          "the images of '\(machine.name.value)' go up to \(hexadecimal(layout.end)), where no VM has RAM; "
            + "put them just behind \(hexadecimal(GuestLayout.memoryStart))", at: machine.payloadPosition)
      }
      throw Complaint(
        "\(Units.describe(size: machine.memory.value)) is too little for the images and the device tree of "
          + "'\(machine.name.value)'; give at least \(Units.describe(size: enough))", at: machine.memory.position)
    }
  }

  private mutating func read(_ path: Located<String>) throws(Complaint) -> Data {
    let data = try bytes(of: path)
    guard !data.isEmpty else { throw Complaint("\(path.value) is empty", at: path.position) }
    return data
  }

  private mutating func bytes(of path: Located<String>) throws(Complaint) -> Data {
    let file = paths.resolve(path.value)
    let found = files[file] ?? Result { () throws(Failure) in try Files.bytes(of: file) }
    files[file] = found
    do throws(Failure) { return try found.get() } catch {
      let isThere = FileManager.default.fileExists(atPath: file)
      let remedy = isThere ? "" : "; \(paths.remedy(for: path.value))"
      throw Complaint("cannot read '\(path.value)' (\(file)): \(error)\(remedy)", at: path.position)
    }
  }

  private mutating func unpacked(_ path: Located<String>) async throws(Complaint) -> Data {
    let file = paths.resolve(path.value)
    let key = "unpacked " + file
    if case .success(let data)? = files[key] { return data }
    do {
      let data = try await Command("gzip", ["-dc", file]).output()
      files[key] = .success(data)
      return data
    } catch {
      throw Complaint("\(path.value) begins as gzip but does not unpack (\(error))", at: path.position)
    }
  }
}

extension SystemFile.Machine {
  /// The first address behind its RAM.
  fileprivate var memoryEnd: UInt64 { GuestLayout.memoryStart.saturating(plus: memory.value) }

  /// Where it says what it runs.
  fileprivate var payloadPosition: Position {
    switch payload {
    case .image(let path), .firmware(let path): path.position
    case .raw(_, let address, _): address.position
    }
  }

  /// True where all of the segment lies in its RAM.
  fileprivate func hasRoom(for segment: ELFFile.Segment) -> Bool {
    segment.physicalAddress >= GuestLayout.memoryStart
      && segment.physicalAddress.saturating(plus: segment.memorySize) <= memoryEnd
  }
}
