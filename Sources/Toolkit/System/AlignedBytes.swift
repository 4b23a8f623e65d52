internal import DeviceTree
internal import Foundation

/// Bytes at an address that stays, a multiple of eight, as device trees want them.
@safe final class AlignedBytes: @unchecked Sendable {
  private let memory: UnsafeMutableRawBufferPointer

  init(count: Int) {
    unsafe memory = .allocate(byteCount: max(count, 8), alignment: 8)
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
  }

  convenience init(_ data: Data) {
    self.init(count: data.count)
    unsafe memory.copyBytes(from: data)
  }

  /// What was there is not left behind: who looks into a tree that is gone finds nothing of it, each time.
  deinit {
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 0xa5)
    unsafe memory.deallocate()
  }

  /// Fills the bytes from the start; `body` returns how many.
  func fill(_ body: (UnsafeMutableRawBufferPointer) throws -> Int) rethrows -> Data {
    let count = try unsafe body(memory)
    return unsafe Data(memory[..<count])
  }

  /// The device tree in the bytes while `body` runs, which keeps them alive; `owner` is whose tree it is, for messages.
  ///
  /// Nodes, texts and all that is made of them look into the bytes, and must not leave `body`. What it gives and what it throws
  /// is therefore `Detached` or words, and a `@Sendable` closure changes no variable outside: what would leave does not compile. (Trees
  /// that are `~Escapable` would say the same of each value, but what is thrown and what a `for` goes through cannot be that
  /// in Swift 6.3, and problems that name a node are thrown.)
  /// - Throws: what `body` throws, or `Failure` where the bytes are no tree.
  func withDeviceTree<Result: Detached>(
    of owner: String, _ body: @Sendable (DeviceTree) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var arena = HeapArena()
    defer { withExtendedLifetime((self, arena)) {} }
    let tree: DeviceTree
    do throws(DeviceTreeError) {
      tree = try unsafe DeviceTree(unsafeBytes: UnsafeRawBufferPointer(memory), in: &arena)
    } catch {
      throw Failure("\(owner): \(error.text)")
    }
    return try body(tree)
  }
}

/// What holds nothing of a device tree's bytes, so that it may outlive them.
protocol Detached {}

extension Failure: Detached {}
extension Problem: Detached {}
extension Problems: Detached {}
extension Bool: Detached {}
extension Int: Detached {}
extension String: Detached {}
extension Optional: Detached where Wrapped: Detached {}
extension Array: Detached where Element: Detached {}
extension Result: Detached where Success: Detached, Failure: Detached {}
