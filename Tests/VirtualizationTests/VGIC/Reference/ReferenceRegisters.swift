import Architecture

/// Which register frame an access goes to.
enum Frame: Hashable {
  case distributor
  /// The frame pair of a vCPU's redistributor.
  case redistributor(Int)
}

// The register maps (IHI 0048B table 4-1, IHI 0069 tables 12-25 to 12-28), one bit, byte or field of an interrupt after
// the other.

extension ReferenceGIC {
  enum Array {
    case group, setEnable, clearEnable, setPending, clearPending, setActive, clearActive
    case priority, targets, configuration, clearSources, setSources
  }

  /// The array that an offset lies in, where it begins, and how many bits each interrupt has in it.
  private func array(_ offset: UInt32) -> (array: Array, start: UInt32, bits: UInt32)? {
    switch offset {
    case 0x080...0x0ff: (.group, 0x080, 1)
    case 0x100...0x17f: (.setEnable, 0x100, 1)
    case 0x180...0x1ff: (.clearEnable, 0x180, 1)
    case 0x200...0x27f: (.setPending, 0x200, 1)
    case 0x280...0x2ff: (.clearPending, 0x280, 1)
    case 0x300...0x37f: (.setActive, 0x300, 1)
    case 0x380...0x3ff: (.clearActive, 0x380, 1)
    case 0x400...0x7fb: (.priority, 0x400, 8)
    case 0x800...0xbfb: version == .v2 ? (.targets, 0x800, 8) : nil
    case 0xc00...0xcff: (.configuration, 0xc00, 2)
    case 0xf10...0xf1f: version == .v2 ? (.clearSources, 0xf10, 8) : nil
    case 0xf20...0xf2f: version == .v2 ? (.setSources, 0xf20, 8) : nil
    default: nil
    }
  }

  /// One interrupt's field in an access.
  struct Field {
    var array: Array
    var name: Name
    var shift: UInt64
    var mask: UInt64
  }

  /// The fields of the interrupts that an access covers: none where it is no access to such an array.
  func fields(_ frame: Frame, _ offset: UInt32, _ width: AccessWidth, _ vcpu: Int) -> [Field] {
    var (offset, vcpu) = (offset, vcpu)
    if case .redistributor(let owner) = frame {
      guard offset >= 0x1_0000 else { return [] }
      (offset, vcpu) = (offset - 0x1_0000, owner)
    }
    guard let (array, start, bits) = array(offset) else { return [] }
    // Words everywhere; bytes where a byte is a field.
    guard width == .word && offset % 4 == 0 || width == .byte && bits == 8 else { return [] }
    let first = Int((offset - start) * 8 / bits)
    return (0..<Int(UInt32(width.byteCount) * 8 / bits)).compactMap { index in
      let id = first + index
      switch frame {
      case .distributor where version == .v3 && id < 32: return nil
      case .redistributor where id >= 32: return nil
      default: break
      }
      guard let name = name(id, vcpu) else { return nil }
      return Field(array: array, name: name, shift: UInt64(index) * UInt64(bits), mask: (1 << UInt64(bits)) - 1)
    }
  }

  /// What `vcpu` reads.
  func read(_ frame: Frame, _ offset: UInt32, _ width: AccessWidth, vcpu: Int) -> UInt64 {
    let fields = fields(frame, offset, width, vcpu)
    if !fields.isEmpty { return fields.reduce(0) { $0 | value($1, vcpu) << $1.shift } }
    switch frame {
    case .distributor: return readDistributor(offset, width)
    case .redistributor(let owner): return readRedistributor(offset, width, owner)
    }
  }

  /// Does what `vcpu` writes.
  func write(_ frame: Frame, _ offset: UInt32, _ width: AccessWidth, _ value: UInt64, vcpu: Int) {
    let fields = fields(frame, offset, width, vcpu)
    for field in fields { set(field, value >> field.shift & field.mask, vcpu) }
    guard fields.isEmpty else { return }
    switch (frame, offset, width) {
    case (.distributor, 0, .word): enabledGroups = value & 3
    case (.distributor, 0xf00, .word) where version == .v2: generateSGI(value, vcpu)
    case (.distributor, 0x6100..<0x7fe0, _) where version == .v3:
      guard let (id, shift, mask) = route(offset, width) else { return }
      let old = interrupts[id].route & ~(mask << shift)
      interrupts[id].route = (old | (value & mask) << shift) & 0xff_00ff_ffff
    case (.redistributor(let owner), 0x14, .word): isAsleep[owner] = value & 2 != 0
    default: break
    }
  }

  private func value(_ field: Field, _ vcpu: Int) -> UInt64 {
    let interrupt = interrupts[field.name]
    switch field.array {
    case .group: return interrupt.isGroup1 ? 1 : 0
    case .setEnable, .clearEnable: return interrupt.isEnabled ? 1 : 0
    case .setPending, .clearPending: return interrupt.isPending ? 1 : 0
    case .setActive, .clearActive: return interrupt.isActive ? 1 : 0
    case .priority: return UInt64(interrupt.priority)
    case .targets: return vcpuCount == 1 ? 0 : field.name.id < 32 ? 1 << UInt64(vcpu) : interrupt.route
    case .configuration: return interrupt.isEdge ? 2 : 0
    case .clearSources, .setSources: return UInt64(interrupt.sources.bits)
    }
  }

