import Architecture
import Configuration
import DeviceTree

/// Virt with these pieces of memory, and these among them set aside by the tree.
func machine(
  _ banks: [AddressRange<PhysicalAddress>], reserving reserved: [AddressRange<PhysicalAddress>] = []
) throws -> MachineDescription {
  let tree = try VirtMachine(changes: [
    "memory@40000000": { (node) throws(DeviceTreeError) in
      try node.property("device_type", "memory")
      var cells: [UInt32] = []
      for number in banks.flatMap({ [$0.start.rawValue, $0.size] }) {
        cells += [UInt32(number >> 32), UInt32(truncatingIfNeeded: number)]
      }
      try node.property("reg", cells: cells.span)
    },
    "reserved-memory": { (node) throws(DeviceTreeError) in
      try node.property("#address-cells", 2)
      try node.property("#size-cells", 2)
      try node.property("ranges")
      for (index, range) in reserved.enumerated() {
        try node.node("part", at: UInt64(index)) { (node) throws(DeviceTreeError) in
          try node.property("reg", numbers: [range.start.rawValue, range.size])
        }
      }
    },
  ]).makeTree()
  return try MachineDescription(tree)
}
