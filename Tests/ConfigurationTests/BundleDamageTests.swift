import Architecture
import Configuration
import DeviceTree
import TestSupport
import Testing

@Suite("Damaged bundles", .timeLimited)
struct BundleDamageTests {
  @Test("flipped bytes never trap: a bundle is refused, has problems, or is sound")
  func damaged() throws {
    var system = SampleSystem()
    let window = CPUDescription.Window(vm: 1, vcpu: 0, startNanoseconds: 0, lengthNanoseconds: 1_000_000)
    let reservation = TimeReservation(budgetNanoseconds: 200_000, periodNanoseconds: 1_000_000)
    system.cpus = [
      .init(index: 0, slice: 1_000_000), .init(index: 1, policy: "cyclic", frame: 2_000_000, windows: [window]),
    ]
    system.vms = [
      .init(
        priorities: [1, 2], reservations: [reservation, reservation], devices: ["/pl011@9000000"], interrupts: [40],
        images: [.init(address: 0x4020_0000, data: [1])]),
      .init(name: "b", initrd: nil, firmwareSize: 4096, images: [.init(address: 0, data: [1, 2])]),
    ]
    let sample = try system.makeBundle()
    let machine = try MachineDescription(VirtMachine().makeTree())
    let buffer = unsafe makeBuffer(byteCount: sample.count)
    let guestTree = unsafe makeBuffer(byteCount: 1 << 16)
    var generator = SplitMix(state: 0x6275_6e64)
    var readCount = 0
    var problemCount = 0
    var treeCount = 0
    for _ in 0..<10_000 {
      unsafe buffer.copyBytes(from: sample)
      for _ in 0...Int(generator.next() % 3) {
        let place = Int(generator.next() % UInt64(sample.count))
        unsafe buffer[place] = UInt8(truncatingIfNeeded: generator.next())
      }
      guard let tree = try? unsafe DeviceTree(unsafeBytes: UnsafeRawBufferPointer(buffer)) else { continue }
      readCount += 1
      let system = SystemDescription(tree)
      system.validate(on: machine) { problem in
        var transcript = Transcript()
        problem.write(to: &transcript)
        problemCount += transcript.bytes.isEmpty ? 0 : 1
      }
      for vm in system.vms {
        let size = try? unsafe GuestDeviceTree.write(vm, gic: .v2, cpu: "arm,armv8", unsafeInto: guestTree).byteCount
        if let size, size <= GuestDeviceTree.sizeBound(for: vm) { treeCount += 1 }
      }
    }
    #expect(readCount > 1000)
    #expect(problemCount > readCount)
    #expect(treeCount > readCount)
  }
}
