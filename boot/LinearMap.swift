internal import Architecture

/// All physical memory and device registers that the hypervisor touches lie at their physical address plus 2⁴⁷; entry
/// code mapped the image's own block so, `HypervisorSpace` maps the rest.
enum LinearMap {
  static let base: UInt64 = 1 << 47
}

extension PhysicalAddress {
  /// The hypervisor's virtual address of the same byte.
  @inline(__always)
  var mapped: UInt { UInt(truncatingIfNeeded: rawValue | LinearMap.base) }

  /// A pointer to the same byte.
  @inline(__always)
  var unsafePointer: UnsafeMutableRawPointer {
    unsafe UnsafeMutableRawPointer(bitPattern: mapped).unsafelyUnwrapped
  }
}
