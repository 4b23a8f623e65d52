import Architecture
import Configuration
import DeviceTree
import TestSupport
import Testing
import Toolkit

@Suite("Fuzzing: what is read", .timeLimited)
struct ReaderTests {
  /// A board's tree with what the hypervisor looks for.
  private func board() throws -> [UInt8] {
    try makeBlob(reserving: [region(0x8000_0000, 0x1000)]) { (root) throws(DeviceTreeError) in
      try root.property("interrupt-parent", 1)
      try root.property("#size-cells", 2)
      try root.property("#address-cells", 2)
      try root.node("psci") { (node) throws(DeviceTreeError) in
        try node.property("method", "smc")
        try node.property("compatible", strings: ["arm,psci-1.0", "arm,psci-0.2"])
      }
      try root.node("memory", at: 0x4000_0000) { (node) throws(DeviceTreeError) in
        try node.property("reg", cells: [0, 0x4000_0000, 0, 0x2000_0000])
        try node.property("device_type", "memory")
      }
      try root.node("pl011", at: 0x900_0000) { (node) throws(DeviceTreeError) in
        try node.property("interrupts", cells: [0, 1, 4])
        try node.property("reg", cells: [0, 0x900_0000, 0, 0x1000])
        try node.property("compatible", strings: ["arm,pl011", "arm,primecell"])
      }
      try root.node("intc", at: 0x800_0000) { (node) throws(DeviceTreeError) in
        try node.property("phandle", 1)
        try node.property("interrupts", cells: [1, 9, 4])
        try node.property("interrupt-controller")
        try node.property("#interrupt-cells", 3)
        try node.property("compatible", "arm,cortex-a15-gic")
        try node.property(
          "reg", numbers: [0x800_0000, 0x1_0000, 0x801_0000, 0x1_0000, 0x803_0000, 0x1_0000, 0x804_0000, 0x1_0000])
      }
      try root.node("cpus") { (node) throws(DeviceTreeError) in
        try node.property("#size-cells", 0)
        try node.property("#address-cells", 1)
        for index in 0..<4 as Range<UInt64> {
          try node.node("cpu", at: index) { (cpu) throws(DeviceTreeError) in
            try cpu.property("reg", UInt32(index))
            try cpu.property("enable-method", "psci")
            try cpu.property("compatible", "arm,cortex-a53")
            try cpu.property("device_type", "cpu")
          }
        }
      }
      try root.node("timer") { (node) throws(DeviceTreeError) in
        try node.property("interrupts", cells: [1, 13, 0xf04, 1, 14, 0xf04, 1, 11, 0xf04, 1, 10, 0xf04])
        try node.property("compatible", strings: ["arm,armv8-timer", "arm,armv7-timer"])
      }
      try root.node("aliases") { (node) throws(DeviceTreeError) in try node.property("serial0", "/pl011@9000000") }
      try root.node("reserved-memory") { (node) throws(DeviceTreeError) in
        try node.property("#size-cells", 2)
        try node.property("#address-cells", 2)
        try node.property("ranges")
        try node.node("kept", at: 0x4f00_0000) { (kept) throws(DeviceTreeError) in
          try kept.property("reg", cells: [0, 0x4f00_0000, 0, 0x1000])
        }
      }
      try root.node("chosen") { (node) throws(DeviceTreeError) in
        try node.property("stdout-path", "serial0")
        try node.property("linux,initrd-start", 0x4800_0000)
        try node.property("linux,initrd-end", 0x4810_0000)
        try node.property("bootargs", "tvisor.panic=never")
      }
    }
  }

  /// A bundle of two VMs.
  private func bundle() throws -> [UInt8] {
    let buffer = unsafe makeBuffer(byteCount: 1 << 15)
    let data: [UInt8] = Array(repeating: 0xa5, count: 64)
    let count = try unsafe BundleWriter.write(unsafeInto: buffer) { (bundle) throws(DeviceTreeError) in
      try bundle.cpus { (bundle) throws(DeviceTreeError) in
        try bundle.cpu(0) { (bundle) throws(DeviceTreeError) in
          try bundle.policy(Array("earliest-deadline".utf8).span)
          try bundle.slice(nanoseconds: 1_000_000)
        }
      }
      try bundle.vms { (bundle) throws(DeviceTreeError) in
        for index in 0..<2 {
          try bundle.vm(index) { (bundle) throws(DeviceTreeError) in
            try bundle.name(Array("vm\(index)".utf8).span)
            try bundle.isa(Array("aarch64".utf8).span)
            try bundle.memorySize(0x1000_0000)
            try bundle.vcpus([UInt32(index), 1].span)
            try bundle.priorities([1, 2].span)
            try bundle.entry(0x4020_0000)
            try bundle.deviceTree(0x4000_0000)
            try bundle.bootArguments(Array("console=ttyAMA0".utf8).span)
            try unsafe bundle.image(0, address: 0x4020_0000, data: data.span.bytes)
          }
        }
      }
    }
    return unsafe Array(buffer[..<count])
  }

