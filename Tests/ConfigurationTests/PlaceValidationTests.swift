import Architecture
import Configuration
import DeviceTree
import TestSupport
import Testing

@Suite("Validation of places in a VM's memory", .timeLimited)
struct PlaceValidationTests {
  /// All problems of the sample with its one VM changed.
  private func problems(_ change: (inout SampleSystem.VM) -> Void) throws -> [SystemProblem] {
    var system = SampleSystem()
    change(&system.vms[0])
    var problems: [SystemProblem] = []
    try system.make().validate(on: nil) { problems.append($0) }
    return problems
  }

  private func vm(_ field: SystemProblem.Field, _ kind: SystemProblem.Kind) -> [SystemProblem] {
    [SystemProblem(.vm(0), field, kind)]
  }

  private func image(_ index: Int, _ field: SystemProblem.Field, _ kind: SystemProblem.Kind) -> [SystemProblem] {
    [SystemProblem(.image(vm: 0, image: index), field, kind)]
  }

  @Test("an image lies in RAM, to the last byte", arguments: [0x3fff_ffff, 0x4fff_f001, 0, UInt64.max, 1 << 63])
  func imageOutside(address: UInt64) throws {
    #expect(
      try problems {
        $0.deviceTree = nil
        $0.images.append(.init(address: address))
      } == image(2, .address, .outsideMemory))
  }

  @Test("an image may end where RAM ends")
  func imageAtTheEnd() throws {
    #expect(try problems { $0.images.append(.init(address: 0x4fff_f000)) } == [])
  }

  @Test("firmware memory takes images below its size")
  func firmware() throws {
    #expect(
      try problems {
        $0.firmwareSize = 0x1000
        $0.entry = 0
        $0.images.append(.init(address: 0))
      } == [])
    #expect(
      try problems {
        $0.firmwareSize = 0x1000
        $0.images.append(.init(address: 1))
      } == image(2, .address, .outsideMemory))
    #expect(try problems { $0.firmwareSize = 0xfff } == vm(.firmwareSize, .misaligned(to: 4096)))
    #expect(try problems { $0.firmwareSize = 0x800_0000 } == [])
    #expect(
      try problems { $0.firmwareSize = 0x800_0001 } == vm(.firmwareSize, .tooLarge(limit: 0x800_0000)))
  }

  @Test("images do not overlap, and are not empty")
  func images() throws {
    #expect(
      try problems { $0.images.append(.init(address: 0x4020_0fff)) } == image(2, .address, .overlapsImage(0)))
    #expect(try problems { $0.images.append(.init(address: 0x4020_1000)) } == [])
    #expect(try problems { $0.images.append(.init(address: 0x4100_0000, data: [])) } == image(2, .data, .empty))
  }

  @Test("the entry point is in memory, at an instruction, and something is loaded there")
  func entry() throws {
    #expect(try problems { $0.entry = nil } == vm(.entry, .missing))
    #expect(try problems { $0.entry = 0x3fff_fffc } == vm(.entry, .outsideMemory))
    #expect(try problems { $0.entry = 0x5000_0000 } == vm(.entry, .outsideMemory))
    #expect(try problems { $0.entry = .max } == vm(.entry, .outsideMemory))
    #expect(try problems { $0.entry = 0x4020_0002 } == vm(.entry, .misaligned(to: 4)))
    #expect(try problems { $0.entry = 0x4020_0ffc } == [])
    #expect(try problems { $0.entry = 0x4020_1000 } == vm(.entry, .notLoaded))
  }

  @Test("the device tree has room of its own")
  func deviceTree() throws {
    #expect(try problems { $0.deviceTree = nil } == [])
    #expect(try problems { $0.deviceTree = 0x4000_0004 } == vm(.deviceTree, .misaligned(to: 8)))
    #expect(try problems { $0.deviceTree = 0x3fff_fff8 } == vm(.deviceTree, .outsideMemory))
    #expect(try problems { $0.deviceTree = 0x4fff_fff8 } == vm(.deviceTree, .outsideMemory))
    #expect(try problems { $0.deviceTree = 0x401f_fff8 } == vm(.deviceTree, .overlapsImage(0)))
  }

  @Test("the initial RAM disk lies in an image that brings it")
  func initialRAMDisk() throws {
    #expect(try problems { $0.initrd = (0x4400_0000, 0x4400_0000) } == vm(.initialRAMDisk, .empty))
    #expect(try problems { $0.initrd = (0x4400_0001, 0x4400_0000) } == vm(.initialRAMDisk, .empty))
    #expect(try problems { $0.initrd = (0x4400_0000, 0x5000_0001) } == vm(.initialRAMDisk, .outsideMemory))
    #expect(try problems { $0.initrd = (0x4400_0000, 0x4400_1001) } == vm(.initialRAMDisk, .overlapsImage(1)))
    #expect(try problems { $0.initrd = (0x4600_0000, 0x4600_1000) } == vm(.initialRAMDisk, .notLoaded))
    #expect(
      try problems {
        $0.images[1] = .init(address: 0x4400_0000)
        $0.deviceTree = 0x4400_0000
      } == vm(.deviceTree, .overlapsImage(1)) + vm(.initialRAMDisk, .overlapsDeviceTree))
  }

  @Test("values of the wrong length are malformed")
  func malformed() throws {
    let tree = try makeTree { (root) throws(DeviceTreeError) in
      try root.property("compatible", "tvisor,system-2")
      try root.node("cpus") { (cpus) throws(DeviceTreeError) in
        try cpus.node("cpu", at: 0) { (cpu) throws(DeviceTreeError) in try cpu.property("slice-ns", 1) }
      }
      try root.node("vms") { (vms) throws(DeviceTreeError) in
        try vms.node("vm", at: 0) { (vm) throws(DeviceTreeError) in
          for name: Text in ["memory-size", "entry", "device-tree", "initrd", "firmware-size"] {
            try vm.property(name, cells: [1, 2, 3])
          }
          try unsafe vm.property("vcpus", bytes: [UInt8(1)].span.bytes)
          try unsafe vm.property("bootargs", bytes: [UInt8(1)].span.bytes)
          try vm.node("image", at: 0) { (image) throws(DeviceTreeError) in
            try image.property("address", 1)
            try image.property("data", 1)
          }
          try vm.node("image", at: 1) { (image) throws(DeviceTreeError) in try image.property("data", 1) }
          try vm.node("image", at: 2) { (_) throws(DeviceTreeError) in }
        }
        // A start, an end, and one number more.
        try vms.node("vm", at: 1) { (vm) throws(DeviceTreeError) in
          try vm.property("initrd", cells: [0, 0x4400_0000, 0, 0x4400_0fff, 0, 0])
        }
      }
    }
    var problems: [SystemProblem] = []
    SystemDescription(tree).validate(on: nil) { problems.append($0) }
    let fields: [SystemProblem.Field] = [
      .memorySize, .entry, .deviceTree, .initialRAMDisk, .firmwareSize, .vcpus, .bootArguments,
    ]
    for field in fields { #expect(problems.contains(SystemProblem(.vm(0), field, .malformed))) }
    #expect(problems.contains(SystemProblem(.vm(1), .initialRAMDisk, .malformed)))
    #expect(SystemDescription(tree).cpu(0) == nil, "a CPU without a number is none")
    #expect(problems.contains(SystemProblem(.cpu(index: 0), .cpu, .malformed)))
    #expect(problems.contains(SystemProblem(.cpu(index: 0), .slice, .malformed)))
    #expect(problems.contains(SystemProblem(.image(vm: 0, image: 0), .address, .malformed)))
    #expect(problems.contains(SystemProblem(.image(vm: 0, image: 1), .address, .missing)))
    #expect(problems.contains(SystemProblem(.image(vm: 0, image: 2), .data, .missing)))
  }
}
