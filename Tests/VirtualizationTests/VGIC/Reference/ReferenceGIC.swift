import Architecture

/// A GIC as IHI 0048B and IHI 0069 describe it to software, slow and obvious: every interrupt has a state for each CPU that
/// can have one, there are no list registers, and nothing is cached.
///
/// Where the architecture leaves a choice to the implementation, `ReferenceInterface` tells all that may be chosen.
final class ReferenceGIC {
  /// One interrupt: an SPI, or an SGI or PPI of one vCPU.
  struct Interrupt {
    var isEnabled = false
    var isGroup1 = false
    var isEdge = false
    var priority: UInt8 = 0
    /// The wire.
    var isHigh = false
    /// An edge, or a write of software's, that has not been acknowledged (IHI 0048B figure 4-10).
    var isLatched = false
    /// GICv2 SGIs: the vCPUs whose requests have not been acknowledged.
    var sources = Sources()
    var isActive = false
    /// Which vCPU acknowledged it, and from which source; nil where software made it active.
    var handler: Handler?
    /// GICD_ITARGETSR, or GICD_IROUTER's affinities.
    var route: UInt64 = 0

    /// Pending (IHI 0048B §3.2.4): a level-sensitive interrupt also while its wire is high.
    var isPending: Bool { isLatched || !sources.isEmpty || (isHigh && !isEdge) }
  }

  /// Who handles an interrupt: an end or a deactivation of anybody else's is unpredictable.
  struct Handler: Equatable {
    var vcpu: Int
    var source: UInt8
  }

  /// A set of the eight CPUs that a GICv2 can have.
  struct Sources: Equatable {
    var bits: UInt8 = 0
    var isEmpty: Bool { bits == 0 }
    func contains(_ cpu: UInt8) -> Bool { bits >> cpu & 1 != 0 }
    mutating func insert(_ cpu: UInt8) { bits |= 1 << cpu }
    mutating func remove(_ cpu: UInt8) { bits &= ~(1 << cpu) }
  }

  /// All interrupts that there are, by name.
  struct Interrupts {
    private let privateCount: Int
    private var all: [Interrupt]

    init(vcpuCount: Int, spiCount: Int) {
      privateCount = vcpuCount * 32
      all = .init(repeating: Interrupt(), count: privateCount + spiCount)
    }

    subscript(name: Name) -> Interrupt {
      get { all[index(name)] }
      _modify { yield &all[index(name)] }
    }

    private func index(_ name: Name) -> Int {
      name.vcpu.map { $0 * 32 + name.id } ?? privateCount + name.id - 32
    }
  }

  /// What tells one interrupt from all others: the vCPU is nil for an SPI.
  struct Name: Hashable {
    var id: Int
    var vcpu: Int?
  }

  let version: GICVersion
  let vcpuCount: Int
  let spiCount: Int
  /// GICD_CTLR's EnableGrp0 and EnableGrp1.
  var enabledGroups: UInt64 = 0
  var interrupts: Interrupts
  var interfaces: [ReferenceInterface]
  /// GICR_WAKER.ProcessorSleep.
  var isAsleep: [Bool]

  init(_ version: GICVersion, vcpuCount: Int, spiCount: Int) {
    self.version = version
    self.vcpuCount = vcpuCount
    self.spiCount = spiCount
    interrupts = Interrupts(vcpuCount: vcpuCount, spiCount: spiCount)
    interfaces = .init(repeating: ReferenceInterface(version), count: vcpuCount)
    isAsleep = .init(repeating: true, count: vcpuCount)
    for vcpu in 0..<vcpuCount { resetPrivate(vcpu) }
  }

  /// The interrupt that a vCPU calls `id`, or nil where there is none.
  func name(_ id: Int, _ vcpu: Int) -> Name? {
    if id < 32 { return Name(id: id, vcpu: vcpu) }
    return id < 32 + spiCount ? Name(id: id) : nil
  }

  func resetPrivate(_ vcpu: Int) {
    for id in 0..<32 {
      var fresh = Interrupt()
      // SGIs are edge-triggered; GICv2's are always enabled here.
      if id < 16 { (fresh.isEdge, fresh.isEnabled) = (true, version == .v2) }
      interrupts[Name(id: id, vcpu: vcpu)] = fresh
    }
    isAsleep[vcpu] = true
  }

  /// The vCPU that the distributor sends an interrupt to. Of several targets in GICD_ITARGETSR the lowest.
  func target(_ name: Name) -> Int? {
    if let vcpu = name.vcpu { return vcpu }
    let route = interrupts[name].route
    if version == .v3 { return (0..<vcpuCount).first { affinity($0) == route } }
    return vcpuCount == 1 ? 0 : (0..<vcpuCount).first { route >> UInt64($0) & 1 != 0 }
  }

  /// Aff3 in 39 to 32, Aff2 to Aff0 in 23 to 0.
  func affinity(_ vcpu: Int) -> UInt64 { UInt64(vcpu % 16 + vcpu / 16 * 256) }

