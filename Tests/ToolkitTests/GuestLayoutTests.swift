import Foundation
import Testing
import Toolkit

@Suite("A guest's memory")
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

  @Test("has the device tree at the start of RAM for a program that leaves room there")
  func programAbove() {
    let layout = GuestLayout(
      program: [Placement(address: 0x4020_0000, data: Data(count: 8))], entry: 0x4020_0000, initialRAMDisk: nil)
    #expect(layout.deviceTree == 0x4000_0000)
    #expect(layout.end == 0x4020_0008)
  }

  @Test("has the device tree behind a program that begins where RAM begins")
  func programAtStart() {
    let layout = GuestLayout(
      program: [Placement(address: 0x4000_0000, data: Data(count: 8), size: 0x20_0001)], entry: 0x4000_0000,
      initialRAMDisk: nil)
    #expect(layout.deviceTree == 0x4040_0000)
    #expect(layout.end == 0x4060_0000)
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
