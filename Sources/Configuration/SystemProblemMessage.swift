public import Architecture
public import DeviceTree

extension SystemProblem {
  /// Writes the problem with its place: "vm 0, memory: ...".
  public func write<Sink: ByteSink & ~Copyable>(to sink: inout Sink) {
    subject.write(to: &sink)
    if subject != .system { sink.write(", ") }
    sink.write(field.name.span)
    sink.write(": ")
    writeMessage(to: &sink)
  }

  /// Writes what is wrong and how to mend it, without the place.
  public func writeMessage<Sink: ByteSink & ~Copyable>(to sink: inout Sink) {
    switch kind {
    case .unknownFormat: sink.write("not a bundle of this version; make it again with the tool that came with it")
    case .none where field == .vms: sink.write("there is no VM; give at least one")
    case .none: sink.write("there is none; give at least one")
    case .missing: sink.write("missing; give it")
    case .malformed: sink.write("has no sensible form; make the bundle again")
    case .empty: sink.write("is empty; give one")
    case .tooLong(let limit): sink.write("is too long; use at most ", UInt64(limit), " bytes")
    case .notPlain: sink.write("has other characters than letters, digits, \".\", \"_\" and \"-\"; leave them out")
    case .reserved: sink.write("is the hypervisor's own name; choose another")
    case .duplicate(let other): sink.write("is given before, by number ", UInt64(other), "; give each only once")
    case .unknown(let name): writeUnknown(name, to: &sink)
    case .misaligned(let unit): sink.write("must be a multiple of ", size: unit, "; round it up")
    case .betterAligned(let unit): sink.write("is better a multiple of ", size: unit, ", so that no memory is lost")
    case .tooSmall(let limit): writeLimit("is too small; use at least ", limit, to: &sink)
    case .tooLarge(8) where field == .vcpus: sink.write("a GICv2 serves at most 8; give the VM fewer, or take a GICv3")
    case .tooLarge(let limit): writeLimit("is too large; use at most ", limit, to: &sink)
    case .exceedsMachine(let needed, let free, let greatest):
      sink.write("all VMs together need ", size: needed, ", but the machine has ")
      sink.write("", size: free, " free; give them less")
      sink.write(", first of all vm ", UInt64(greatest), ", which has the most")
    case .outsideMemory: sink.write("lies outside the VM's RAM and firmware; move it, or give the VM more memory")
    case .overlapsImage(let other): sink.write("overlaps image ", UInt64(other), " of the VM; move one of them")
    case .overlapsDeviceTree: sink.write("overlaps the VM's device tree; move one of them")
    case .notLoaded: sink.write("no image brings anything there; correct the address, or add the image")
    case .notHosted(let name):
      sink.write("the machine's CPUs run no ")
      sink.write(name.span)
      sink.write(" guests; give the VM another image, or take another machine")
    case .noSuchCPU(let cpu, let count):
      sink.write("there is no CPU ", UInt64(cpu), "; the machine has ")
      sink.write("", UInt64(count), ", counted from 0")
    case .staysOff(let cpu, let method):
      sink.write("CPU ", UInt64(cpu), " stays off: ")
      HostCPU.write(enableMethod: method, to: &sink)
      sink.write("; use the CPU that boots")
    case .noSuchVCPU(let vm, let vcpu):
      sink.write("there is no vCPU ", UInt64(vcpu), " of a VM ")
      sink.write("", UInt64(vm), "; both count from 0")
    case .onAnotherCPU(let cpu):
      sink.write("the vCPU is on CPU ", UInt64(cpu), "; put it on this one, or take the window out")
    case .outOfOrder:
      sink.write("must have budget, deadline and period in this order of length; lengthen the later ones")
    case .noSuchDevice(let path):
      sink.write("the machine's device tree has no node ")
      sink.write(path.span)
      sink.write("; look the path up there")
    case .disabledDevice: sink.write("the machine's device tree says that it is disabled; leave it out")
    case .usedByHypervisor(.console): sink.write("the hypervisor uses it itself, as the console; leave it out")
    case .usedByHypervisor(.interruptController):
      sink.write("the hypervisor uses it itself, as the interrupt controller; leave it out")
    case .noRegisters: sink.write("has no registers that a CPU could reach; only devices that have can be given")
    case .liesInMemory: sink.write("lies in memory, which is no device; leave it out")
    case .sharesPage(let device, let other, let more):
      device.writePath(to: &sink)
      sink.write(" has registers in the same 4 KiB as ")
      other.writePath(to: &sink)
      if more > 0 {
        sink.write(" and ", UInt64(more), " more; give all of them to the VM, or none")
      } else {
        sink.write("; give both to the VM, or none")
      }
    case .foreignInterrupt:
      sink.write("has an interrupt that is no shared one of the machine's GIC; it cannot be given")
    case .sharedInterrupt(let vm):
      sink.write("has an interrupt in common with a device of vm ", UInt64(vm), "; give both to one VM")
    case .mastersBus:
      sink.write("may read and write memory by itself, at the host's addresses; give the VM \"placement: identity\", ")
      sink.write("or take the risk with \"dma: at-risk\"")
    case .reachesAllMemory:
      sink.write("may be told by the VM to read and write any memory of the machine: trust what runs there")
    case .noRoomForDevices: sink.write("need more addresses or interrupts than a guest has; give the VM fewer")
    case .largeDevice: sink.write("has a larger node than fits a guest's device tree; it cannot be given")
    case .unusedClock:
      sink.write("has no clock whose frequency the machine's device tree leaves open; leave \"clock\" out")
    case .noIdentity(let size):
      sink.write("the machine has no ", size: size, " of free memory at 1 GiB or above in one piece, ")
      sink.write("and with the same addresses for guest and machine there can be no other; ")
      sink.write("give the VM less, or leave it out")
    case .scattered(let size):
      sink.write("the machine's free memory has holes: ", size: size, " would take more than ")
      sink.write("", UInt64(GuestMemory.extentLimit), " pieces of it; give the VM less")
    case .notWithFirmware: sink.write("firmware looks for RAM at a fixed place; boot a Linux kernel, or leave it out")
    case .notOffered: sink.write("a device's interrupts come with it; name the device, and leave it out")
    }
  }

