public import DeviceTree

/// Writes a bundle from plain values into a buffer that the caller owns: what `SystemDescription` reads.
///
/// The physical CPUs come first, then the VMs; a VM's settings come before its images.
public struct BundleWriter: ~Copyable {
  private var tree: DeviceTreeWriter

  /// Writes a bundle with what `content` writes into `buffer`, which must be at a multiple of eight bytes; the bundle's
  /// size in bytes is returned.
  public static func write(
    unsafeInto buffer: UnsafeMutableRawBufferPointer,
    _ content: (inout BundleWriter) throws(DeviceTreeError) -> Void
  ) throws(DeviceTreeError) -> Int {
    var writer = BundleWriter(tree: try unsafe DeviceTreeWriter(unsafeBuffer: buffer))
    try writer.tree.begin(Text("").span)
    try writer.tree.property("compatible", SystemDescription.format)
    try writer.tree.property("digest", u64: 0)
    let place = writer.tree.lastValueOffset
    try content(&writer)
    try writer.tree.end()
    let count = try writer.tree.finish()
    let digest = unsafe BundleDigest(of: UnsafeRawBufferPointer(rebasing: buffer[..<count]).bytes, sparing: place)
    unsafe buffer.storeBytes(of: digest.value.bigEndian, toByteOffset: place, as: UInt64.self)
    return count
  }

  /// Writes the version of who makes the bundle. Before all else.
  public mutating func version(_ version: Span<UInt8>) throws(DeviceTreeError) {
    try tree.property("version", string: version)
  }

  /// A size in bytes that is enough for a bundle with that many CPUs, windows in all, VMs, vCPUs in all and images in all,
  /// whose names, command lines, devices and image data have `byteCount` bytes in all.
  public static func sizeBound(
    cpuCount: Int, windowCount: Int = 0, vmCount: Int, vcpuCount: Int, imageCount: Int, byteCount: Int
  ) -> Int {
    1152 + cpuCount * 256 + windowCount * 32 + vmCount * 640 + vcpuCount * 32 + imageCount * 96 + byteCount
  }

  /// Writes what `content` says about physical CPUs.
  public mutating func cpus(
    _ content: (inout BundleWriter) throws(DeviceTreeError) -> Void
  ) throws(DeviceTreeError) {
    try tree.begin(Text("cpus").span)
    try content(&self)
    try tree.end()
  }

  /// Writes how physical CPU `index` is shared: what `content` writes. Inside `cpus`.
  public mutating func cpu(
    _ index: UInt32, _ content: (inout BundleWriter) throws(DeviceTreeError) -> Void
  ) throws(DeviceTreeError) {
    try tree.begin("cpu", at: UInt64(index))
    try tree.property("reg", index)
    try content(&self)
    try tree.end()
  }

  /// Writes the name of the CPU's policy.
  public mutating func policy(_ name: Span<UInt8>) throws(DeviceTreeError) { try tree.property("policy", string: name) }

  /// Writes how long a vCPU's turn on the CPU is.
  public mutating func slice(nanoseconds: UInt64) throws(DeviceTreeError) {
    try tree.property("slice-ns", u64: nanoseconds)
  }

  /// Writes what admission reckons for one switch on the CPU.
  public mutating func overhead(nanoseconds: UInt64) throws(DeviceTreeError) {
    try tree.property("overhead-ns", u64: nanoseconds)
  }

  /// Writes the CPU's table: windows of a frame that begins again after so many nanoseconds.
  public mutating func table(frameNanoseconds: UInt64, _ windows: Span<CPUDescription.Window>) throws(DeviceTreeError) {
    try tree.property("frame-ns", u64: frameNanoseconds)
    try tree.property("windows", numberCount: windows.count * 4) { index in
      let window = windows[index / 4]
      switch index % 4 {
      case 0: return UInt64(window.vm)
      case 1: return UInt64(window.vcpu)
      case 2: return window.startNanoseconds
      default: return window.lengthNanoseconds
      }
    }
  }

  /// Writes the VMs that `content` writes.
  public mutating func vms(
    _ content: (inout BundleWriter) throws(DeviceTreeError) -> Void
  ) throws(DeviceTreeError) {
    try tree.begin(Text("vms").span)
    try content(&self)
    try tree.end()
  }