  /// Pending, enabled, of an enabled group, not active: what the distributor forwards to `vcpu`.
  func forwarded(to vcpu: Int) -> [(name: Name, interrupt: Interrupt)] {
    guard enabledGroups != 0 else { return [] }
    return (0..<32 + spiCount).compactMap { id in
      guard let name = name(id, vcpu) else { return nil }
      let interrupt = interrupts[name]
      guard interrupt.isPending, interrupt.isEnabled, !interrupt.isActive, target(name) == vcpu else { return nil }
      return enabledGroups & (interrupt.isGroup1 ? 2 : 1) != 0 ? (name, interrupt) : nil
    }
  }
}

// What happens outside.

extension ReferenceGIC {
  func setLine(_ id: Int, _ vcpu: Int, _ isHigh: Bool) {
    guard id >= 16, let name = name(id, vcpu) else { return }
    if isHigh && !interrupts[name].isHigh && interrupts[name].isEdge { interrupts[name].isLatched = true }
    interrupts[name].isHigh = isHigh
  }

  /// A physical edge that stands behind a virtual interrupt: pending once, whatever its configuration.
  func raiseHardware(_ id: Int, _ vcpu: Int) {
    if let name = name(id, vcpu) { interrupts[name].isLatched = true }
  }

  /// CPU_ON: the vCPU's own interrupts and interface as after power on, but for SGIs that wait for it; what it was handling is
  /// not active any more.
  func reset(vcpu: Int, handling: [Int]) {
    for id in handling where id >= 32 && interrupts[Name(id: id)].handler?.vcpu == vcpu {
      (interrupts[Name(id: id)].isActive, interrupts[Name(id: id)].handler) = (false, nil)
    }
    let waiting = (0..<16).map { interrupts[Name(id: $0, vcpu: vcpu)] }
    resetPrivate(vcpu)
    for id in 0..<16 {
      interrupts[Name(id: id, vcpu: vcpu)].isLatched = waiting[id].isLatched
      interrupts[Name(id: id, vcpu: vcpu)].sources = waiting[id].sources
    }
    interfaces[vcpu] = ReferenceInterface(version)
  }
}

// The CPU interface's effects on interrupts.

extension ReferenceGIC {
  /// `vcpu` acknowledges `id`, an SGI of GICv2 from `source`.
  func acknowledge(_ id: Int, source: UInt8, priority: UInt8, isGroup1: Bool, vcpu: Int) {
    guard let name = name(id, vcpu) else { return }
    if version == .v2 && id < 16 {
      interrupts[name].sources.remove(source)
    } else {
      interrupts[name].isLatched = false
    }
    interrupts[name].isActive = true
    interrupts[name].handler = Handler(vcpu: vcpu, source: source)
    interfaces[vcpu].push(priority: priority, isGroup1: isGroup1)
  }

  /// A write of EOIR.
  func end(_ id: Int, source: UInt8, vcpu: Int) {
    interfaces[vcpu].pop()
    if !interfaces[vcpu].separatesDeactivation { deactivate(id, source: source, vcpu: vcpu) }
  }

  /// A write of DIR, or the second half of EOIR.
  func deactivate(_ id: Int, source: UInt8, vcpu: Int) {
    guard let name = name(id, vcpu), interrupts[name].handler == Handler(vcpu: vcpu, source: source) else { return }
    (interrupts[name].isActive, interrupts[name].handler) = (false, nil)
  }

  /// A write of DIR by whoever it may be: an SPI, or one that nobody has acknowledged.
  func deactivate(_ name: Name) { (interrupts[name].isActive, interrupts[name].handler) = (false, nil) }

  /// What `vcpu` may acknowledge now, and whether it must be offered something.
  func offer(_ vcpu: Int) -> (names: Set<Name>, isCertain: Bool) {
    let interface = interfaces[vcpu]
    let enabled = forwarded(to: vcpu).filter { interface.hasGroup($0.interrupt.isGroup1) }
    guard let best = enabled.map(\.interrupt.priority).min(), best < interface.priorityMask else { return ([], false) }
    let first = enabled.filter { $0.interrupt.priority == best }
    let taken = first.filter {
      interface.groupPriority(best, isGroup1: $0.interrupt.isGroup1) < interface.runningPriority
    }
    return (Set(taken.map(\.name)), taken.count == first.count)
  }

  /// How many interrupts `vcpu` has acknowledged that are active.
  func handledCount(by vcpu: Int) -> Int {
    (0..<32 + spiCount).count { id in
      name(id, vcpu).map { interrupts[$0].isActive && interrupts[$0].handler?.vcpu == vcpu } ?? false
    }
  }

  /// Whether an interrupt ends a WFI of `vcpu`, active priorities left aside.
  func wakes(_ vcpu: Int) -> Bool {
    let interface = interfaces[vcpu]
    return forwarded(to: vcpu).contains {
      interface.hasGroup($0.interrupt.isGroup1) && $0.interrupt.priority < interface.priorityMask
    }
  }
}
