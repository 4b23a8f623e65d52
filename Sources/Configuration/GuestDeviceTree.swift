public import Architecture
public import DeviceTree

/// Writes the device tree of a VM: the machine of `GuestMachine` as QEMU's `virt` describes it, without what the guest
/// does not have (flash, PCI, fw-cfg). Its seeds are zeros, in whose place whoever starts the VM puts something random.
public enum GuestDeviceTree {
  /// A size in bytes that is enough for the tree of `vm`, a multiple of 4 KiB.
  public static func sizeBound(for vm: VMDescription) -> Int {
    var deviceCount = 0
    if let devices = vm.devices { for _ in devices { deviceCount += 1 } }
    return sizeBound(
      vcpuCount: vm.vcpuCount, bootArgumentsCount: vm.bootArguments?.count ?? 0, deviceCount: deviceCount)
  }

  /// A size in bytes, a multiple of 4 KiB, that is enough for the tree of a VM with so many vCPUs, so many bytes of command
  /// line, and so many devices of the host's.
  public static func sizeBound(vcpuCount: Int, bootArgumentsCount: Int, deviceCount: Int = 0) -> Int {
    // The fixed part has less than 3.75 KiB, with what the host's timer says, and a CPU less than 208 bytes; the tests hold this
    // to account.
    ((4096 + vcpuCount * 208 + bootArgumentsCount + 4095) & ~4095) + min(deviceCount, deviceCountLimit) * deviceLimit
  }

  /// How many bytes of randomness /chosen has for the guest's address space (`kaslr-seed`) and for its random numbers
  /// (`rng-seed`, as many as QEMU gives).
  public static var seedSizes: (kaslr: Int, random: Int) { (8, 32) }

  /// A tree that was written.
  public struct Written: Sendable {
    /// Its size in bytes.
    public var byteCount: Int
    /// Where its seeds are: the two values, eight bytes and 32, which shall be random and other ones at each start; nil where
    /// there are none.
    public var seeds: (kaslr: Int, random: Int)?
  }

  /// Writes the tree of `vm` into `buffer`, which must be at a multiple of eight bytes. `cpu` is what the vCPUs are
  /// `compatible` with: the name of the host's cores. `given` are the devices of the host that the VM has; `host` is whose timer
  /// the guest uses. `hasSeeds` makes room for seeds.
  public static func write(
    _ vm: VMDescription, gic: GICVersion, cpu: Text, given: GivenDevices? = nil, host: MachineDescription? = nil,
    hasSeeds: Bool = false, unsafeInto buffer: UnsafeMutableRawBufferPointer
  ) throws(DeviceTreeError) -> Written {
    var writer = try unsafe DeviceTreeWriter(unsafeBuffer: buffer, sharesNames: false)
    var seeds: (kaslr: Int, random: Int)?
    try writer.root { (root) throws(DeviceTreeError) in
      try root.property("interrupt-parent", Phandle.interruptController)
      try root.property("dma-coherent")
      try root.property("model", "linux,dummy-virt")
      try root.property("#size-cells", 2)
      try root.property("#address-cells", 2)
      try root.property("compatible", "linux,dummy-virt")
      try writeFirmware(vm, to: &root)
      try writeMemory(vm, to: &root)
      try writeDevices(to: &root)
      if let given { try writeDevices(given, to: &root) }
      try writeInterruptController(gic, vcpuCount: vm.vcpuCount, to: &root)
      try writeCPUs(count: vm.vcpuCount, compatible: cpu, to: &root)
      try writeTimer(vm, gic, host, to: &root)
      try writeClock(to: &root)
      // By this node a guest's tools see that there is a hypervisor, which need not be one that they know.
      try root.node("hypervisor") { (node) throws(DeviceTreeError) in
        try node.property("compatible", "tvisor,hypervisor")
      }
      try root.node("aliases") { (node) throws(DeviceTreeError) in try node.property("serial0", console) }
      seeds = try writeChosen(vm, hasSeeds: hasSeeds, to: &root)
    }
    return Written(byteCount: try writer.finish(), seeds: seeds)
  }