  /// Writes VM `index`, counted from 0, with the settings and images that `content` writes. Inside `vms`.
  public mutating func vm(
    _ index: Int, _ content: (inout BundleWriter) throws(DeviceTreeError) -> Void
  ) throws(DeviceTreeError) {
    try tree.begin("vm", at: UInt64(index))
    try content(&self)
    try tree.end()
  }

  /// Writes the VM's name.
  public mutating func name(_ name: Span<UInt8>) throws(DeviceTreeError) { try tree.property("name", string: name) }

  /// Writes the guest's instruction set: "aarch64".
  public mutating func isa(_ isa: Span<UInt8>) throws(DeviceTreeError) { try tree.property("isa", string: isa) }

  /// Writes how many bytes of RAM the VM has.
  public mutating func memorySize(_ size: UInt64) throws(DeviceTreeError) {
    try tree.property("memory-size", u64: size)
  }

  /// Writes the physical CPU of each vCPU.
  public mutating func vcpus(_ physicalCPUs: Span<UInt32>) throws(DeviceTreeError) {
    try tree.property("vcpus", cells: physicalCPUs)
  }

  /// Writes the time that each vCPU is promised, zeros for none.
  public mutating func reservations(_ reservations: Span<TimeReservation>) throws(DeviceTreeError) {
    try tree.property("reservations", numberCount: reservations.count * 3) { index in
      let reservation = reservations[index / 3]
      switch index % 3 {
      case 0: return reservation.budgetNanoseconds
      case 1: return reservation.periodNanoseconds
      default: return reservation.deadlineNanoseconds
      }
    }
  }

  /// Writes each vCPU's priority.
  public mutating func priorities(_ priorities: Span<UInt32>) throws(DeviceTreeError) {
    try tree.property("priorities", cells: priorities)
  }

  /// Writes where the first vCPU starts.
  public mutating func entry(_ address: UInt64) throws(DeviceTreeError) { try tree.property("entry", u64: address) }

  /// Writes where the VM's device tree goes.
  public mutating func deviceTree(_ address: UInt64) throws(DeviceTreeError) {
    try tree.property("device-tree", u64: address)
  }

  /// Writes where the initial RAM disk lies that one of the images brings: `end` is the address past it.
  public mutating func initialRAMDisk(start: UInt64, end: UInt64) throws(DeviceTreeError) {
    try tree.property("initrd", numbers: [start, end])
  }

  /// Writes the guest kernel's command line.
  public mutating func bootArguments(_ arguments: Span<UInt8>) throws(DeviceTreeError) {
    try tree.property("bootargs", string: arguments)
  }

  /// Writes what follows a reset of the guest.
  public mutating func onReset(_ action: VMDescription.ResetAction) throws(DeviceTreeError) {
    try tree.property("on-reset", action.name)
  }

  /// Writes how many bytes of firmware memory the VM has from address 0 on.
  public mutating func firmwareSize(_ size: UInt64) throws(DeviceTreeError) {
    try tree.property("firmware-size", u64: size)
  }

  /// Writes the paths of the VM's own devices, each path with a NUL after it.
  public mutating func devices(_ paths: RawSpan) throws(DeviceTreeError) {
    try tree.property("devices", bytes: paths)
  }

  /// Writes how fast clocks of each of the VM's own devices run whose frequency the host's tree does not say, in hertz; zeros
  /// for nothing.
  public mutating func deviceClocks(_ frequencies: Span<UInt32>) throws(DeviceTreeError) {
    try tree.property("device-clocks", cells: frequencies)
  }

  /// Writes that the VM's RAM is at the same addresses for the guest and the host.
  public mutating func identityPlacement() throws(DeviceTreeError) { try tree.property("placement", "identity") }

  /// Writes that the risk is taken that a device of the VM's own reads or writes memory that is not the VM's.
  public mutating func dmaAtRisk() throws(DeviceTreeError) { try tree.property("dma", "at-risk") }

  /// Writes the INTIDs of the VM's own physical interrupts.
  public mutating func interrupts(_ identifiers: Span<UInt32>) throws(DeviceTreeError) {
    try tree.property("interrupts", cells: identifiers)
  }

  /// Writes image `index` of the VM, counted from 0: the bytes that are copied to `address` at each start.
  public mutating func image(_ index: Int, address: UInt64, data: RawSpan) throws(DeviceTreeError) {
    try tree.begin("image", at: UInt64(index))
    try tree.property("address", u64: address)
    try tree.property("data", bytes: data)
    try tree.end()
  }
}
