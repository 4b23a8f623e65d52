import Architecture
import Configuration
import DeviceTree
import TestSupport
import Testing

@Suite("The bundle", .timeLimited)
struct BundleTests {
  @Test("what is written is read again")
  func roundTrip() throws {
    var system = SampleSystem()
    let window = CPUDescription.Window(vm: 1, vcpu: 0, startNanoseconds: 0, lengthNanoseconds: 4_000_000)
    let late = CPUDescription.Window(vm: 0, vcpu: 1, startNanoseconds: 1 << 33, lengthNanoseconds: 1)
    system.cpus = [
      .init(index: 0, slice: 1_000_000), .init(index: 3),
      .init(index: 1, policy: "cyclic", overhead: 0, frame: 10_000_000, windows: [window, late]),
    ]
    system.vms = [
      SampleSystem.VM(
        vcpus: [0, 1], priorities: [7, 0],
        reservations: [
          TimeReservation(budgetNanoseconds: 0, periodNanoseconds: 0),
          TimeReservation(budgetNanoseconds: 200_000, periodNanoseconds: 1_000_000, deadlineNanoseconds: 500_000),
        ], onReset: .stop),
      SampleSystem.VM(
        name: "metronome", memorySize: 0x40_0000, vcpus: [3], entry: 0, deviceTree: nil, initrd: nil,
        bootArguments: nil, firmwareSize: 0x2000, devices: ["/pl061@9030000", "/flash@0"], interrupts: [40, 41],
        images: [.init(address: 0, data: [1, 2, 3])]),
    ]
    let read = try system.make()
    #expect(read.hasKnownFormat)
    #expect(read.vmCount == 2)
    #expect(read.cpu(0)?.sliceNanoseconds == 1_000_000)
    #expect(read.cpu(3)?.sliceNanoseconds == nil)
    #expect(read.cpu(3)?.policyName == "round-robin")
    #expect(read.cpu(3)?.overheadNanoseconds == nil)
    #expect((read.cpu(3)?.frameNanoseconds, read.cpu(3)?.windowCount) == (nil, 0))
    #expect(read.cpu(2) == nil)
    let table = try #require(read.cpu(1))
    #expect(table.policyName == "cyclic")
    #expect((table.overheadNanoseconds, table.frameNanoseconds, table.windowCount) == (0, 10_000_000, 2))
    #expect((-1..<3).map(table.window) == [nil, window, late, nil])

    let linux = try #require(read.vm(0))
    #expect(linux.name.string == "linux")
    #expect(linux.isa.string == "aarch64")
    #expect(linux.memory == guestRegion(0x4000_0000, 0x1000_0000))
    #expect((0..<3).map(linux.physicalCPU(vcpu:)) == [0, 1, nil])
    #expect((-1..<3).map(linux.priority(vcpu:)) == [nil, 7, 0, nil])
    #expect(linux.reservation(vcpu: 0) == nil)
    #expect(
      linux.reservation(vcpu: 1)
        == TimeReservation(budgetNanoseconds: 200_000, periodNanoseconds: 1_000_000, deadlineNanoseconds: 500_000))
    #expect(linux.reservation(vcpu: 2) == nil)
    #expect(linux.entry == GuestPhysicalAddress(0x4020_0000))
    #expect(linux.deviceTree == GuestPhysicalAddress(0x4000_0000))
    #expect(linux.initialRAMDisk == guestRegion(0x4400_0000, 0xfff))
    #expect(linux.bootArguments?.string == "console=ttyAMA0")
    #expect(linux.onReset == .stop)
    #expect(linux.firmware.isEmpty)
    #expect(linux.devices == nil)
    #expect(linux.images.map(\.range) == [guestRegion(0x4020_0000, 0x1000), guestRegion(0x4400_0000, 0x1000)])

