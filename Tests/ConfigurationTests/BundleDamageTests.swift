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
        memorySize: 0x500_0000, priorities: [1, 2], reservations: [reservation, reservation],
        initrd: (0x4400_0000, 0x4400_0003), devices: ["/pl061@9030000"],
        images: [.init(address: 0x4020_0000, data: [1, 2, 3, 4]), .init(address: 0x4400_0000, data: [1, 2, 3, 4])]),
      .init(
        name: "b", memorySize: 0x20_0000, vcpus: [1], entry: 0, initrd: nil, firmwareSize: 4096,
        images: [.init(address: 0, data: [1, 2, 3, 4])]),
    ]
    let sample = try system.makeBundle()
    let machine = try MachineDescription(HostDevices.machine.makeTree())
    let buffer = unsafe makeBuffer(byteCount: sample.count)
    let guestTree = unsafe makeBuffer(byteCount: 1 << 16)
    var generator = SplitMix(state: 0x6275_6e64)
    var (refusedCount, soundCount, wrongCount) = (0, 0, 0)
    for round in 0..<10_000 {
      unsafe buffer.copyBytes(from: sample)
      // The first one is as it was.
      for _ in 0..<(round == 0 ? 0 : 1 + generator.next() % 3) {
        let place = Int(generator.next() % UInt64(sample.count))
        unsafe buffer[place] = UInt8(truncatingIfNeeded: generator.next())
      }
      guard let tree = try? unsafe DeviceTree(unsafeBytes: UnsafeRawBufferPointer(buffer)) else {
        refusedCount += 1
        continue
      }
      let system = SystemDescription(tree)
      var isSound = true
      system.validate(on: machine) { problem in
        var transcript = Transcript()
        problem.write(to: &transcript)
        if transcript.bytes.isEmpty { Issue.record("round \(round): a problem without words") }
        if !problem.isWarning { isSound = false }
      }
      var storage = HeapStorage()
      var plan = try MemoryPlan(machine, excluding: Span(), in: &storage)
      _ = try plan.place(system, in: &storage) { problem in if !problem.isWarning { isSound = false } }
      if round == 0 { #expect(isSound) }
      if isSound { soundCount += 1 } else { wrongCount += 1 }
      for vm in system.vms {
        let size = try? unsafe GuestDeviceTree.write(vm, gic: .v2, cpu: "arm,armv8", unsafeInto: guestTree).byteCount
        if let size {
          #expect(size <= GuestDeviceTree.sizeBound(for: vm), "round \(round)")
        } else if isSound {
          Issue.record("round \(round): sound, and there is no tree for VM \(vm.index)")
        }
        if isSound, let problem = Self.problem(of: vm) { Issue.record("round \(round): sound, and \(problem)") }
      }
    }
    // Every verdict is there: in the header and the structure most changes are seen, in the values few make no sense.
    let counts = (refusedCount, soundCount, wrongCount)
    #expect(refusedCount > 100 && soundCount > 100 && wrongCount > 100, "\(counts)")
  }

  /// What no VM of a sound system is.
  private static func problem(of vm: VMDescription) -> String? {
    let places = [vm.memory, vm.firmware]
    func holds(_ range: AddressRange<GuestPhysicalAddress>) -> Bool { places.contains { $0.contains(range) } }
    if vm.memory.isEmpty || vm.vcpuCount == 0 || vm.name.isEmpty || vm.instructionSet == nil { return "nothing to run" }
    if !holds(AddressRange(start: vm.entry, size: 4)) || !vm.entry.isAligned(to: 4) { return "no entry" }
    let images = Array(vm.images)
    if !images.allSatisfy({ holds($0.range) }) { return "an image outside" }
    for (index, image) in images.enumerated() {
      if images[..<index].contains(where: { $0.range.overlaps(image.range) }) { return "images over one another" }
    }
    return (0..<vm.vcpuCount).contains { (vm.physicalCPU(vcpu: $0) ?? 4) >= 4 } ? "a vCPU on no CPU" : nil
  }
}
