internal import Architecture
internal import Synchronization

// Where a vCPU is, as its CPU and whoever stops its VM have to agree on it. A vCPU that is not on its CPU can be ended by
// anybody, at once; one that is leaves its CPU first. Each of the two changes the word in one step, so that exactly one of them
// counts the vCPU as ended.

/// The bits of `RequestSlot.residence`.
private enum Residence {
  /// The vCPU's registers are in its CPU, or the CPU is at work for it.
  static var here: UInt32 { 1 }
  /// Its VM is being stopped, or was: until its CPU has noted that, it does not come.
  static var askedToLeave: UInt32 { 2 }
}

extension VCPU {
  /// Its CPU takes it on. False where its VM was stopped while it was away.
  @inline(__always)
  borrowing func arrives() -> Bool {
    mail.residence.compareExchange(expected: 0, desired: Residence.here, ordering: .acquiring).exchanged
  }

  /// Its CPU has done with it. True where somebody asked for that meanwhile, and counts on this CPU to say so.
  @inline(__always)
  borrowing func departs() -> Bool {
    let before = mail.residence.bitwiseAnd(~Residence.here, ordering: .releasing).oldValue
    return before == Residence.here | Residence.askedToLeave
  }

  /// Whether its VM was stopped, as far as its CPU has not noted it yet.
  @inline(__always)
  var isAskedToLeave: Bool { mail.residence.load(ordering: .acquiring) & Residence.askedToLeave != 0 }

  /// Whoever stops its VM asks for its end. True where it is away and this is it; else its CPU ends it, and is to be told.
  borrowing func isEndedByAskingToLeave() -> Bool {
    let before = mail.residence.bitwiseOr(Residence.askedToLeave, ordering: .acquiringAndReleasing).oldValue
    return before & Residence.here == 0
  }

  /// Its CPU, which does not have it, knows of its end: it may be started again.
  borrowing func notesEnd() { mail.residence.store(0, ordering: .releasing) }
}
