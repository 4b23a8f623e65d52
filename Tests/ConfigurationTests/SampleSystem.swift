import Configuration
import DeviceTree
import TestSupport

/// A system to write as a bundle: one VM like a Linux guest unless a test changes it.
struct SampleSystem {
  struct CPU {
    var index: UInt32
    var policy = "round-robin"
    var slice: UInt64?
    var overhead: UInt64?
    var frame: UInt64 = 0
    var windows: [CPUDescription.Window] = []
  }

  struct Image {
    var address: UInt64
    var data: [UInt8] = Array(repeating: 0xa5, count: 0x1000)
  }

  struct VM {
    var name: String? = "linux"
    var isa: String? = "aarch64"
    var memorySize: UInt64? = 0x1000_0000
    var vcpus: [UInt32]? = [0, 0]
    var priorities: [UInt32] = []
    var reservations: [TimeReservation] = []
    var entry: UInt64? = 0x4020_0000
    var deviceTree: UInt64? = 0x4000_0000
    var initrd: (UInt64, UInt64)? = (0x4400_0000, 0x4400_0fff)
    var bootArguments: String? = "console=ttyAMA0"
    var onReset: VMDescription.ResetAction?
    var firmwareSize: UInt64?
    var devices: [String] = []
    var deviceClocks: [UInt32] = []
    var isIdentity = false
    var isAtRisk = false
    var interrupts: [UInt32]?
    var images = [Image(address: 0x4020_0000), Image(address: 0x4400_0000)]
  }

  var cpus: [CPU] = []
  var vms = [VM()]

  /// The bundle's bytes.
  func makeBundle() throws -> [UInt8] {
    let byteCount = vms.reduce(0) { sum, vm in
      sum + (vm.name?.utf8.count ?? 0) + (vm.bootArguments?.utf8.count ?? 0)
        + vm.images.reduce(0) { $0 + $1.data.count } + vm.devices.reduce(0) { $0 + $1.utf8.count + 1 }
    }
    let bound = BundleWriter.sizeBound(
      cpuCount: cpus.count, windowCount: cpus.reduce(0) { $0 + $1.windows.count }, vmCount: vms.count,
      vcpuCount: vms.reduce(0) { $0 + ($1.vcpus?.count ?? 0) },
      imageCount: vms.reduce(0) { $0 + $1.images.count }, byteCount: byteCount)
    let buffer = unsafe makeBuffer(byteCount: bound)
    let count = try unsafe BundleWriter.write(unsafeInto: buffer) { (bundle) throws(DeviceTreeError) in
      try bundle.cpus { (bundle) throws(DeviceTreeError) in
        for cpu in cpus {
          try bundle.cpu(cpu.index) { (bundle) throws(DeviceTreeError) in try Self.write(cpu, to: &bundle) }
        }
      }
      try bundle.vms { (bundle) throws(DeviceTreeError) in
        for (index, vm) in vms.enumerated() {
          try bundle.vm(index) { (bundle) throws(DeviceTreeError) in try Self.write(vm, to: &bundle) }
        }
      }
    }
    return unsafe Array(buffer[..<count])
  }

  /// The bundle, read again.
  func make() throws -> SystemDescription {
    SystemDescription(try unsafe DeviceTree(unsafeBytes: place(makeBundle())))
  }

  private static func write(_ cpu: CPU, to bundle: inout BundleWriter) throws(DeviceTreeError) {
    try bundle.policy(Array(cpu.policy.utf8).span)
    if let slice = cpu.slice { try bundle.slice(nanoseconds: slice) }
    if let overhead = cpu.overhead { try bundle.overhead(nanoseconds: overhead) }
    if !cpu.windows.isEmpty { try bundle.table(frameNanoseconds: cpu.frame, cpu.windows.span) }
  }

  private static func write(_ vm: VM, to bundle: inout BundleWriter) throws(DeviceTreeError) {
    if let name = vm.name { try bundle.name(Array(name.utf8).span) }
    if let isa = vm.isa { try bundle.isa(Array(isa.utf8).span) }
    if let size = vm.memorySize { try bundle.memorySize(size) }
    if let vcpus = vm.vcpus { try bundle.vcpus(vcpus.span) }
    if !vm.priorities.isEmpty { try bundle.priorities(vm.priorities.span) }
    if !vm.reservations.isEmpty { try bundle.reservations(vm.reservations.span) }
    if let entry = vm.entry { try bundle.entry(entry) }
    if let address = vm.deviceTree { try bundle.deviceTree(address) }
    if let (start, end) = vm.initrd { try bundle.initialRAMDisk(start: start, end: end) }
    if let arguments = vm.bootArguments { try bundle.bootArguments(Array(arguments.utf8).span) }
    if let action = vm.onReset { try bundle.onReset(action) }
    if let size = vm.firmwareSize { try bundle.firmwareSize(size) }
    if !vm.devices.isEmpty {
      let paths: [UInt8] = vm.devices.flatMap { Array($0.utf8) + [UInt8(0)] }
      try unsafe bundle.devices(paths.span.bytes)
      if !vm.deviceClocks.isEmpty { try bundle.deviceClocks(vm.deviceClocks.span) }
    }
    if vm.isIdentity { try bundle.identityPlacement() }
    if vm.isAtRisk { try bundle.dmaAtRisk() }
    if let interrupts = vm.interrupts { try bundle.interrupts(interrupts.span) }
    for (index, image) in vm.images.enumerated() {
      try unsafe bundle.image(index, address: image.address, data: image.data.span.bytes)
    }
  }
}
