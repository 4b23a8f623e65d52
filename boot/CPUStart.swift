internal import Architecture
internal import ArmCommon
internal import ArmRegisters
internal import Backend
internal import Configuration
internal import DeviceTree
internal import Entry
internal import Kernel
internal import Planning
internal import Synchronization

// The other CPUs, from off to waiting for guests. They are started one after the other, so that entry code needs no more
// than one place to learn its stack and its record from.

extension SystemBuilder {
  /// Makes this CPU ready, then starts the others. A CPU that does not come is said; where a vCPU is assigned to it, the
  /// system cannot start.
  mutating func start(
    _ cpus: Storage<PhysicalCPU>, by firmware: HostFirmware?, _ log: inout BootLog
  ) throws(BootFailure) {
    cpus.reference(to: machine.bootCPU).prepare()
    cpus[machine.bootCPU].isUp = true
    log.report(cpus.reference(to: machine.bootCPU), besides: nil)
    let frequency = read_counter_frequency()
    for host in machine.cpus where host.index != machine.bootCPU {
      let cpu = cpus.reference(to: host.index)
      guard let failure = try start(host, cpu, by: firmware) else {
        cpu.value.isUp = true
        log.report(cpu, besides: cpus.reference(to: machine.bootCPU))
        // Guests may read it where the tree has none.
        if cpu.value.counterFrequency != frequency {
          log.report(cpu.value.counterFrequency, of: host, besides: frequency)
        }
        continue
      }
      log.report(failure, of: host)
      if cpu.value.assigned.count > 0 { throw .cpuMissing }
    }
    cpus[consoleCPU(cpus)].console.isHere = true
    log.begin()
    log.write(decimal: UInt64(Hypervisor.shared.value.upCount.load(ordering: .relaxed)))
    log.write(" of ")
    log.write(decimal: UInt64(cpus.count))
    log.write(" CPUs are up")
    log.end()
  }

  /// Who does the console's work. Where all peripherals' interrupts go to one core, that is the one that boots.
  private func consoleCPU(_ cpus: Storage<PhysicalCPU>) -> Int {
    if case .bcm2836 = machine.interruptController { return machine.bootCPU }
    return ConsolePlace.cpu(of: system, cpuCount: cpus.count) { cpus[$0].isUp }
  }

  /// Starts a CPU and waits until it is up, for a second at the most; nil where it comes.
  private mutating func start(
    _ host: HostCPU, _ cpu: Reference<PhysicalCPU>, by firmware: HostFirmware?
  ) throws(BootFailure) -> StartFailure? {
    let hypervisor = Hypervisor.shared
    // What the interrupt controller does not know is not there.
    guard try controller(cpu.value.controller, for: host.affinity) != nil else { return .noInterface }
    let stack = try mapStack(host.index)
    // Read by the CPU with its MMU on; only its first instructions run without.
    set_secondary_start(stack, cpu.address, UInt(truncatingIfNeeded: host.affinity))
    // Whoever comes later than that waits for ever, and takes nobody else's stack.
    defer { set_secondary_start(0, 0, .max) }
    barrier_complete()
    let before = hypervisor.value.upCount.load(ordering: .relaxed)
    let entry = space.imageBlock.start.advanced(by: Image.offset(of: address_of_secondary_entry()))
    switch host.start {
    case .firmware:
      guard let firmware else { return .noFirmware }
      let status = firmware.turnOn(host.affinity, at: entry)
      if status != 0 { return .refused(status) }
    case .spinTable(let release):
      try releaseSpinning(release, to: entry)
    case .mailbox(let set):
      try fillMailbox(set, with: entry)
    case .unknown: return .unknownMethod
    }
    let deadline = Instant.now.advanced(by: hypervisor.value.ticksPerSecond)
    while hypervisor.value.upCount.load(ordering: .acquiring) == before {
      if cpu.value.isUnlike { return .unlike }
      if Instant.now >= deadline { return .tooLate }
      spin_hint()
    }
    return nil
  }

  /// The stack of another CPU than the first, with what lies below it unmapped; gives its end.
  private mutating func mapStack(_ index: Int) throws(BootFailure) -> UInt {
    let pages = try taking { (arena) throws(OutOfMemory) in
      try arena.take(StackLayout.stackSize + StackLayout.emergencySize, alignment: 4096)
    }
    do throws(MappingError) {
      return try space.mapStack(index, to: pages, in: &arena)
    } catch { throw .memory }
  }