  private func writeUnknown<Sink: ByteSink & ~Copyable>(_ name: Text, to sink: inout Sink) {
    sink.write("\"")
    sink.write(name.span)
    sink.write("\" is not known; use ")
    switch field {
    case .isa: sink.write("\"aarch64\" or \"aarch32\"")
    case .placement: sink.write("\"identity\"")
    case .dma: sink.write("\"at-risk\"")
    default: sink.write("\"restart\" or \"stop\"")
    }
  }

  private func writeLimit<Sink: ByteSink & ~Copyable>(_ text: StaticString, _ limit: UInt64, to sink: inout Sink) {
    switch field {
    case .slice, .overhead, .frame, .windows, .reservation: sink.write(text, nanoseconds: limit)
    case .memorySize, .firmwareSize: sink.write(text, size: limit, "")
    default: sink.write(text, limit, "")
    }
  }
}

extension SystemProblem.Subject {
  /// Writes the subject: "vm 0, image 1".
  func write<Sink: ByteSink & ~Copyable>(to sink: inout Sink) {
    switch self {
    case .system: break
    case .cpu(let index): sink.write("cpus entry ", UInt64(index), "")
    case .window(let cpu, let window):
      sink.write("cpus entry ", UInt64(cpu), ", ")
      sink.write("window ", UInt64(window), "")
    case .vm(let vm): sink.write("vm ", UInt64(vm), "")
    case .vcpu(let vm, let vcpu): Self.write("vcpu ", vcpu, of: vm, to: &sink)
    case .image(let vm, let image): Self.write("image ", image, of: vm, to: &sink)
    case .device(let vm, let device): Self.write("device ", device, of: vm, to: &sink)
    case .interrupt(let vm, let interrupt): Self.write("interrupt ", interrupt, of: vm, to: &sink)
    }
  }

  private static func write<Sink: ByteSink & ~Copyable>(
    _ part: StaticString, _ index: Int, of vm: Int, to sink: inout Sink
  ) {
    sink.write("vm ", UInt64(vm), ", ")
    sink.write(part, UInt64(index), "")
  }
}

extension SystemProblem.Field {
  /// The field's name as a person writes it in the system file, or else as the bundle has it.
  public var name: Text {
    switch self {
    case .format: "bundle"
    case .vms: "vms"
    case .cpu: "cpu"
    case .slice: "slice"
    case .overhead: "overhead"
    case .frame: "frame"
    case .windows: "windows"
    case .name: "name"
    case .isa: "isa"
    case .memorySize: "memory"
    case .firmwareSize: "firmware"
    case .vcpus: "vcpus"
    case .reservation: "reserve"
    case .priority: "priority"
    case .entry: "entry"
    case .deviceTree: "device-tree"
    case .initialRAMDisk: "initrd"
    case .bootArguments: "bootargs"
    case .onReset: "on-reset"
    case .devices: "devices"
    case .interrupts: "interrupts"
    case .placement: "placement"
    case .dma: "dma"
    case .address: "address"
    case .data: "data"
    }
  }
}

extension ByteSink where Self: ~Copyable {
  /// Writes a number between two texts.
  mutating func write(_ before: StaticString, _ number: UInt64, _ after: StaticString) {
    write(before)
    write(decimal: number)
    write(after)
  }

  /// Writes a time after a text, in the largest unit that divides it.
  fileprivate mutating func write(_ before: StaticString, nanoseconds time: UInt64) {
    if time > 0, time % 1_000_000_000 == 0 {
      write(before, time / 1_000_000_000, " s")
    } else if time > 0, time % 1_000_000 == 0 {
      write(before, time / 1_000_000, " ms")
    } else if time > 0, time % 1000 == 0 {
      write(before, time / 1000, " us")
    } else {
      write(before, time, " ns")
    }
  }

  /// Writes a number of bytes between two texts, in the largest unit that divides it.
  mutating func write(_ before: StaticString, size: UInt64, _ after: StaticString) {
    if size > 0, size % (1 << 20) == 0 {
      write(before, size >> 20, " MiB")
    } else if size > 0, size % (1 << 10) == 0 {
      write(before, size >> 10, " KiB")
    } else {
      write(before, size, " bytes")
    }
    write(after)
  }
}
