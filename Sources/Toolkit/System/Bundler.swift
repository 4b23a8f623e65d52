internal import Configuration
internal import DeviceTree
public import Foundation

/// Turns a system file and the images that it names into the bundle that the hypervisor reads.
public struct Bundler: Sendable {
  /// The checkout, for `@guests/`.
  public var project: Project

  /// A bundler in a checkout.
  public init(project: Project) {
    self.project = project
  }

  /// A bundle and what it was made of.
  public struct Bundle: Sendable {
    /// The flattened device tree.
    public var bytes: Data
    /// The file that asked for it.
    public var system: SystemFile
    /// Where everything lies in each machine.
    public var layouts: [GuestLayout]

    /// What is in it, in a few words.
    public var summary: String {
      let machines = system.machines.map { machine in
        let count = machine.virtualCPUs.count
        return "\(machine.name.value) (\(count) vCPU\(count == 1 ? "" : "s"), "
          + "\(Units.describe(size: machine.memory.value)))"
      }
      return machines.joined(separator: ", ")
    }
  }

  /// Reads a system file and all that it names.
  /// - Throws: `Problems` with the places in the file, `Failure` where the file itself cannot be read.
  public func bundle(_ path: String) async throws -> Bundle {
    try await bundle(SystemFile(parsing: SourceText(path: path)))
  }

  /// Bundles a system that was read before.
  public func bundle(_ system: SystemFile) async throws -> Bundle {
    let paths = PathResolver(folder: system.source.folder, guests: project.guests)
    let layouts = try await GuestLoader(paths: paths).layouts(of: system)
    let bytes = try await Self.write(system, layouts, version: project.version())
    return Bundle(bytes: bytes, system: system, layouts: layouts)
  }

  /// Writes the bundle itself, with the version of who makes it.
  public static func write(
    _ system: SystemFile, _ layouts: [GuestLayout], version: String = "unknown"
  ) throws -> Data {
    let machines = Array(zip(system.machines, layouts))
    let room = BundleWriter.sizeBound(
      cpuCount: system.processors.count, windowCount: system.processors.reduce(0) { $0 + $1.windows.count },
      vmCount: machines.count,
      vcpuCount: machines.reduce(0) { $0 + $1.0.virtualCPUs.count },
      imageCount: layouts.reduce(0) { $0 + $1.images.count },
      byteCount: machines.reduce(0) { $0 + byteCount($1.0, $1.1) })
    // libfdt counts in 32 bits with a sign.
    guard room < Int(Int32.max) else { throw Failure("the images are too big for one bundle; it holds less than 2GiB") }
    do {
      return try unsafe AlignedBytes(count: room).fill { memory in
        try unsafe BundleWriter.write(unsafeInto: memory) { writer throws(DeviceTreeError) in
          let version = utf8(String(version.prefix(47)))
          try writer.version(version.span)
          try writer.write(system, machines)
        }
      }
    } catch let error as DeviceTreeError {
      throw Failure("cannot write the bundle: \(error.text)")
    }
  }

  private static func byteCount(_ machine: SystemFile.Machine, _ layout: GuestLayout) -> Int {
    let devices = machine.devices.reduce(0) { $0 + $1.path.value.utf8.count + 5 }
    let texts = machine.name.value.utf8.count + (machine.bootArguments?.value.utf8.count ?? 0) + devices
    return layout.images.reduce(texts + 4 * machine.interrupts.count) { $0 + $1.data.count + 4 }
  }
}

extension BundleWriter {
  fileprivate mutating func write(
    _ system: SystemFile, _ machines: [(SystemFile.Machine, GuestLayout)]
  ) throws(DeviceTreeError) {
    try cpus { writer throws(DeviceTreeError) in
      for processor in system.processors {
        try writer.cpu(UInt32(clamping: processor.number.value)) { writer throws(DeviceTreeError) in
          try writer.write(processor, machines.map(\.0.name.value))
        }
      }
    }
    try vms { writer throws(DeviceTreeError) in
      for (index, (machine, layout)) in machines.enumerated() {
        try writer.vm(index) { writer throws(DeviceTreeError) in try writer.write(machine, layout) }
      }
    }
  }

