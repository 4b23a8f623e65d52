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

  deinit { unsafe memory.deallocate() }

  /// Fills the bytes from the start; `body` returns how many.
  func fill(_ body: (UnsafeMutableRawBufferPointer) throws -> Int) rethrows -> Data {
    let count = try unsafe body(memory)
    return unsafe Data(memory[..<count])
  }

  /// The device tree in the bytes while `body` runs, which keeps them alive.
  func withDeviceTree<Result>(_ body: (DeviceTree) throws -> Result) throws -> Result {
    var arena = HeapArena()
    defer { withExtendedLifetime((self, arena)) {} }
    return try body(try unsafe DeviceTree(unsafeBytes: UnsafeRawBufferPointer(memory), in: &arena))
  }
}
