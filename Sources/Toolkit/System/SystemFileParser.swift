internal import Architecture
internal import Configuration
internal import Yams

extension SystemFile {
  /// Reads `system.yaml`.
  /// - Throws: `Problems` with all that is wrong in the file itself; what its paths name is looked at later.
  public init(parsing source: SourceText) throws {
    let reader = YAMLReader(source)
    let root = reader.root()
    var processors: [Processor] = []
    var machines: [Machine] = []
    if let root, let fields = reader.fields(of: root, .system) {
      processors = fields.list("cpus").compactMap { processor($0, reader) }
      machines = fields.list("vms").compactMap { machine($0, reader) }
      if fields.has("vms"), fields.node("vms")?.sequence?.isEmpty == true {
        reader.report(at: fields.position(of: "vms"), "there is no VM; give at least one")
      }
    }
    checkNames(machines, reader)
    checkProcessors(processors, machines, reader)
    checkPolicies(processors, machines, reader)
    try reader.finish()
    self.init(source: source, processors: processors, machines: machines)
  }
}

private func machine(_ node: Node, _ reader: YAMLReader) -> SystemFile.Machine? {
  guard let fields = reader.fields(of: node, .machine) else { return nil }
  let name = fields.text("name")
  let isa = fields.word("isa", as: SystemFile.ISA.self)
  let memory = fields.size("memory")
  let virtualCPUs = fields.list("vcpus").compactMap { virtualCPU($0, fields) }
  let payload = payload(fields, reader)
  let initialRAMDisk = fields.text("initrd")
  let bootArguments = fields.text("bootargs")
  let onReset = fields.word("on-reset", as: SystemFile.ResetAction.self)
  let devices = fields.list("devices").compactMap { device($0, fields) }
  let interrupts = fields.numbers("interrupts")
  let placement = fields.word("placement", as: SystemFile.Placement.self)
  let dma = fields.word("dma", as: SystemFile.DMARisk.self)
  if fields.node("vcpus")?.sequence?.isEmpty == true {
    reader.report(at: fields.position(of: "vcpus"), "a VM needs a vCPU; write for example [0] for one on CPU 0")
  }
  if let initialRAMDisk, case .firmware? = payload {
    reader.report(
      at: initialRAMDisk.position, "firmware takes no 'initrd'; remove it, or boot an 'image' instead of 'firmware'")
  }
  guard let name, let memory, let payload else { return nil }
  return SystemFile.Machine(
    position: fields.position, name: name, isa: isa, memory: memory,
    virtualCPUs: virtualCPUs, payload: payload, initialRAMDisk: initialRAMDisk, bootArguments: bootArguments,
    onReset: onReset, devices: devices, placement: placement, dma: dma, interrupts: interrupts)
}

/// Reads a device: its path, or a mapping with more about it.
private func device(_ node: Node, _ fields: Fields) -> SystemFile.Device? {
  var device: SystemFile.Device?
  if node.mapping == nil {
    device = fields.text(node, key: "devices").map { SystemFile.Device(path: $0) }
  } else if let own = fields.reader.fields(of: node, .device) {
    let clock = own.frequency("clock")
    device = own.text("path").map { SystemFile.Device(path: $0, clock: clock) }
  }
  if let path = device?.path, !path.value.hasPrefix("/") {
    fields.reader.report(at: path.position, "'\(path.value)' is no path in a device tree; begin it with '/'")
  }
  return device
}

/// Reads whichever of `image`, `raw` and `firmware` is there; it must be one.
private func payload(_ fields: Fields, _ reader: YAMLReader) -> SystemFile.Payload? {
  let given = fields.table.choices[0].keys.filter { fields.has($0) }
  guard let kind = given.first, given.count == 1 else {
    reader.report(
      at: given.count > 1 ? fields.position(of: given[1]) : fields.position,
      given.isEmpty
        ? "the VM has nothing to run; add 'image' (Linux Image, zImage or ELF), 'raw' or 'firmware'"
        : "a VM runs one thing, not \(given.joined(separator: " and ")); keep one of them")
    return nil
  }
  switch kind {
  case "image": return fields.text("image").map(SystemFile.Payload.image)
  case "firmware": return fields.text("firmware").map(SystemFile.Payload.firmware)
  default:
    guard let node = fields.node("raw"), let raw = reader.fields(of: node, .rawImage) else { return nil }
    let entry = raw.number("entry")
    guard let path = raw.text("path"), let address = raw.number("address") else { return nil }
    return .raw(path: path, address: address, entry: entry)
  }
}

/// Names tell VMs apart on the console, so each is given once and is short and plain.
private func checkNames(_ machines: [SystemFile.Machine], _ reader: YAMLReader) {
  var seen: Set<String> = ["tvisor"]
  for name in machines.map(\.name) {
    if name.value == "tvisor" {
      reader.report(at: name.position, "'tvisor' is the hypervisor's own name on the console; choose another")
    } else if name.value.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._-]{0,30}/) == nil {
      reader.report(
        at: name.position, "'\(name.value)' is no VM name; use up to 31 letters, digits, '.', '_' and '-'")
    } else if !seen.insert(name.value).inserted {
      reader.report(at: name.position, "two VMs are named '\(name.value)'; give each its own name")
    }
  }
}

/// Each CPU is described once; a vCPU's CPU need not be described, and then has the default policy.
private func checkProcessors(
  _ processors: [SystemFile.Processor], _ machines: [SystemFile.Machine], _ reader: YAMLReader
) {
  var seen: Set<UInt64> = []
  for processor in processors where !seen.insert(processor.number.value).inserted {
    reader.report(
      at: processor.number.position, "CPU \(processor.number.value) is described twice; put all about it in one entry")
  }
}
