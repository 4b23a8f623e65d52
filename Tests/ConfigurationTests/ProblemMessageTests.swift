import Configuration
import DeviceTree
import TestSupport
import Testing

@Suite("What problems say", .timeLimited)
struct ProblemMessageTests {
  @Test("a problem says where it is, what is wrong and how to mend it")
  func examples() {
    let expected: [(SystemProblem, String)] = [
      (SystemProblem(.system, .vms, .none), "vms: there is no VM; give at least one"),
      (
        SystemProblem(.vm(1), .name, .duplicate(of: 0)),
        "vm 1, name: is given before, by number 0; give each only once"
      ),
      (
        SystemProblem(.vcpu(vm: 0, vcpu: 2), .vcpus, .noSuchCPU(7, count: 4)),
        "vm 0, vcpu 2, vcpus: there is no CPU 7; the machine has 4, counted from 0"
      ),
      (
        SystemProblem(.system, .memorySize, .exceedsMachine(needed: 514 << 20, free: 512 << 20, greatest: 2)),
        "memory: all VMs together need 514 MiB, but the machine has 512 MiB free; give them less, "
          + "first of all vm 2, which has the most"
      ),
      (
        SystemProblem(.vm(1), .memorySize, .scattered(6 << 30)),
        "vm 1, memory: the machine's free memory has holes: 6144 MiB would take more than 8 pieces of it; give the VM less"
      ),
      (
        SystemProblem(.vm(0), .memorySize, .misaligned(to: 4096)),
        "vm 0, memory: must be a multiple of 4 KiB; round it up"
      ),
      (
        SystemProblem(.cpu(index: 1), .slice, .tooSmall(limit: 10_000)),
        "cpus entry 1, slice: is too small; use at least 10 us"
      ),
      (
        SystemProblem(.window(cpu: 2, window: 1), .windows, .onAnotherCPU(3)),
        "cpus entry 2, window 1, windows: the vCPU is on CPU 3; put it on this one, or take the window out"
      ),
      (
        SystemProblem(.window(cpu: 0, window: 0), .windows, .noSuchVCPU(vm: 5, vcpu: 1)),
        "cpus entry 0, window 0, windows: there is no vCPU 1 of a VM 5; both count from 0"
      ),
      (
        SystemProblem(.vcpu(vm: 0, vcpu: 1), .reservation, .tooLarge(limit: 10_000_000_000)),
        "vm 0, vcpu 1, reserve: is too large; use at most 10 s"
      ),
      (
        SystemProblem(.image(vm: 0, image: 3), .address, .overlapsImage(1)),
        "vm 0, image 3, address: overlaps image 1 of the VM; move one of them"
      ),
      (
        SystemProblem(.device(vm: 0, device: 0), .devices, .noSuchDevice("/x")),
        "vm 0, device 0, devices: the machine's device tree has no node /x; look the path up there"
      ),
    ]
    for (problem, text) in expected {
      var transcript = Transcript()
      problem.write(to: &transcript)
      #expect(transcript.text == text)
    }
  }

  @Test("every kind has a message of its own")
  func distinct() {
    let kinds: [SystemProblem.Kind] = [
      .unknownFormat, .none, .missing, .malformed, .empty, .tooLong(limit: 1), .notPlain, .reserved, .duplicate(of: 1),
      .unknown("x"), .misaligned(to: 8), .betterAligned(to: 8), .tooSmall(limit: 1), .tooLarge(limit: 1),
      .exceedsMachine(needed: 1, free: 0, greatest: 0), .outsideMemory, .overlapsImage(1), .overlapsDeviceTree,
      .notLoaded,
      .notHosted("x"), .noSuchCPU(1, count: 1), .noSuchVCPU(vm: 1, vcpu: 1), .onAnotherCPU(1), .outOfOrder,
      .noSuchDevice("/x"), .notOffered, .disabledDevice, .usedByHypervisor(.console),
      .usedByHypervisor(.interruptController), .noRegisters, .liesInMemory,
      .foreignInterrupt, .sharedInterrupt(vm: 1), .mastersBus, .reachesAllMemory, .noRoomForDevices, .largeDevice,
      .unusedClock,
      .noIdentity(1 << 20), .scattered(1 << 20), .notWithFirmware,
    ]
    let messages = kinds.map { kind in
      var transcript = Transcript()
      SystemProblem(.vm(0), .name, kind).writeMessage(to: &transcript)
      return transcript.text
    }
    #expect(Set(messages).count == kinds.count)
    #expect(messages.allSatisfy { !$0.isEmpty })
  }
}
