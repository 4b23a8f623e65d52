public import Foundation

/// A tree as its loader hands it over: with what the file leaves open.
public enum TreeFilling {
  /// A copy of the tree with these pieces of memory in place of its own; the tree as it is where there are none.
  public static func filled(_ tree: Data, with memory: [Board.MemoryBank], of owner: String) throws(Failure) -> Data {
    guard !memory.isEmpty else { return tree }
    return try AlignedBytes(tree).withDeviceTree(of: owner) { tree throws(Failure) in
      try FirmwareFilling(memory: memory).filled(tree, of: owner)
    }
  }

  /// A copy of the tree as the board's firmware would fill it, as far as that is known of boards in general: see
  /// `FirmwareFilling`.
  public static func asFirmwareFills(_ tree: Data, of owner: String) throws(Failure) -> Data {
    try AlignedBytes(tree).withDeviceTree(of: owner) { tree throws(Failure) in
      try FirmwareFilling(for: tree).filled(tree, of: owner)
    }
  }
}

extension Data: Detached {}
