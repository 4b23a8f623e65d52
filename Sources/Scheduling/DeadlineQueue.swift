public import Architecture

/// Deadlines of numbered slots, the earliest in front: a binary heap in fixed memory that knows where each slot is.
/// Every change takes at most log₂(capacity) steps, and looking at the front takes none.
public struct DeadlineQueue: ~Copyable {
  private struct Node {
    var deadline = Instant.never
    var slot: Int32 = -1
  }

  /// The heap: no node is earlier than its parent, at half its index.
  private let nodes: Storage<Node>
  /// Where each slot's node is, or -1.
  private let positions: Storage<Int32>
  /// How many slots have a deadline.
  public private(set) var count = 0

  /// A queue for the slots below `capacity`.
  public init<Provider: StorageProvider & ~Copyable>(capacity: Int, in provider: inout Provider) throws(OutOfMemory) {
    precondition(capacity >= 0 && capacity < 1 << 30)
    let nodes = try provider.storage(of: Node.self, count: capacity) { _ in Node() }
    let positions = try provider.storage(of: Int32.self, count: capacity) { _ in -1 }
    self.nodes = nodes
    self.positions = positions
  }

  /// No slot has a deadline.
  public var isEmpty: Bool { count == 0 }

  /// The slot with the earliest deadline, or nil.
  public var first: Int? { count == 0 ? nil : Int(nodes[0].slot) }

  /// The earliest deadline, or never.
  public var earliest: Instant { count == 0 ? .never : nodes[0].deadline }

  /// Whether `slot` has a deadline.
  public func contains(_ slot: Int) -> Bool { positions[slot] >= 0 }

  /// The deadline of `slot`, or nil.
  public func deadline(of slot: Int) -> Instant? {
    let position = positions[slot]
    return position < 0 ? nil : nodes[Int(position)].deadline
  }

  /// Gives `slot` a deadline, in place of the one that it had.
  public mutating func set(_ slot: Int, to deadline: Instant) {
    var position = Int(positions[slot])
    if position < 0 {
      position = count
      count += 1
    }
    let node = Node(deadline: deadline, slot: Int32(truncatingIfNeeded: slot))
    if position > 0 && deadline < nodes[(position - 1) / 2].deadline {
      rise(node, from: position)
    } else {
      sink(node, from: position)
    }
  }

  /// Takes out `slot`. No effect where it has no deadline.
  public mutating func remove(_ slot: Int) {
    let position = Int(positions[slot])
    guard position >= 0 else { return }
    positions[slot] = -1
    count -= 1
    guard position < count else { return }
    // The last node fills the hole.
    let node = nodes[count]
    if position > 0 && node.deadline < nodes[(position - 1) / 2].deadline {
      rise(node, from: position)
    } else {
      sink(node, from: position)
    }
  }

  private func rise(_ node: Node, from start: Int) {
    var position = start
    while position > 0 {
      let parent = (position - 1) / 2
      guard node.deadline < nodes[parent].deadline else { break }
      place(nodes[parent], at: position)
      position = parent
    }
    place(node, at: position)
  }

  private func sink(_ node: Node, from start: Int) {
    var position = start
    while true {
      var child = 2 * position + 1
      guard child < count else { break }
      if child + 1 < count && nodes[child + 1].deadline < nodes[child].deadline { child += 1 }
      guard nodes[child].deadline < node.deadline else { break }
      place(nodes[child], at: position)
      position = child
    }
    place(node, at: position)
  }

  private func place(_ node: Node, at position: Int) {
    nodes[position] = node
    positions[Int(node.slot)] = Int32(truncatingIfNeeded: position)
  }
}
