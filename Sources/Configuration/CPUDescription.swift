public import DeviceTree

/// How the vCPUs on one physical CPU share it.
public struct CPUDescription: Sendable {
  /// The node of the bundle.
  public let node: DeviceTree.Node

  /// The physical CPU, counted in the order of the host's tree without the disabled ones.
  public var index: UInt32 { node["reg"]?.u32 ?? .max }

  /// The policy's name, or nil where the bundle leaves it to the scheduler.
  public var policyName: Text? { node["policy"]?.string }

  /// The time that a vCPU runs before the next one's turn, in nanoseconds; nil where the bundle leaves that to the policy.
  public var sliceNanoseconds: UInt64? { node["slice-ns"]?.u64 }

  /// What admission reckons for one switch between vCPUs, in nanoseconds; nil for the scheduler's own estimate.
  public var overheadNanoseconds: UInt64? { node["overhead-ns"]?.u64 }

  /// After how many nanoseconds the table of windows begins again; nil where there is no table.
  public var frameNanoseconds: UInt64? { node["frame-ns"]?.u64 }

  /// How many windows the table has.
  public var windowCount: Int { (node["windows"]?.count ?? 0) / Self.windowSize }

  /// The window at `index`, below `windowCount`, or nil past the end. A VM or vCPU that no bundle can have reads as the
  /// largest number.
  public func window(_ index: Int) -> Window? {
    guard index >= 0, index < windowCount, let property = node["windows"] else { return nil }
    let first = index * Self.windowSize / 4
    guard let vm = property.number(at: first, cells: 2), let vcpu = property.number(at: first + 2, cells: 2),
      let start = property.number(at: first + 4, cells: 2), let length = property.number(at: first + 6, cells: 2)
    else { return nil }
    return Window(
      vm: UInt32(clamping: vm), vcpu: UInt32(clamping: vcpu), startNanoseconds: start, lengthNanoseconds: length)
  }

  /// Four 64-bit numbers.
  static var windowSize: Int { 32 }

  /// A part of the frame that belongs to one vCPU.
  public struct Window: Equatable, Sendable {
    /// The VM's index in the bundle.
    public var vm: UInt32
    /// The vCPU's index in its VM.
    public var vcpu: UInt32
    /// Nanoseconds from the frame's start to the window's.
    public var startNanoseconds: UInt64
    /// How long the window is, in nanoseconds.
    public var lengthNanoseconds: UInt64

    /// A window with every property given.
    public init(vm: UInt32, vcpu: UInt32, startNanoseconds: UInt64, lengthNanoseconds: UInt64) {
      self.vm = vm
      self.vcpu = vcpu
      self.startNanoseconds = startNanoseconds
      self.lengthNanoseconds = lengthNanoseconds
    }
  }
}
