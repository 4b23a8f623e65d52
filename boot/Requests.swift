internal import Architecture
internal import ArmRegisters
internal import Backend
internal import Drivers
internal import Synchronization

// How CPUs talk: a vCPU belongs to one CPU, and whoever wants something of it there leaves a request with the vCPU and
// puts it on that CPU's list. A vCPU is on the list at most once, so that there is always room, posting costs the same
// however much is waiting, and no CPU ever waits for another one.

/// What one CPU asks of the CPU that a vCPU belongs to.
struct Requests: OptionSet {
  let rawValue: UInt32

  /// The VM's interrupt controller has something for the vCPU.
  static let interrupts = Requests(rawValue: 1 << 0)
  /// The vCPU starts, as its `startup` says.
  static let start = Requests(rawValue: 1 << 1)
  /// The VM stops: the vCPU runs no more.
  static let halt = Requests(rawValue: 1 << 2)
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
  /// What was asked and not yet taken: `Requests`. Not zero while the vCPU is on its CPU's list.
  let requests = Atomic<UInt32>(0)
  /// The next vCPU on the list, or -1.
  let next = Atomic<Int>(-1)
  /// For each vCPU of a GICv2 the SGIs that it has asked for and that are not yet taken, a bit for each INTID.
  let softwareInterrupts: [8 of Atomic<UInt32>] = .init { _ in Atomic(0) }
}

/// The list of one CPU: vCPUs with requests, the last one first.
struct RequestList: ~Copyable {
  let first = Atomic<Int>(-1)
}

/// The software-generated interrupt that says that there are requests.
let requestInterruptID: UInt16 = 0

extension Reference where Value == PhysicalCPU {
  /// Asks something of the CPU that the vCPU belongs to. On the vCPU's own CPU it happens at once.
  func send(_ request: Requests, to number: Int) {
    if Hypervisor.shared.value.vcpus[number].cpu == value.index {
      serve(request, of: number)
    } else {
      post(request, to: number)
    }
  }

  /// Asks something of another CPU. All that was written before is seen there.
  @_optimize(speed)
  func post(_ request: Requests, to number: Int) {
    post(request, to: Hypervisor.shared.value.vcpus.reference(to: number), number)
  }

  /// The same with the vCPU at hand.
  @inline(__always)
  func post(_ request: Requests, to vcpu: Reference<VCPU>, _ number: Int) {
    let before = vcpu.value.mail.requests.bitwiseOr(request.rawValue, ordering: .acquiringAndReleasing).oldValue
    // Others were there before: the vCPU is on the list, and its CPU has been told.
    guard before == 0 else { return }
    let target = Hypervisor.shared.value.cpus.reference(to: vcpu.value.cpu)
    target.enlist(vcpu, number)
    // The interrupt may not overtake what it tells of.
    barrier_complete_inner()
    value.controller.send(target.value.requestInterrupt)
  }

  /// Puts a vCPU of this CPU's on the list of those with requests, where it is not yet.
  @inline(__always)
  func enlist(_ vcpu: Reference<VCPU>, _ number: Int) {
    var first = value.mail.first.load(ordering: .relaxed)
    while true {
      vcpu.value.mail.next.store(first, ordering: .relaxed)
      let answer = value.mail.first.compareExchange(expected: first, desired: number, ordering: .releasing)
      if answer.exchanged { return }
      first = answer.original
    }
  }

  /// Does what other CPUs have asked.
  @_optimize(speed)
  func serveRequests() {
    let hypervisor = Hypervisor.shared
    value.requestInterruptCount &+= 1
    var number = value.mail.first.exchange(-1, ordering: .acquiring)
    while number >= 0 {
      // First: once its requests are taken, the vCPU may be put on the list again.
      let next = hypervisor.value.vcpus[number].mail.next.load(ordering: .relaxed)
      let requests = hypervisor.value.vcpus[number].mail.requests.exchange(0, ordering: .acquiringAndReleasing)
      serve(Requests(rawValue: requests), of: number)
      number = next
    }
  }

  private func serve(_ requests: Requests, of number: Int) {
    if requests.contains(.halt) { return haltHere(number) }
    if requests.contains(.start) { turnOn(number) }
    let softwareInterrupts = requests.intersection(.allSoftwareInterrupts)
    if !softwareInterrupts.isEmpty { takeSoftwareInterrupts(softwareInterrupts, of: number) }
    if requests.contains(.interrupts) { updateInterrupts(of: number) }
    if requests.contains(.deadlines) {
      updateDeadline(of: number)
      value.needsDecision = true
    }
  }
}
