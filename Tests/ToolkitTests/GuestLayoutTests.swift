import Foundation
import TestSupport
import Testing
import Toolkit

@Suite("A guest's memory", .timeLimited)
struct GuestLayoutTests {
  @Test("has a Linux kernel at its offset, then the RAM disk, then the device tree, each at 2 MiB")
  func linux() throws {
    let image = linuxImage(imageSize: 0x123_4567)
    let layout = GuestLayout(
      linux: try #require(LinuxImage(image)), data: image, initialRAMDisk: Data(count: 0x30_0001))
    #expect(layout.entry == 0x4000_0000)
    #expect(layout.images.map(\.address) == [0x4000_0000, 0x4140_0000])
    #expect(layout.initialRAMDisk == 0x4140_0000..<0x4170_0001)
    #expect(layout.deviceTree == 0x4180_0000)
    #expect(layout.end == 0x41A0_0000)
  }

  // Documentation/arch/arm/booting.rst: the zImage above 32 MiB, so that it need not move; the RAM disk and the tree where
  // the decompressor does not write.
  @Test("has a zImage above its kernel and at least at 32 MiB, then the RAM disk, then the device tree")
  func zImageLayout() throws {
    let image = zImage()
    let small = GuestLayout(zImage: try #require(ZImage(image)), data: image, initialRAMDisk: Data(count: 0x30_0001))
    #expect(small.entry == 0x4200_0000)
    #expect(small.images.map(\.address) == [0x4200_0000, 0x4220_0000])
    #expect(small.initialRAMDisk == 0x4220_0000..<0x4250_0001)
    #expect(small.deviceTree == 0x4260_0000)
    #expect(small.end == 0x4280_0000)
    let big = zImage(size: 0x200_0000)
    // 32 MiB, 1 MiB and 2 MiB with 32 KiB end in the 2 MiB block at 34 MiB.
    let layout = GuestLayout(zImage: try #require(ZImage(big)), data: big, initialRAMDisk: nil)
    #expect(layout.entry == 0x4240_0000)
  }

  private func program(at addresses: UInt64..., size: UInt64 = 8) -> GuestLayout {
    let images = addresses.map { Placement(address: $0, data: Data(count: 8), size: size) }
    return GuestLayout(program: images, entry: addresses[0], initialRAMDisk: nil, treeSize: 0x2000)
  }

  @Test(
    "has the device tree at the start of RAM for a program that leaves room there for it",
    arguments: [0x4000_2000, 0x4001_0000, 0x4008_0000, 0x4010_0000, 0x4020_0000] as [UInt64])
  func programAbove(address: UInt64) {
    let layout = program(at: address)
    #expect(layout.deviceTree == 0x4000_0000)
    #expect(layout.end == address + 8)
    #expect(!layout.isInWayOfTree)
    // The order of the parts says nothing.
    #expect(program(at: 0x4100_0000, address).deviceTree == 0x4000_0000)
  }

  @Test(
    "has the device tree behind a program that begins where it would be",
    arguments: [0x4000_0000, 0x4000_1ff8] as [UInt64])
  func programAtStart(address: UInt64) {
    let layout = program(at: address, size: 0x20_0001)
    #expect(layout.deviceTree == 0x4040_0000)
    #expect(layout.end == 0x4060_0000)
    #expect(layout.isInWayOfTree)
    #expect(program(at: 0x4100_0000, address).isInWayOfTree)
  }

  @Test("has firmware at address 0 and the device tree at the start of RAM")
  func firmware() {
    let layout = GuestLayout(firmware: Data(count: 5000))
    #expect(layout.images.map(\.address) == [0])
    #expect(layout.entry == 0)
    #expect(layout.firmwareSize == 8192)
    #expect(layout.deviceTree == 0x4000_0000)
  }
}
