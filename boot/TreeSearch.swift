internal import Architecture
internal import ArmCommon
internal import Backend
internal import DeviceTree
internal import Drivers
internal import Kernel

// The tree that the loader gave us, wherever that is; and what is done without one.

/// Why there is no tree.
enum TreeFailure: Error {
  /// The loader gave no address.
  case none
  /// There is no memory, or none that we reach, or no tree in it.
  case notThere
  /// It lies where the image itself lies, which may have written over it.
  case inImage
  /// It is not at a multiple of eight bytes, and too large to be copied to one.
  case tooLarge
  /// What the checks of trees found.
  case damaged(DeviceTreeError.Kind)
}

/// Finds the tree. Where it does not lie at a multiple of eight bytes it is copied. It stays writable: the seeds in it are wiped,
/// and a spin table may lie in the same page.
func findTree(
  at address: PhysicalAddress, _ space: inout HypervisorSpace, _ arena: inout Arena
) throws(TreeFailure) -> DeviceTree {
  guard address.rawValue != 0 else { throw .none }
  guard !space.ownRange.overlaps(AddressRange(start: address, size: 40)) else { throw .inImage }
  let size = try treeSize(at: address, &space, &arena)
  let range = AddressRange(start: address, size: UInt64(size))
  guard !space.ownRange.overlaps(range) else { throw .inImage }
  guard var start = unsafe mapConstants(range, true, &space, &arena) else { throw .notThere }
  if !address.isAligned(to: 8) {
    guard let copy = try? arena.take(UInt64(size), alignment: 8) else { throw .tooLarge }
    unsafe copy.unsafePointer.copyMemory(from: start, byteCount: size)
    unsafe start = UnsafeRawPointer(copy.unsafePointer)
  }
  do throws(DeviceTreeError) {
    return try unsafe DeviceTree(unsafeBytes: UnsafeRawBufferPointer(start: start, count: size), in: &arena)
  } catch { throw .damaged(error.kind) }
}

/// How long the tree says that it is, in bytes. Nobody knows yet whether there is memory at all.
private func treeSize(
  at address: PhysicalAddress, _ space: inout HypervisorSpace, _ arena: inout Arena
) throws(TreeFailure) -> Int {
  guard unsafe mapConstants(AddressRange(start: address, size: 40), true, &space, &arena) != nil else {
    throw .notThere
  }
  guard Processor.dareLoad(address.alignedDown(to: 4).mapped) != .max else { throw .notThere }
  let header = unsafe UnsafeRawPointer(address.unsafePointer)
  let magic = UInt32(bigEndian: unsafe header.loadUnaligned(as: UInt32.self))
  let size = UInt32(bigEndian: unsafe header.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
  // The boot protocol allows 2 MiB (Documentation/arch/arm64/booting.rst).
  guard magic == 0xd00d_feed, size >= 40, size <= 2 << 20 else { throw .notThere }
  return Int(size)
}

/// Says what is wrong on each UART that can be known without a tree, and is silent where there is none.
func complain(
  _ failure: TreeFailure, at address: PhysicalAddress, level: UInt, _ space: inout HypervisorSpace, _ arena: inout Arena
) {
  // What answers there to no load must not end us, for which vectors are needed.
  guard level == 2 else { return }
  for index in PL011Port.knownPlaces.indices {
    let registers = AddressRange(start: PhysicalAddress(PL011Port.knownPlaces[index]), size: 0x1000)
    guard let base = try? space.mapDevice(registers, in: &arena) else { continue }
    guard PL011Port.isThere(by: { Processor.dareLoad(base + $0) }) else { continue }
    let port = ConsolePort.pl011(PL011Port(base: base))
    port.initialize()
    var log = BootLog(port)
    log.begin()
    log.write("no device tree")
    if address.rawValue != 0 {
      log.write(" at ")
      log.write(hexadecimal: address.rawValue)
    }
    switch failure {
    case .none, .notThere: break
    case .inImage: log.write(": the image itself is there, in its 2 MiB")
    case .tooLarge: log.write(": not at a multiple of 8 bytes, and too large to be moved there")
    case .damaged(let kind):
      log.write(": ")
      kind.write(to: &log)
    }
    log.write("; the loader has to give its address in register ")
    log.write(Processor.treeRegister)
    log.end()
    log.line("stopped")
  }
}
