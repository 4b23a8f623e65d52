package import Architecture
internal import ArmRegisters
internal import Backend
internal import Drivers
internal import Scheduling
internal import Synchronization

// How CPUs talk: a vCPU belongs to one CPU, and whoever wants something of it there leaves a request with the vCPU and marks
// it on that CPU's board. There is always room, posting costs the same however much is waiting, and no CPU ever waits for
// another one.
//
// Nobody is interrupted for the sake of a lesser: a CPU shows on its board who may interrupt what it runs, and only for those
// is it sent an interrupt. Everybody else's requests it finds when it has come down to them. Nothing is lost in between: who
// asks marks first, and then looks who may interrupt; the CPU shows first whom it would hear now, and then looks for marks.
// Each has a full barrier between the two, so that at least one of them sees what the other did.

/// What one CPU asks of the CPU that a vCPU belongs to.
struct Requests: OptionSet {
  let rawValue: UInt32

  /// The VM's interrupt controller has something for the vCPU.
  static let interrupts = Requests(rawValue: 1 << 0)
  /// The vCPU starts, as its `startup` says.
  static let start = Requests(rawValue: 1 << 1)
  /// Deadlines that the vCPU's CPU watches have changed.
  static let deadlines = Requests(rawValue: 1 << 3)

  /// There are SGIs that vCPU `source` has asked for (GICv2): see `RequestSlot.softwareInterrupts`.
  static func softwareInterrupts(from source: Int) -> Requests {
    Requests(rawValue: 1 &<< UInt32(truncatingIfNeeded: source & 7 &+ 8))
  }

  /// The SGI of that INTID, of a guest that is not told who asked (GICv3).
  static func softwareInterrupt(_ id: Int) -> Requests {
    Requests(rawValue: 1 &<< UInt32(truncatingIfNeeded: id & 15 &+ 16))
  }

  /// All SGIs.
  static let allSoftwareInterrupts = Requests(rawValue: 0xffff_ff00)
}

/// The part of a vCPU that every CPU may touch.
struct RequestSlot: ~Copyable {
  /// What was asked and not yet taken: `Requests`. Not zero while the vCPU is marked on its CPU's board, or put
  /// off.
  let requests = Atomic<UInt32>(0)
  /// For each vCPU of a GICv2 the SGIs that it has asked for and that are not yet taken, a bit for each INTID.
  let softwareInterrupts: [8 of Atomic<UInt32>] = .init { _ in Atomic(0) }
}

/// What every CPU may touch of another one's: whose requests wait, by the standing of their vCPUs, and who may interrupt it.
package struct RequestBoard: ~Copyable {
  /// A part of the marks.
  struct Word: ~Copyable {
    /// A bit for each of 32 standings.
    let bits = Atomic<UInt32>(0)
  }

  /// The marks of all standings.
  let words: Storage<Word>
  /// Who may interrupt the CPU now, as the bits of an `Audience`. Written by the CPU itself.
  let shownAudience = Atomic<UInt32>(Audience.everybody.bits)

  /// Room for so many vCPUs.
  package init(capacity: Int, in arena: inout some StorageProvider & ~Copyable) throws(OutOfMemory) {
    words = try arena.storage(of: Word.self, count: (capacity + 31) / 32) { _ in Word() }
  }

  /// Puts up a mark. What was asked before is seen by who takes it down.
  @inline(__always)
  func mark(_ standing: Int) {
    _ = words[standing >> 5].bits.bitwiseOr(1 &<< UInt32(truncatingIfNeeded: standing & 31), ordering: .releasing)
  }

  /// Takes a mark down.
  @inline(__always)
  func unmark(_ standing: Int) {
    _ = words[standing >> 5].bits.bitwiseAnd(~(1 &<< UInt32(truncatingIfNeeded: standing & 31)), ordering: .acquiring)
  }

  /// The first mark of these standings, or nil.
  @inline(__always)
  func first(of standings: Audience) -> Int? {
    guard words.count > 0 else { return nil }
    // Most CPUs have one word, and hardly ever a mark in it.
    if words.count == 1 && words[0].bits.load(ordering: .relaxed) == 0 { return nil }
    return find(standings)
  }

  @inline(never)
  @_optimize(speed)
  private func find(_ standings: Audience) -> Int? {
    var index = standings.first >> 5
    while index < words.count && index << 5 < standings.end {
      var bits = words[index].bits.load(ordering: .relaxed)
      if index == standings.first >> 5 { bits &= ~0 &<< UInt32(truncatingIfNeeded: standings.first & 31) }
      if bits != 0 {
        let standing = index << 5 &+ bits.trailingZeroBitCount
        return standing < standings.end ? standing : nil
      }
      index &+= 1
    }
    return nil
  }

  /// Shows who may interrupt from now on. Whatever was asked before and not told is to be looked for after this.
  @inline(__always)
  func show(_ audience: Audience) {
    shownAudience.store(audience.bits, ordering: .relaxed)
    // Pairs with the one in `post`.
    barrier_complete_inner()
  }

  /// Whether that standing may interrupt.
  @inline(__always)
  func hears(_ standing: Int) -> Bool { Audience(bits: shownAudience.load(ordering: .relaxed)).contains(standing) }
}

