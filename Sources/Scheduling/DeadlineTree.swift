public import Architecture

/// Deadlines of vCPUs by their standing, of which the first of any stretch of standings is found quickly: who may not interrupt
/// the one that runs is left out.
///
/// A tree of minima over all places in fixed memory. A change and a question take at most log₂(capacity) steps; what is the
/// earliest of all takes none.
public struct DeadlineTree: ~Copyable {
  /// Node 1 is the root; the children of node n are 2n and 2n + 1; the places are the leaves.
  private let nodes: Storage<Instant>
  private let leafCount: Int
  /// The earliest deadline of all, or never.
  public private(set) var earliest = Instant.never

  /// A tree for the places below `capacity`, without a deadline.
  public init<Provider: StorageProvider & ~Copyable>(capacity: Int, in provider: inout Provider) throws(OutOfMemory) {
    precondition(capacity >= 0 && capacity < 1 << 30)
    var leafCount = 1
    while leafCount < capacity { leafCount *= 2 }
    nodes = try provider.storage(of: Instant.self, count: 2 * leafCount) { _ in .never }
    self.leafCount = leafCount
  }

  /// The deadline at `place`, or never.
  public func deadline(at place: Int) -> Instant { nodes[leafCount &+ place] }

  /// Gives `place` a deadline in place of the one that it had; `never` takes it away.
  public mutating func set(_ place: Int, to deadline: Instant) {
    var node = leafCount &+ place
    var first = deadline
    nodes[node] = first
    while node > 1 {
      first = min(first, nodes[node ^ 1])
      node >>= 1
      guard nodes[node] != first else { return }
      nodes[node] = first
    }
    earliest = first
  }

  /// The earliest deadline of these places, or never.
  @inline(never)
  public func earliest(of places: Audience) -> Instant {
    if earliest == .never || places == .everybody { return earliest }
    var first = leafCount &+ min(places.first, leafCount)
    var end = leafCount &+ min(places.end, leafCount)
    var earliest = Instant.never
    while first < end {
      if first & 1 != 0 {
        earliest = min(earliest, nodes[first])
        first &+= 1
      }
      if end & 1 != 0 {
        end &-= 1
        earliest = min(earliest, nodes[end])
      }
      first >>= 1
      end >>= 1
    }
    return earliest
  }

  /// The first of these places whose deadline has come, or nil.
  @inline(never)
  public func firstDue(of places: Audience, at now: Instant) -> Int? {
    guard earliest <= now, places.first < leafCount else { return nil }
    // From each place to the largest stretch that begins with it.
    var node = leafCount &+ places.first
    while true {
      while node & 1 == 0 { node >>= 1 }
      if nodes[node] <= now { break }
      node &+= 1
      // The stretch before was the last one.
      if node & (node &- 1) == 0 { return nil }
    }
    while node < leafCount {
      node <<= 1
      if nodes[node] > now { node &+= 1 }
    }
    let place = node &- leafCount
    return place < places.end ? place : nil
  }
}