  private func set(_ field: Field, _ value: UInt64, _ vcpu: Int) {
    let isSGI = field.name.id < 16
    let isOldSGI = isSGI && version == .v2
    var interrupt = interrupts[field.name]
    switch field.array {
    case .group: interrupt.isGroup1 = value == 1
    case .setEnable: if value == 1 { interrupt.isEnabled = true }
    case .clearEnable: if value == 1 && !isOldSGI { interrupt.isEnabled = false }
    case .setPending: if value == 1 && !isOldSGI { interrupt.isLatched = true }
    case .clearPending: if value == 1 && !isOldSGI { interrupt.isLatched = false }
    case .setActive: if value == 1 { interrupt.isActive = true }
    case .clearActive: if value == 1 { (interrupt.isActive, interrupt.handler) = (false, nil) }
    case .priority: interrupt.priority = UInt8(value) & 0xf8
    case .targets:
      if vcpuCount > 1 && field.name.id >= 32 { interrupt.route = value & ((1 << UInt64(vcpuCount)) - 1) }
    case .configuration: if !isSGI { interrupt.isEdge = value & 2 != 0 }
    case .clearSources: interrupt.sources.bits &= ~UInt8(value)
    case .setSources:
      for source in UInt8(0)..<8 where value >> source & 1 != 0 && source < vcpuCount {
        interrupt.sources.insert(source)
      }
    }
    interrupts[field.name] = interrupt
  }

  private func readDistributor(_ offset: UInt32, _ width: AccessWidth) -> UInt64 {
    if version == .v3, (0x6100..<0x7fe0).contains(offset) {
      guard let (name, shift, mask) = route(offset, width) else { return 0 }
      return interrupts[name].route >> shift & mask
    }
    guard width == .word else { return 0 }
    let lines = UInt64(32 + spiCount + 31) / 32 - 1
    switch (offset, version) {
    // ARE and DS are fixed to one.
    case (0x000, _): return enabledGroups | (version == .v3 ? 0x50 : 0)
    case (0x004, .v2): return lines | UInt64(vcpuCount - 1) << 5
    // IDbits 9, A3V, No1N.
    case (0x004, .v3): return lines | 9 << 19 | 3 << 24
    case (0x008, _): return 0x5400_043b
    case (0xfd0...0xfff, .v2), (0xffd0...0xffff, .v3): return identification(offset)
    default: return 0
    }
  }

  private func readRedistributor(_ offset: UInt32, _ width: AccessWidth, _ owner: Int) -> UInt64 {
    let type = affinity(owner) << 32 | UInt64(owner) << 8 | (owner == vcpuCount - 1 ? 1 << 4 : 0)
    switch (offset, width) {
    case (0x0004, .word): return 0x5400_043b
    case (0x0008, .doubleword): return type
    case (0x0008, .word): return type & 0xffff_ffff
    case (0x000c, .word): return type >> 32
    case (0x0014, .word): return isAsleep[owner] ? 6 : 0
    case (0xffd0...0xffff, .word): return identification(offset)
    default: return 0
    }
  }

  /// PIDR4 to 7, PIDR0 to 3 and CIDR0 to 3: part 0x054 by Arm (JEP106 bank 4, code 0x3b), of the architecture's version.
  private func identification(_ offset: UInt32) -> UInt64 {
    guard offset % 4 == 0 else { return 0 }
    let version: UInt64 = version == .v2 ? 0x2b : 0x3b
    let bytes: [UInt64] = [0x04, 0, 0, 0, 0x54, 0xb0, version, 0, 0x0d, 0xf0, 0x05, 0xb1]
    return bytes[Int(offset & 0xfff - 0xfd0) / 4]
  }

  /// The SPI of a GICD_IROUTER, and which bits of it the access has.
  private func route(_ offset: UInt32, _ width: AccessWidth) -> (Name, shift: UInt64, mask: UInt64)? {
    guard let name = name(Int(offset - 0x6000) / 8, 0) else { return nil }
    switch (offset % 8, width) {
    case (0, .doubleword): return (name, 0, .max)
    case (0, .word): return (name, 0, 0xffff_ffff)
    case (4, .word): return (name, 32, 0xffff_ffff)
    default: return nil
    }
  }
}

extension ReferenceGIC {
  /// What software has set of an interrupt that decides whether, where and how it is delivered.
  func settings(of name: Name) -> [UInt64] {
    let interrupt = interrupts[name]
    let flags = [interrupt.isEnabled, interrupt.isGroup1, interrupt.isEdge, interrupt.isLatched]
    return flags.map { $0 ? 1 : 0 } + [UInt64(interrupt.priority), interrupt.route, enabledGroups]
  }
}

// SGIs.

extension ReferenceGIC {
  /// GICD_SGIR (IHI 0048B §4.3.15).
  private func generateSGI(_ value: UInt64, _ vcpu: Int) {
    for target in 0..<vcpuCount {
      let isMeant: Bool
      switch value >> 24 & 3 {
      case 0: isMeant = value >> (16 + UInt64(target)) & 1 != 0
      case 1: isMeant = target != vcpu
      case 2: isMeant = target == vcpu
      default: isMeant = false
      }
      if isMeant { interrupts[Name(id: Int(value & 15), vcpu: target)].sources.insert(UInt8(vcpu)) }
    }
  }

  /// ICC_SGI0R_EL1 and its like (IHI 0069 §12.2.12).
  func generateSGI(_ value: UInt64, isGroup1: Bool, vcpu: Int) {
    for target in 0..<vcpuCount {
      let place = affinity(target)
      let isMeant =
        value >> 40 & 1 != 0
        ? target != vcpu
        : value >> 48 & 0xff == place >> 32 && value >> 32 & 0xff == place >> 16 & 0xff
          && value >> 16 & 0xff == place >> 8 & 0xff && value >> 44 & 15 == place >> 4 & 15
          && value >> (place & 15) & 1 != 0
      let name = Name(id: Int(value >> 24 & 15), vcpu: target)
      if isMeant && (isGroup1 || !interrupts[name].isGroup1) { interrupts[name].isLatched = true }
    }
  }
}
