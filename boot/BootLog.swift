internal import Architecture
internal import Backend
internal import Configuration
internal import DeviceTree
internal import Drivers

/// Why the hypervisor cannot start its guests.
enum BootFailure: Error {
  case machine(MachineProblem)
  case memory
  case noBundle
  case unreachableBundle
  case damagedBundle(DeviceTreeError.Kind)
  case foreignBundle(SystemDescription)
  case changedBundle
  case invalidSystem
  case noMemory(UInt64)
  case noRedistributor
  case noSuchInterrupt(UInt64)
  case cpuMissing
  case noFrequency
}

/// The console until the VMs' shared one exists: written directly, byte by byte.
struct BootLog: ByteSink, ~Copyable {
  private let port: ConsolePort?

  init(_ port: ConsolePort?) { self.port = port }

  mutating func write(_ byte: UInt8) {
    guard let port else { return }
    while port.transmitRoom == 0 {}
    port.transmit(byte)
  }

  mutating func begin() { write("[tvisor] ") }
  mutating func end() { write("\r\n") }

  mutating func line(_ text: StaticString) {
    begin()
    write(text)
    end()
  }

  mutating func line(_ text: StaticString, hexadecimal value: UInt64) {
    begin()
    write(text)
    write(hexadecimal: value)
    end()
  }

  /// Says what is wrong with the system. True where it may start all the same.
  mutating func note(_ problem: SystemProblem) -> Bool {
    begin()
    problem.write(to: &self)
    end()
    return problem.isWarning
  }

  mutating func refuseLevel(_ level: UInt) {
    begin()
    write("entered at ")
    write(Processor.levelName(level))
    write(": TVisor needs ")
    write(Processor.levelName)
    write(". Have the loader enter the image at ")
    write(Processor.levelName)
    write(" (QEMU: -M virt,virtualization=on; U-Boot and the firmware of boards: as for a Linux with KVM). Stopped.")
    end()
  }

  mutating func fail(_ failure: BootFailure) {
    begin()
    switch failure {
    case .machine(let problem):
      write("the device tree of this machine: ")
      problem.write(to: &self)
    case .memory: write("the memory that the device tree describes cannot be mapped")
    case .noBundle:
      write("no bundle: the loader has to hand over the output of 'tvisor bundle' as the initial RAM disk ")
      write("(/chosen linux,initrd-start and linux,initrd-end)")
    case .unreachableBundle: write("the initial RAM disk lies where addresses of this CPU do not reach: load it lower")
    case .damagedBundle(let kind):
      write("the initial RAM disk is no bundle (")
      kind.write(to: &self)
      write("): hand over the output of 'tvisor bundle', unchanged")
    case .foreignBundle(let system):
      write("the bundle has the format ")
      write(system.origin.format.span)
      write(", made by tvisor ")
      write(system.origin.version.span)
      write("; this is TVisor ")
      Image.writeVersion(to: &self)
      write(", which reads ")
      write(SystemDescription.format.span)
      write(": make the bundle with the tool of the same release")
    case .changedBundle:
      write("the bundle is not what 'tvisor bundle' wrote: a part of it was changed or cut on its way here; ")
      write("have the loader put it where nothing else goes")
    case .invalidSystem: write("the system in the bundle does not fit this machine, for the reasons above")
    case .noMemory(let size):
      write("no free memory for ")
      write(decimal: size >> 10)
      write(" KiB in one piece")
    case .cpuMissing:
      write("vCPUs are assigned to a CPU that does not start: assign them to others, or mend the firmware")
    case .noFrequency:
      write("neither CNTFRQ nor clock-frequency in the tree's timer says how fast the counter runs: ")
      write("have the firmware or the tree say it")
    case .noSuchInterrupt(let id):
      write("a device that a VM is given has interrupt ")
      write(decimal: id)
      write(", which the interrupt controller does not have")
    case .noRedistributor: write("no GICv3 redistributor says that it belongs to this CPU")
    }
    end()
    line("stopped")
  }
}
