package import Architecture
internal import Backend

// All physical memory and device registers that the hypervisor touches lie in the linear map; entry code mapped the
// image's own block so, `HypervisorSpace` maps the rest.

extension PhysicalAddress {
  /// The hypervisor's virtual address of the same byte.
  @inline(__always)
  package var mapped: UInt { UInt(truncatingIfNeeded: AddressSpaceLayout.linear(rawValue)) }

  /// A pointer to the same byte.
  @inline(__always)
  package var unsafePointer: UnsafeMutableRawPointer {
    unsafe UnsafeMutableRawPointer(bitPattern: mapped).unsafelyUnwrapped
  }
}
