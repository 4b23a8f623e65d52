internal import Architecture
internal import ArmCommon

// Where a vCPU is, as its CPU and whoever stops its VM agree on it under the VM's lock, which coming and going takes anyway. A
// vCPU that is not on its CPU can be ended by anybody, at once; one that is leaves its CPU first. So exactly one of the two
// counts it as ended.

extension VCPU {
  /// Its CPU takes it on. False where its VM was stopped while it was away. The VM's lock is held.
  @inline(__always)
  mutating func arrives() -> Bool {
    isHere = !isAskedToLeave
    return isHere
  }

  /// Its CPU has done with it. True where somebody asked for that meanwhile, and counts on this CPU to say so. The VM's lock is
  /// held.
  @inline(__always)
  mutating func departs() -> Bool {
    let counts = isHere && isAskedToLeave
    isHere = false
    return counts
  }

  /// Whoever stops its VM asks for its end. True where it is away and this is it; else its CPU ends it, and is to be told. The
  /// VM's lock is held.
  mutating func isEndedByAskingToLeave() -> Bool {
    isAskedToLeave = true
    return !isHere
  }
}
