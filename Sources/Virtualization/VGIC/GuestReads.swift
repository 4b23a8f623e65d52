public import Architecture

// Reads of a guest that runs: pending and active states are partly in list registers and on lines, which are looked at first.

extension VirtualGIC {
  /// What `vcpu`, which is loaded here, reads `offset` bytes into the distributor's frame.
  public mutating func readDistributor<Registers: ListRegisters & ~Copyable>(
    offset: UInt32, width: AccessWidth, vcpu: Int, registers: inout Registers
  ) -> UInt64 {
    guard needsSynchronization(offset: offset, width: width, isWrite: false) else {
      return readDistributor(offset: offset, width: width, vcpu: vcpu)
    }
    // A GICv3 has the private ones in the redistributors.
    let isShared = version == .v2 || offset & 0x7f >= 4
    let high =
      isShared ? lookAtLines(offset: offset, width: width, owner: vcpu, reader: vcpu, registers: registers) : 0
    synchronize(vcpu: vcpu, registers: &registers)
    inquire(offset: offset, owner: vcpu, reader: vcpu)
    return readDistributor(offset: offset, width: width, vcpu: vcpu) | high
  }

  /// What `vcpu`, which is loaded here, reads `offset` bytes into the frame pair of vCPU `frame`'s redistributor.
  public mutating func readRedistributor<Registers: ListRegisters & ~Copyable>(
    offset: UInt32, frame: Int, width: AccessWidth, vcpu: Int, registers: inout Registers
  ) -> UInt64 {
    guard redistributorNeedsSynchronization(offset: offset, width: width, isWrite: false) else {
      return readRedistributor(offset: offset, frame: frame, width: width)
    }
    var high: UInt64 = 0
    let place = offset & 0xffff
    if frame == vcpu {
      if place & 0x7f < 4 {
        high = lookAtLines(offset: place, width: width, owner: vcpu, reader: vcpu, registers: registers)
      }
      synchronize(vcpu: vcpu, registers: &registers)
    } else if frame >= 0 && frame < vcpuCount {
      inquire(offset: place, owner: frame, reader: vcpu)
    }
    return readRedistributor(offset: offset, frame: frame, width: width) | high
  }
}