  /// The console's path.
  private static var console: Text { "/pl011@9000000" }

  /// The numbers by which nodes refer to others.
  private enum Phandle {
    static var clock: UInt32 { 0x8000 }
    static var interruptController: UInt32 { 0x8001 }
  }

  /// PSCI with the function numbers that version 0.1 needed to be told (Arm DEN 0022 §5.1).
  private static func writeFirmware(
    _ vm: VMDescription, to root: inout DeviceTreeWriter
  ) throws(DeviceTreeError) {
    // Functions that take addresses have a number for each width.
    let width: UInt32 = vm.instructionSet == .aarch32 ? 0x8400_0000 : 0xc400_0000
    try root.node("psci") { (node) throws(DeviceTreeError) in
      try node.property("migrate", width | 5)
      try node.property("cpu_on", width | 3)
      try node.property("cpu_off", 0x8400_0002)
      try node.property("cpu_suspend", width | 1)
      try node.property("method", "hvc")
      try node.property("compatible", strings: ["arm,psci-1.0", "arm,psci-0.2", "arm,psci"])
    }
  }

  private static func writeMemory(
    _ vm: VMDescription, to root: inout DeviceTreeWriter
  ) throws(DeviceTreeError) {
    try root.node("memory", at: vm.memory.start.rawValue) { (node) throws(DeviceTreeError) in
      try node.property("reg", vm.memory)
      try node.property("device_type", "memory")
    }
  }

  private static func writeDevices(to root: inout DeviceTreeWriter) throws(DeviceTreeError) {
    try root.node("pl031", at: GuestMachine.clock.start.rawValue) { (node) throws(DeviceTreeError) in
      try node.property("clock-names", "apb_pclk")
      try node.property("clocks", Phandle.clock)
      try node.property("interrupts", sharedInterrupt: GuestMachine.clockInterrupt)
      try node.property("reg", GuestMachine.clock)
      try node.property("compatible", strings: ["arm,pl031", "arm,primecell"])
    }
    try root.node("pl011", at: GuestMachine.console.start.rawValue) { (node) throws(DeviceTreeError) in
      try node.property("clock-names", strings: ["uartclk", "apb_pclk"])
      try node.property("clocks", cells: [Phandle.clock, Phandle.clock])
      try node.property("interrupts", sharedInterrupt: GuestMachine.consoleInterrupt)
      try node.property("reg", GuestMachine.console)
      try node.property("compatible", strings: ["arm,pl011", "arm,primecell"])
    }
  }

  private static func writeInterruptController(
    _ gic: GICVersion, vcpuCount: Int, to root: inout DeviceTreeWriter
  ) throws(DeviceTreeError) {
    let distributor = GuestMachine.distributor
    try root.node("intc", at: distributor.start.rawValue) { (node) throws(DeviceTreeError) in
      try node.property("phandle", Phandle.interruptController)
      switch gic {
      case .v2:
        try node.property("reg", distributor, GuestMachine.cpuInterface)
        try node.property("compatible", "arm,cortex-a15-gic")
      case .v3:
        let used = AddressRange(
          start: GuestMachine.redistributors.start,
          size: UInt64(truncatingIfNeeded: vcpuCount) &* GuestMachine.redistributorSize)
        try node.property("reg", distributor, used)
        try node.property("#redistributor-regions", 1)
        try node.property("compatible", "arm,gic-v3")
      }
      try node.property("ranges")
      try node.property("#size-cells", 2)
      try node.property("#address-cells", 2)
      try node.property("interrupt-controller")
      try node.property("#interrupt-cells", 3)
    }
  }

  private static func writeCPUs(
    count: Int, compatible: Text, to root: inout DeviceTreeWriter
  ) throws(DeviceTreeError) {
    try root.node("cpus") { (node) throws(DeviceTreeError) in
      try node.property("#size-cells", 0)
      try node.property("#address-cells", 1)
      for index in 0..<count {
        let affinity = GuestMachine.affinity(vcpu: index)
        try node.node("cpu", at: affinity) { (cpu) throws(DeviceTreeError) in
          try cpu.property("reg", UInt32(truncatingIfNeeded: affinity))
          try cpu.property("enable-method", "psci")
          try cpu.property("compatible", compatible)
          try cpu.property("device_type", "cpu")
        }
      }
    }
  }