    let metronome = try #require(read.vm(1))
    #expect(metronome.vcpuCount == 1)
    #expect(metronome.priority(vcpu: 0) == nil)
    #expect(metronome.reservation(vcpu: 0) == nil)
    #expect(metronome.deviceTree == nil)
    #expect(metronome.initialRAMDisk == nil)
    #expect(metronome.bootArguments == nil)
    #expect(metronome.onReset == .restart)
    #expect(metronome.firmware == guestRegion(0, 0x2000))
    #expect(metronome.devices?.map(\.string) == ["/pl061@9030000", "/flash@0"])
    #expect((0..<3).map(metronome.interrupt) == [40, 41, nil])
    let data = try #require(metronome.images.first { _ in true }?.data)
    #expect((0..<data.count).map { unsafe data.bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) } == [1, 2, 3])
    #expect(read.vm(2) == nil)
  }

  @Test("a bundle with nothing in it reads as no VMs")
  func empty() throws {
    let system = SystemDescription(try makeTree { (_) throws(DeviceTreeError) in })
    #expect(!system.hasKnownFormat)
    #expect(system.vmCount == 0)
    #expect(system.cpus.allSatisfy { _ in false })
  }

  @Test("the size bound holds for the largest of everything that has a bound")
  func sizeBound() throws {
    var system = SampleSystem()
    let windows = (0..<40).map {
      CPUDescription.Window(vm: 0, vcpu: $0, startNanoseconds: .max, lengthNanoseconds: .max)
    }
    system.cpus = (0..<64).map {
      .init(index: $0, policy: "earliest-deadline", slice: .max, overhead: .max, windows: windows)
    }
    let vm = SampleSystem.VM(
      name: String(repeating: "n", count: 31), vcpus: Array(repeating: 0, count: 123),
      priorities: Array(repeating: 9, count: 123),
      reservations: Array(repeating: TimeReservation(budgetNanoseconds: 1, periodNanoseconds: 2), count: 123),
      onReset: .restart,
      firmwareSize: 1, devices: ["/a", "/b"], interrupts: [33],
      images: (0..<40).map { .init(address: $0, data: [1]) })
    system.vms = Array(repeating: vm, count: 20)
    #expect(try system.make().vmCount == 20)
  }

  @Test("a bundle that does not fit its buffer is an error")
  func full() throws {
    let buffer = unsafe makeBuffer(byteCount: 256)
    let data = [UInt8](repeating: 0, count: 4096)
    #expect(throws: DeviceTreeError(.full)) {
      try unsafe BundleWriter.write(unsafeInto: buffer) { (bundle) throws(DeviceTreeError) in
        try bundle.vms { (bundle) throws(DeviceTreeError) in
          try bundle.vm(0) { (bundle) throws(DeviceTreeError) in
            try unsafe bundle.image(0, address: 0, data: data.span.bytes)
          }
        }
      }
    }
  }
}

/// A region of a guest's memory.
func guestRegion(_ start: UInt64, _ size: UInt64) -> AddressRange<GuestPhysicalAddress> {
  AddressRange(start: GuestPhysicalAddress(start), size: size)
}

@Suite("A bundle's digest", .timeLimited)
struct BundleDigestTests {
  @Test("says that a bundle is as it was written, wherever a word of it is changed, swapped or cut")
  func digest() throws {
    let sample = try SampleSystem().makeBundle()
    let buffer = unsafe makeBuffer(byteCount: sample.count)
    func isIntact(_ change: (UnsafeMutableRawBufferPointer) -> Void) -> Bool? {
      unsafe buffer.copyBytes(from: sample)
      unsafe change(buffer)
      guard let tree = try? unsafe DeviceTree(unsafeBytes: UnsafeRawBufferPointer(buffer)) else { return nil }
      return SystemDescription(tree).isIntact
    }
    #expect(unsafe isIntact { _ in } == true)
    var noticed = 0
    for place in 0..<sample.count {
      let said = unsafe isIntact { bytes in unsafe bytes[place] ^= 0x10 }
      // Where the structure is broken, that is found before.
      #expect(said != true, "byte \(place)")
      if said == false { noticed += 1 }
    }
    #expect(noticed > sample.count / 4)
  }

  @Test("goes with the format and the version of who made the bundle")
  func origin() throws {
    let system = try SampleSystem().make()
    #expect(system.origin.format.string == "tvisor,system-2")
    #expect(system.origin.version.string == "unknown")
  }
}
