import Architecture

/// The links of one vCPU within a queue.
struct QueueLink {
  var next: Int32 = -1
  var previous: Int32 = -1
}

/// A first-in first-out queue of vCPU numbers. Every operation takes constant time, taking one out of the middle too.
/// The links live with the policy, one for each vCPU, and a vCPU is in one queue at most.
struct ReadyQueue {
  /// The number at the front, or -1.
  private(set) var head: Int32 = -1
  private var tail: Int32 = -1

  init() {}

  var isEmpty: Bool { head < 0 }

  /// Puts `vcpu` at the back.
  mutating func append(_ vcpu: Int, _ links: Storage<QueueLink>) {
    let number = Int32(truncatingIfNeeded: vcpu)
    links[vcpu] = QueueLink(next: -1, previous: tail)
    if tail >= 0 { links[Int(tail)].next = number } else { head = number }
    tail = number
  }

  /// Puts `vcpu` at the front.
  mutating func prepend(_ vcpu: Int, _ links: Storage<QueueLink>) {
    let number = Int32(truncatingIfNeeded: vcpu)
    links[vcpu] = QueueLink(next: head, previous: -1)
    if head >= 0 { links[Int(head)].previous = number } else { tail = number }
    head = number
  }

  /// Takes out `vcpu`, which is in this queue.
  mutating func remove(_ vcpu: Int, _ links: Storage<QueueLink>) {
    let link = links[vcpu]
    if link.previous >= 0 { links[Int(link.previous)].next = link.next } else { head = link.next }
    if link.next >= 0 { links[Int(link.next)].previous = link.previous } else { tail = link.previous }
  }

  /// Takes out the vCPU at the front, or nil where there is none.
  mutating func popFirst(_ links: Storage<QueueLink>) -> Int? {
    guard head >= 0 else { return nil }
    let vcpu = Int(head)
    remove(vcpu, links)
    return vcpu
  }
}
