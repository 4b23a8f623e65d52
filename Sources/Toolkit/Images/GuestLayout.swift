public import Foundation

/// Where everything lies in a guest's memory at its first instruction.
public struct GuestLayout: Equatable, Sendable {
  /// What the images say that they are made for; nil where they say nothing.
  public var isa: SystemFile.ISA?
  /// The images, each at its address.
  public var images: [Placement]
  /// Where the boot vCPU begins.
  public var entry: UInt64
  /// Where the device tree goes.
  public var deviceTree: UInt64
  /// Where the initial RAM disk lies among the images.
  public var initialRAMDisk: Range<UInt64>?
  /// Bytes of the boot ROM at address 0, or 0 for none.
  public var firmwareSize: UInt64 = 0
  /// The first address that nothing here uses.
  public var end: UInt64
  /// True for a program that says itself where it lies, and lies where QEMU's `virt` has the device tree: one that does not take
  /// the tree's address from its first register will not find it.
  public var isInWayOfTree = false
  /// True where all of it may as well begin at another address than `memoryStart`.
  public var runsAnywhere = false

  /// Where a guest's RAM begins.
  public static let memoryStart: UInt64 = 0x4000_0000
  /// Room for the guest's device tree. Linux maps at most this much of it, and no 2 MiB boundary may lie inside.
  public static let deviceTreeRoom: UInt64 = 0x20_0000
  /// How much of address 0 on the board keeps for a boot ROM.
  public static let firmwareRoom: UInt64 = 0x0800_0000

  /// A Linux Image at its offset from RAM's start, then the RAM disk, then the device tree, as boot loaders lay them.
  public init(linux header: LinuxImage, data: Data, initialRAMDisk: Data?) {
    let kernel = Placement(
      address: Self.memoryStart.saturating(plus: header.textOffset), data: data, size: header.imageSize)
    self.init(images: [kernel], entry: kernel.address, initialRAMDisk: initialRAMDisk)
    isa = .aarch64
    runsAnywhere = true
  }

  /// A zImage where it need not move to decompress, because neither the kernel that comes out of it at RAM's start nor
  /// anything else is in its way; then the RAM disk and the device tree, where the decompressor does not write.
  public init(zImage header: ZImage, data: Data, initialRAMDisk: Data?) {
    let address = max(Self.aligned(Self.memoryStart + header.kernelSize, to: 0x20_0000), Self.memoryStart + (32 << 20))
    let kernel = Placement(address: address, data: data, size: UInt64(data.count) + header.scratchSize)
    self.init(images: [kernel], entry: address, initialRAMDisk: initialRAMDisk)
    isa = .aarch32
    runsAnywhere = true
  }

  /// Programs that say themselves where they lie (an ELF's segments, raw bytes).
  /// The device tree, which takes up to `treeSize` bytes, is where QEMU's `virt` has it, at the start of RAM, if it fits below
  /// the lowest part of the program.
  public init(program images: [Placement], entry: UInt64, initialRAMDisk: Data?, treeSize: UInt64) {
    self.init(images: images, entry: entry, initialRAMDisk: initialRAMDisk)
    let tree = Self.memoryStart..<Self.memoryStart + treeSize
    guard images.allSatisfy({ $0.address >= tree.upperBound }) else {
      isInWayOfTree = true
      return
    }
    deviceTree = tree.lowerBound
    end = self.images.map(\.end).max() ?? tree.upperBound
  }

  /// A boot ROM at address 0; it looks for the device tree at the start of RAM, as on QEMU's `virt`.
  public init(firmware: Data) {
    images = [Placement(address: 0, data: firmware)]
    entry = 0
    deviceTree = Self.memoryStart
    firmwareSize = Self.aligned(UInt64(firmware.count), to: 0x1000)
    end = Self.memoryStart + Self.deviceTreeRoom
  }

  private init(images: [Placement], entry: UInt64, initialRAMDisk data: Data?) {
    self.images = images
    self.entry = entry
    var next = Self.aligned(images.map(\.end).max() ?? Self.memoryStart, to: 0x20_0000)
    if let data {
      self.images.append(Placement(address: next, data: data))
      let diskEnd = next.saturating(plus: UInt64(data.count))
      initialRAMDisk = next..<diskEnd
      next = Self.aligned(diskEnd, to: 0x20_0000)
    }
    deviceTree = next
    end = next.saturating(plus: Self.deviceTreeRoom)
  }

  /// The next multiple, or the last one where there is none.
  private static func aligned(_ value: UInt64, to alignment: UInt64) -> UInt64 {
    value.saturating(plus: alignment - 1) & ~(alignment - 1)
  }
}