  /// Writes the entry point where a CPU looks for one (the `spin-table` of the Linux arm64 boot protocol).
  private mutating func releaseSpinning(_ release: PhysicalAddress, to entry: PhysicalAddress) throws(BootFailure) {
    do throws(MappingError) {
      let address = try space.mapDevice(AddressRange(start: release, size: 8), in: &arena)
      device_store64(address, entry.rawValue)
      // Where the page was mapped as memory before, the write is still in our cache.
      Processor.cleanAndInvalidateDataLine(at: address)
    } catch { throw .memory }
    barrier_complete()
    Processor.signalEvent()
  }

  /// Writes the entry point to the register that fills the mailbox which a CPU polls, awake or waiting for an event.
  private mutating func fillMailbox(_ set: PhysicalAddress, with entry: PhysicalAddress) throws(BootFailure) {
    do throws(MappingError) {
      device_store32(
        try space.mapDevice(AddressRange(start: set, size: 4), in: &arena), UInt32(truncatingIfNeeded: entry.rawValue))
    } catch { throw .memory }
    barrier_complete()
    Processor.signalEvent()
  }
}

/// Why a CPU did not start.
private enum StartFailure {
  /// The interrupt controller has no part for it.
  case noInterface
  /// It would be started by firmware, and none answers.
  case noFirmware
  /// The firmware does not start it: PSCI's error.
  case refused(Int32)
  /// The tree says no way, or one that TVisor does not know.
  case unknownMethod
  /// It was started, and never came.
  case tooLate
  /// It came, and cannot do what the first one can.
  case unlike
}

extension BootLog {
  fileprivate mutating func report(_ failure: StartFailure, of host: HostCPU) {
    begin()
    write("CPU ")
    write(decimal: UInt64(host.index))
    write(" did not start: ")
    switch failure {
    case .noInterface: write("the interrupt controller has nothing for it")
    case .noFirmware: write("no firmware answers")
    case .refused(let status):
      write("the firmware refuses, with -")
      write(decimal: UInt64(status.magnitude))
    case .unknownMethod: HostCPU.write(enableMethod: host.enableMethod, to: &self)
    case .tooLate: write("it did not come within a second")
    case .unlike:
      write(
        "it has another size of physical addresses than the first one, or runs other guests; boot on one of its kind")
    }
    end()
  }

  /// Says which core a CPU is, and what of its errata is seen to, unless `first` is the same; and what firmware has left behind on it.
  fileprivate mutating func report(_ cpu: Reference<PhysicalCPU>, besides first: Reference<PhysicalCPU>?) {
    if first.map({ $0.value.core != cpu.value.core }) ?? true {
      begin(cpu)
      cpu.value.core.writeName(to: &self)
      if cpu.value.core.part != nil {
        write("; ")
        cpu.value.core.writeErrata(to: &self)
      }
      end()
    }
    // DminLine and IminLine, bits 19:16 and 3:0: who cleans by lines goes by his own CPU's.
    if let first, (first.value.cacheType ^ cpu.value.cacheType) & 0xf_000f != 0 {
      begin(cpu)
      write("its cache lines are not as long as the first CPU's: a VM needs all of its vCPUs on one kind of CPU")
      end()
    }
    if cpu.value.formerSystemError != 0 {
      begin(cpu)
      write("a system error from before was dropped, with syndrome ")
      write(hexadecimal: cpu.value.formerSystemError)
      end()
    }
  }

  private mutating func begin(_ cpu: Reference<PhysicalCPU>) {
    begin()
    write("CPU ")
    write(decimal: UInt64(cpu.value.index))
    write(": ")
  }

  fileprivate mutating func report(_ frequency: UInt64, of host: HostCPU, besides first: UInt64) {
    begin()
    write("CPU ")
    write(decimal: UInt64(host.index))
    write(": CNTFRQ says ")
    write(decimal: frequency)
    write(" Hz, and on the first CPU ")
    write(decimal: first)
    end()
  }
}

/// Another CPU than the first, on its own stack, with its MMU and caches on.
@c(tvisor_secondary_main)
func secondaryMain(_ record: UInt) {
  let cpu = unsafe Reference(unsafePointer: UnsafeMutablePointer<PhysicalCPU>(bitPattern: record).unsafelyUnwrapped)
  let hypervisor = Hypervisor.shared
  // What was built for the first one must do for this one: stage 2, and whose guests were found to fit.
  guard Stage2Parameters.ofThisCPU().control == hypervisor.value.stage2Control,
    Processor.hostedInstructionSets == hypervisor.value.hostedInstructionSets
  else {
    cpu.value.isUnlike = true
    barrier_complete()
    while true { wait_for_interrupt() }
  }
  cpu.prepare()
  cpu.value.counterFrequency = read_counter_frequency()
  _ = hypervisor.value.upCount.add(1, ordering: .acquiringAndReleasing)
  while !hypervisor.value.isOpen.load(ordering: .acquiring) { spin_hint() }
  Processor.invalidateOwnTranslations()
  cpu.run()
}