  private static func writeTimer(
    _ vm: VMDescription, _ gic: GICVersion, _ host: MachineDescription?, to root: inout DeviceTreeWriter
  ) throws(DeviceTreeError) {
    // Level, active high; a GICv2 binding wants the mask of CPUs too.
    let mask = gic == .v2 ? (1 << UInt32(clamping: min(vm.vcpuCount, 8))) - 1 : UInt32(0)
    let flags = mask << 8 | 4
    try root.node("timer") { (node) throws(DeviceTreeError) in
      try node.property(
        "interrupts",
        cells: [
          1, UInt32(GuestMachine.secureTimerInterrupt - 16), flags, 1, UInt32(GuestMachine.physicalTimerInterrupt - 16),
          flags,
          1, UInt32(GuestMachine.virtualTimerInterrupt - 16), flags, 1,
          UInt32(GuestMachine.hypervisorTimerInterrupt - 16), flags,
        ])
      try node.property("always-on")
      if let host { try writeFacts(of: host.timer, to: &node) }
      if vm.instructionSet == .aarch32 {
        try node.property("compatible", "arm,armv7-timer")
      } else {
        try node.property("compatible", strings: ["arm,armv8-timer", "arm,armv7-timer"])
      }
    }
  }

  /// The clock of the PL011 and the PL031, which Linux's AMBA bus asks for.
  private static func writeClock(to root: inout DeviceTreeWriter) throws(DeviceTreeError) {
    try root.node("apb-pclk") { (node) throws(DeviceTreeError) in
      try node.property("phandle", Phandle.clock)
      try node.property("clock-output-names", "clk24mhz")
      try node.property("clock-frequency", 24_000_000)
      try node.property("#clock-cells", 0)
      try node.property("compatible", "fixed-clock")
    }
  }

  private static func writeChosen(
    _ vm: VMDescription, hasSeeds: Bool, to root: inout DeviceTreeWriter
  ) throws(DeviceTreeError) -> (kaslr: Int, random: Int)? {
    var seeds: (kaslr: Int, random: Int)?
    try root.node("chosen") { (node) throws(DeviceTreeError) in
      if let disk = vm.initialRAMDisk {
        try node.property("linux,initrd-start", u64: disk.start.rawValue)
        try node.property("linux,initrd-end", u64: disk.end.rawValue)
      }
      if let arguments = vm.bootArguments { try node.property("bootargs", arguments) }
      try node.property("stdout-path", console)
      guard hasSeeds else { return }
      try node.property(named: Text("kaslr-seed").span, count: seedSizes.kaslr) { _ in }
      let first = node.lastValueOffset
      try node.property(named: Text("rng-seed").span, count: seedSizes.random) { _ in }
      seeds = (first, node.lastValueOffset)
    }
    return seeds
  }
}

extension DeviceTreeWriter {
  /// Writes one region, with two cells for the address and two for the size.
  fileprivate mutating func property(
    _ name: Text, _ region: AddressRange<GuestPhysicalAddress>
  ) throws(DeviceTreeError) {
    try property(name, numbers: [region.start.rawValue, region.size])
  }

  /// Writes two regions, with two cells for each address and two for each size.
  fileprivate mutating func property(
    _ name: Text, _ first: AddressRange<GuestPhysicalAddress>, _ second: AddressRange<GuestPhysicalAddress>
  ) throws(DeviceTreeError) {
    try property(name, numbers: [first.start.rawValue, first.size, second.start.rawValue, second.size])
  }

  /// Writes a shared peripheral interrupt by its INTID: level, active high.
  fileprivate mutating func property(
    _ name: Text, sharedInterrupt identifier: UInt16
  ) throws(DeviceTreeError) {
    try property(name, cells: [0, UInt32(identifier - 32), 4])
  }
}