  // Each value lives in a constant of its own: a span must not outlive the array that it looks into.
  private mutating func write(_ processor: SystemFile.Processor, _ names: [String]) throws(DeviceTreeError) {
    let policy = utf8(processor.policy.value.text)
    try self.policy(policy.span)
    if let slice = processor.slice { try self.slice(nanoseconds: slice.value) }
    if let overhead = processor.overhead { try self.overhead(nanoseconds: overhead.value) }
    if let frame = processor.frame {
      let windows = processor.windows.map { window in
        CPUDescription.Window(
          vm: UInt32(clamping: names.firstIndex(of: window.machine.value) ?? .max),
          vcpu: UInt32(clamping: window.virtualCPU.value), startNanoseconds: window.start.value,
          lengthNanoseconds: window.length.value)
      }
      try table(frameNanoseconds: frame.value, windows.span)
    }
  }

  private mutating func write(_ vcpus: [SystemFile.VirtualCPU]) throws(DeviceTreeError) {
    let processors = cells(vcpus.map(\.processor))
    try self.vcpus(processors.span)
    if vcpus.contains(where: { $0.priority != nil }) {
      let priorities = vcpus.map { UInt32(clamping: $0.priority?.value ?? 0) }
      try self.priorities(priorities.span)
    }
    if vcpus.contains(where: { $0.reservation != nil }) {
      let reservations = vcpus.map { vcpu in
        let phrase = vcpu.reservation?.value
        return TimeReservation(
          budgetNanoseconds: phrase?.budget ?? 0, periodNanoseconds: phrase?.period ?? 0,
          deadlineNanoseconds: phrase?.deadline ?? 0)
      }
      try self.reservations(reservations.span)
    }
  }

  private mutating func write(_ machine: SystemFile.Machine, _ layout: GuestLayout) throws(DeviceTreeError) {
    let name = utf8(machine.name.value)
    try self.name(name.span)
    let isa = utf8((layout.isa ?? .aarch64).rawValue)
    try self.isa(isa.span)
    try memorySize(machine.memory.value)
    try write(machine.virtualCPUs)
    try entry(layout.entry)
    try deviceTree(layout.deviceTree)
    if let disk = layout.initialRAMDisk { try initialRAMDisk(start: disk.lowerBound, end: disk.upperBound) }
    if let text = machine.bootArguments {
      let text = utf8(text.value)
      try bootArguments(text.span)
    }
    if let action = machine.onReset { try onReset(action.value == .restart ? .restart : .stop) }
    if layout.firmwareSize > 0 { try firmwareSize(layout.firmwareSize) }
    try writeOwnDevices(of: machine)
    for (index, placement) in layout.images.enumerated() {
      try image(index, address: placement.address, data: placement.data.bytes)
    }
  }

  private mutating func writeOwnDevices(of machine: SystemFile.Machine) throws(DeviceTreeError) {
    if !machine.devices.isEmpty {
      let paths = utf8(machine.devices.map { $0.path.value + "\0" }.joined())
      try unsafe devices(paths.span.bytes)
      if machine.devices.contains(where: { $0.clock != nil }) {
        let frequencies = machine.devices.map { UInt32(clamping: $0.clock?.value ?? 0) }
        try deviceClocks(frequencies.span)
      }
    }
    if machine.placement != nil { try identityPlacement() }
    if machine.dma != nil { try dmaAtRisk() }
    if !machine.interrupts.isEmpty {
      let identifiers = cells(machine.interrupts)
      try interrupts(identifiers.span)
    }
  }
}

private func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }

private func cells(_ numbers: [Located<UInt64>]) -> [UInt32] { numbers.map { UInt32(clamping: $0.value) } }
