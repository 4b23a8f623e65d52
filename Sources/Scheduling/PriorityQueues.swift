internal import Architecture

/// One first-in first-out queue for each of 256 priorities. Every operation takes constant time, finding the most urgent
/// too.
struct PriorityQueues: ~Copyable {
  private let levels: Storage<ReadyQueue>
  private let links: Storage<QueueLink>
  /// One bit for each priority whose queue holds somebody.
  private let occupied: Storage<UInt64>

  init<Provider: StorageProvider & ~Copyable>(capacity: Int, in provider: inout Provider) throws(OutOfMemory) {
    let levels = try provider.storage(of: ReadyQueue.self, count: 256) { _ in ReadyQueue() }
    let links = try provider.storage(of: QueueLink.self, count: capacity) { _ in QueueLink() }
    let occupied = try provider.storage(of: UInt64.self, count: 4) { _ in 0 }
    self.levels = levels
    self.occupied = occupied
    self.links = links
  }

  /// The most urgent priority that somebody waits at, or -1.
  var highest: Int {
    for word in stride(from: 3, through: 0, by: -1) where occupied[word] != 0 {
      return word &* 64 &+ 63 &- occupied[word].leadingZeroBitCount
    }
    return -1
  }

  func isEmpty(_ priority: Int) -> Bool { levels[priority].isEmpty }

  mutating func append(_ vcpu: Int, at priority: Int) {
    levels[priority].append(vcpu, links)
    mark(priority)
  }

  mutating func prepend(_ vcpu: Int, at priority: Int) {
    levels[priority].prepend(vcpu, links)
    mark(priority)
  }

  mutating func remove(_ vcpu: Int, at priority: Int) {
    levels[priority].remove(vcpu, links)
    unmarkIfEmpty(priority)
  }

  mutating func popFirst(at priority: Int) -> Int? {
    let vcpu = levels[priority].popFirst(links)
    unmarkIfEmpty(priority)
    return vcpu
  }

  private mutating func mark(_ priority: Int) { occupied[priority >> 6] |= 1 << UInt64(priority & 63) }

  private mutating func unmarkIfEmpty(_ priority: Int) {
    if levels[priority].isEmpty { occupied[priority >> 6] &= ~(1 << UInt64(priority & 63)) }
  }
}