  /// The tree that lies in `buffer` behind some of its bytes changed, if it is one.
  private func tree(_ bytes: [UInt8], in buffer: UnsafeMutableRawBufferPointer) -> DeviceTree? {
    let count = min(bytes.count, buffer.count)
    unsafe buffer.copyBytes(from: bytes[..<count])
    return try? unsafe DeviceTree(unsafeBytes: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
  }

  @Test("a board's tree that was changed in any way is refused, or read to its end")
  func boards() throws {
    let corpus = try [board(), bundle()]
    let buffer = unsafe makeBuffer(byteCount: 1 << 16)
    var machineCount = 0
    Fuzzing.run("boards' trees", 10_000) { fuzzing in
      guard let tree = unsafe tree(fuzzing.mutation(of: corpus), in: buffer) else { return }
      for node in tree.nodes {
        var sink = TestSupport.Transcript()
        node.writePath(to: &sink)
        for (name, value) in node.properties { _ = (name.count, value.strings.reduce(0) { $0 + $1.count }) }
        for index in 0..<3 { _ = (try? node.region(at: index), try? node.interrupt(at: index)) }
      }
      if (try? MachineDescription(tree)) != nil { machineCount += 1 }
    }
    #expect(machineCount > 100)
  }

  @Test("a bundle that was changed in any way is refused, has problems, or is sound")
  func bundles() throws {
    let corpus = try [bundle()]
    let machine = try MachineDescription(unsafe DeviceTree(unsafeBytes: place(board())))
    let buffer = unsafe makeBuffer(byteCount: 1 << 16)
    let guestTree = unsafe makeBuffer(byteCount: 1 << 16)
    var treeCount = 0
    Fuzzing.run("bundles", 10_000) { fuzzing in
      guard let tree = unsafe tree(fuzzing.mutation(of: corpus), in: buffer) else { return }
      let system = SystemDescription(tree)
      system.validate(on: machine) { problem in
        var sink = TestSupport.Transcript()
        problem.write(to: &sink)
        if sink.bytes.isEmpty { Issue.record("a problem without words") }
      }
      var storage = HeapStorage()
      if var plan = try? MemoryPlan(machine, excluding: Span(), in: &storage) {
        _ = try? plan.place(system, in: &storage) { problem in
          var sink = TestSupport.Transcript()
          problem.write(to: &sink)
          if sink.bytes.isEmpty { Issue.record("a problem without words") }
        }
      }
      for vm in system.vms {
        guard
          let size = try? unsafe GuestDeviceTree.write(vm, gic: .v3, cpu: "arm,armv8", unsafeInto: guestTree).byteCount
        else { continue }
        treeCount += 1
        if size > GuestDeviceTree.sizeBound(for: vm) { Issue.record("a guest's tree of \(size) bytes") }
      }
    }
    #expect(treeCount > 1_000)
  }

  private static let files = [
    """
    cpus:
      - {cpu: 0, policy: earliest-deadline, overhead: 5us}
      - cpu: 2
        policy: cyclic
        frame: 10ms
        windows:
          - {vm: debian, vcpu: 1, at: 0, for: 4ms}
          - {vm: control, vcpu: 1, for: 5ms}
    vms:
      - name: debian
        memory: 256MiB
        vcpus: [1, 2, {cpu: 0, simulate: bursts of 300us every 5ms}]
        image: Image
        initrd: initramfs
        bootargs: console=ttyAMA0
        on-reset: stop
        devices: [/pl061@9030000]
        interrupts: [40]
      - name: control
        memory: 0x200000
        vcpus: [{cpu: 0, reserve: 200us every 1ms within 500us, priority: 7}, 2]
        raw: {path: guest.bin, address: 0x4008_0000, entry: 0x40080040}
    """,
    "vms:\n  - {name: rom, isa: aarch32, memory: 1GiB, vcpus: [0], firmware: rom.bin}\n",
    "a: &x [1, 'two', \"three\\n\"]\nb: *x\n? c\n: !!str |\n  text\n",
  ]

  @Test("a system file that was changed in any way is read, or has mistakes at places of its own")
  func systemFiles() {
    var readCount = 0
    let corpus = Self.files.map { Array($0.utf8) }
    Fuzzing.run("system files", 3_000) { fuzzing in
      let text = String(decoding: fuzzing.mutation(of: corpus), as: UTF8.self)
      do {
        _ = try SystemFile(parsing: SourceText(path: "s.yaml", text: text))
        readCount += 1
      } catch let problems as Problems {
        let lineCount = text.split(separator: "\n", omittingEmptySubsequences: false).count
        for problem in problems.problems where problem.position.line > lineCount + 1 || problem.message.isEmpty {
          Issue.record("line \(problem.position.line) of \(lineCount): \(problem.message)")
        }
      } catch {
        Issue.record("\(error) for:\n\(text)")
      }
    }
    #expect(readCount > 10)
  }
}
