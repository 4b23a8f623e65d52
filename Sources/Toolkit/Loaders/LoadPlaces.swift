internal import Architecture
internal import Configuration
internal import DeviceTree
internal import Foundation

/// Where a loader puts what it loads: computed from the memory that a board's tree describes and does not reserve.
public struct LoadPlaces: Equatable, Sendable {
  /// The hypervisor's image, at a multiple of 2 MiB.
  public var image: UInt64
  /// The device tree, in 1 MiB: loaders add to it.
  public var tree: UInt64
  /// The bundle.
  public var bundle: UInt64
  /// The file that has all three in it, before it is taken apart.
  public var whole: UInt64
  /// The first address that nothing is put at.
  public var end: UInt64

  private static let unit: UInt64 = 2 << 20
  /// QEMU and others leave the tree that they make at the start of memory, and firmware may be there too.
  private static let margin: UInt64 = 2 << 20
  /// U-Boot moves itself to the end of memory, with its stack and heap below.
  private static let loaderRoom: UInt64 = 32 << 20

  /// Places from an address on, for a bundle of that size.
  public init(from start: UInt64, bundleSize: Int) {
    let size = Self.rounded(UInt64(bundleSize))
    image = Self.rounded(start)
    tree = image + 2 * Self.unit
    bundle = tree + Self.unit
    whole = bundle + size + Self.unit
    end = whole + size + 4 * Self.unit
  }

  private static func rounded(_ address: UInt64) -> UInt64 { address.saturating(plus: unit - 1) & ~(unit - 1) }

  /// Places in the first free piece of memory that is big enough.
  /// - Throws: `Failure` where there is none, or the tree does not say where memory is.
  init(for bundleSize: Int, inMemoryOf tree: Data, of owner: String) throws(Failure) {
    let found: Found? = try AlignedBytes(tree).withDeviceTree(of: owner) { tree throws(Failure) in
      do throws(MachineProblem) { return Self.find(bundleSize, in: try MachineDescription(tree)) } catch {
        throw Failure("TVisor does not run on this \(owner): \(error.text)")
      }
    }
    guard let found else {
      throw Failure(
        "\(owner) has no free piece of memory for the image, the tree and twice the bundle; give its VMs smaller images"
      )
    }
    self = found.places
  }

  private struct Found: Detached { var places: LoadPlaces }

  private static func find(_ bundleSize: Int, in machine: MachineDescription) -> Found? {
    var found: Found?
    machine.forEachFreeRange(alignedTo: unit, excluding: Span()) { range in
      let places = LoadPlaces(from: range.start.rawValue.saturating(plus: margin), bundleSize: bundleSize)
      if found == nil, places.end.saturating(plus: loaderRoom) <= range.end.rawValue { found = Found(places: places) }
    }
    return found
  }
}
