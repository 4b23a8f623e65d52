internal import DeviceTree
internal import Foundation

/// U-Boot's flattened image tree (doc/uImage.FIT of U-Boot): a device tree with the image, the bundle and the board's tree in it, each with
/// a checksum, and where they go.
struct FlattenedImage {
  var isa: String
  var image: Data
  var bundle: Data
  var tree: Data?
  var places: LoadPlaces

  /// The file.
  /// - Throws: `Failure` where it would have 2 GiB or more.
  func bytes() throws(Failure) -> Data {
    let room = 4096 + image.count + bundle.count + (tree?.count ?? 0)
    guard room < Int(Int32.max) else {
      throw Failure("the bundle is too big for a FIT image, which has less than 2GiB")
    }
    do {
      return try unsafe AlignedBytes(count: room).fill { memory in
        var writer = try unsafe DeviceTreeWriter(unsafeBuffer: memory)
        try write(to: &writer)
        return try writer.finish()
      }
    } catch { throw Failure("cannot write the FIT image: \((error as? DeviceTreeError)?.text ?? "\(error)")") }
  }

  private func write(to writer: inout DeviceTreeWriter) throws(DeviceTreeError) {
    try writer.begin(Text("").span)
    // The epoch, so that the same files make the same one.
    try writer.property("timestamp", 0)
    try writer.property("description", "TVisor, its virtual machines and the board's device tree")
    try writer.property("#address-cells", 1)
    try writer.begin(Text("images").span)
    try write(image, as: "kernel", type: "kernel", at: places.image, to: &writer)
    // It stays in the file's memory.
    try write(bundle, as: "ramdisk", type: "ramdisk", at: nil, to: &writer)
    if let tree { try write(tree, as: "fdt", type: "flat_dt", at: places.tree, to: &writer) }
    try writer.end()
    try writer.begin(Text("configurations").span)
    try writer.property("default", "tvisor")
    try writer.begin(Text("tvisor").span)
    try writer.property("description", "TVisor")
    try writer.property("kernel", "kernel")
    try writer.property("ramdisk", "ramdisk")
    if tree != nil { try writer.property("fdt", "fdt") }
    for _ in 0..<3 { try writer.end() }
  }

  private func write(
    _ data: Data, as name: Text, type: Text, at place: UInt64?, to writer: inout DeviceTreeWriter
  ) throws(DeviceTreeError) {
    try writer.begin(name.span)
    try writer.property("description", name)
    try writer.property("type", type)
    try writer.property("arch", isa == "armv7" ? "arm" : "arm64")
    try writer.property("os", "linux")
    try writer.property("compression", "none")
    if let place {
      try Self.write(place, as: "load", to: &writer)
      if type == "kernel" { try Self.write(place, as: "entry", to: &writer) }
    }
    // A bundle that does not lie at a multiple of eight is copied at start-up, which takes memory once more. A property without a
    // value has twelve bytes, and so has what comes before the data.
    try writer.property("pad-1", bytes: Data().bytes)
    if (writer.lastValueOffset + 12) % 8 != 0 { try writer.property("pad-2", bytes: Data().bytes) }
    try writer.property("data", bytes: data.bytes)
    try writer.begin(Text("hash-1").span)
    try writer.property("algo", "crc32")
    try writer.property("value", CRC32.of(data))
    try writer.end()
    try writer.end()
  }

  /// An address, in one cell where it fits.
  private static func write(_ address: UInt64, as name: Text, to writer: inout DeviceTreeWriter) throws(DeviceTreeError)
  {
    if let short = UInt32(exactly: address) {
      try writer.property(name, short)
    } else {
      try writer.property(name, u64: address)
    }
  }
}