/// The software-generated interrupt that says that there are requests.
let requestInterruptID: UInt16 = 0

extension Reference where Value == PhysicalCPU {
  /// Asks something of the CPU that the vCPU belongs to. On the vCPU's own CPU it happens at once.
  func send(_ request: Requests, to vcpu: Reference<VCPU>) {
    if vcpu.value.cpu == self {
      serve(request, of: vcpu)
    } else {
      post(request, to: vcpu)
    }
  }

  /// Asks something of the CPU that the vCPU belongs to, which attends to it when its turn has come; on the vCPU's own CPU too.
  func ask(_ request: Requests, of vcpu: Reference<VCPU>) {
    guard vcpu.value.cpu == self else { return post(request, to: vcpu) }
    if leave(request, with: vcpu) { call() }
  }

  /// Asks something of another CPU. All that was written before is seen there.
  @inline(never)
  @_optimize(speed)
  func post(_ request: Requests, to vcpu: Reference<VCPU>) { postAtOnce(request, to: vcpu) }

  /// The same where every instruction counts.
  @inline(__always)
  func postAtOnce(_ request: Requests, to vcpu: Reference<VCPU>) {
    let target = vcpu.value.cpu
    // Others were there before: the vCPU is marked, and its CPU has been told if it is to be told.
    guard target.leave(request, with: vcpu) else { return }
    // The interrupt may not overtake what it tells of; and pairs with the barrier in `RequestBoard.show`.
    barrier_complete_inner()
    if target.value.board.hears(vcpu.value.standing) { value.controller.send(target.value.requestInterrupt) }
  }

  /// Leaves a request with a vCPU of this CPU's and marks it. False where it was marked already.
  @inline(__always)
  func leave(_ request: Requests, with vcpu: Reference<VCPU>) -> Bool {
    let before = vcpu.value.mail.requests.bitwiseOr(request.rawValue, ordering: .acquiringAndReleasing).oldValue
    guard before == 0 else { return false }
    value.board.mark(vcpu.value.standing)
    return true
  }

  /// The interrupt of requests has come: does the first thing that was asked of it. What else there is, the next decision
  /// looks at, once for each.
  @_optimize(speed)
  func serveRequests() {
    value.requestInterruptCount &+= 1
    // Whoever stops a VM asks for the vCPU in the hardware, whatever its standing. The same interrupt may tell of a mark on the board
    // as well, of which nobody would tell again.
    if value.loaded != nil && value.loadedVCPU.value.isAskedToLeave {
      call()
      return endLoaded()
    }
    // Something may be due for a greater one, or it is to be decided first who may interrupt the one that has just come.
    if value.hasCalls || value.hasNewcomer { return call() }
    // What is done for another vCPU than the one whose time it is, the next decision does, in that one's time.
    if let standing = value.board.first(of: value.audience), value.byStanding[standing] == value.charged {
      serveRequests(ofStanding: standing)
    }
    if value.board.first(of: value.audience) != nil { call() }
  }

  /// There is something for the next decision to attend to.
  @inline(__always)
  func call() {
    value.hasCalls = true
    value.needsDecision = true
  }

  /// Does what was asked of one vCPU.
  @_optimize(speed)
  func serveRequests(ofStanding standing: Int) {
    let vcpu = value.byStanding[standing]
    // First: once its requests are taken, the vCPU may be marked again.
    value.board.unmark(standing)
    let requests = vcpu.value.mail.requests.exchange(0, ordering: .acquiringAndReleasing)
    serve(Requests(rawValue: requests), of: vcpu)
  }

  private func serve(_ requests: Requests, of vcpu: Reference<VCPU>) {
    if requests.contains(.start) { turnOn(vcpu) }
    let softwareInterrupts = requests.intersection(.allSoftwareInterrupts)
    if !softwareInterrupts.isEmpty { takeSoftwareInterrupts(softwareInterrupts, of: vcpu) }
    if requests.contains(.interrupts) { updateInterrupts(of: vcpu) }
    if requests.contains(.deadlines) {
      updateDeadline(of: vcpu)
      value.needsDecision = true
    }
  }
}
