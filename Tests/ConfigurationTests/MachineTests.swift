import Architecture
import Configuration
import DeviceTree
import TestSupport
import Testing

@Suite("The machine as its tree describes it", .timeLimited)
struct MachineTests {
  @Test("virt with a GICv2 is understood", arguments: [1, 4])
  func gicv2(cpuCount: Int) throws {
    let machine = try MachineDescription(VirtMachine(gic: .v2, cpuCount: cpuCount).makeTree())
    guard case .gicv2(let gic) = machine.interruptController else { throw Unexpected() }
    #expect(machine.interruptController.version == .v2)
    #expect(gic.distributor == region(0x800_0000, 0x1_0000))
    #expect(gic.cpuInterface == region(0x801_0000, 0x1_0000))
    #expect(gic.hypervisorInterface == region(0x803_0000, 0x1_0000))
    #expect(gic.virtualInterface == region(0x804_0000, 0x1_0000))
    #expect(gic.maintenanceInterrupt.identifier == 25)
    #expect(machine.cpuCount == cpuCount)
    #expect(machine.cpus.map(\.affinity) == (0..<cpuCount).map(UInt64.init))
    #expect(machine.cpus.allSatisfy { $0.start == .firmware })
    #expect(machine.cpu(0)?.compatible?.string == "arm,cortex-a53")
    #expect(machine.cpu(cpuCount) == nil)
  }

  @Test("virt with a GICv3 is understood")
  func gicv3() throws {
    let machine = try MachineDescription(VirtMachine(gic: .v3).makeTree())
    guard case .gicv3(let gic) = machine.interruptController else { throw Unexpected() }
    #expect(gic.distributor == region(0x800_0000, 0x1_0000))
    #expect(gic.redistributorRegionCount == 1)
    #expect(gic.redistributorRegion(0) == region(0x80a_0000, 0xf6_0000))
    #expect(gic.redistributorRegion(1) == nil)
    #expect(gic.redistributorStride == nil)
    #expect(machine.interruptController.maintenanceInterrupt?.identifier == 25)
  }

  @Test("timers, console, PSCI, bundle and command line are found")
  func parts() throws {
    let machine = try MachineDescription(VirtMachine().makeTree())
    #expect(machine.timer.secureInterrupt?.identifier == 29)
    #expect(machine.timer.physicalInterrupt.identifier == 30)
    #expect(machine.timer.virtualInterrupt.identifier == 27)
    #expect(machine.timer.hypervisorInterrupt.identifier == 26)
    #expect(machine.timer.clockFrequency == nil)
    let console = try #require(machine.console)
    #expect(console.node.isCompatible(with: "arm,pl011"))
    #expect(console.registers == region(0x900_0000, 0x1000))
    #expect(console.interrupt?.identifier == 33)
    #expect(console.clockFrequency == 24_000_000)
    #expect(console.options == nil)
    #expect(machine.firmware?.conduit == .secureMonitorCall)
    #expect(machine.bundle == region(0x4800_0000, 0x10_0000))
    #expect(machine.bootArguments?.string == "loud")
  }

  @Test("interrupt-names tells the timers' order where it is another")
  func timerNames() throws {
    let machine = try MachineDescription(
      VirtMachine(changes: [
        "timer": { (node) throws(DeviceTreeError) in
          try node.property("interrupts", cells: [1, 14, 4, 1, 11, 4, 1, 10, 4, 1, 12, 4])
          try node.property("interrupt-names", strings: ["phys", "virt", "hyp-phys", "hyp-virt"])
          try node.property("compatible", "arm,armv8-timer")
          try node.property("clock-frequency", 19_200_000)
        }
      ]).makeTree())
    #expect(machine.timer.secureInterrupt == nil)
    #expect(machine.timer.physicalInterrupt.identifier == 30)
    #expect(machine.timer.virtualInterrupt.identifier == 27)
    #expect(machine.timer.hypervisorInterrupt.identifier == 26)
    #expect(machine.timer.clockFrequency == 19_200_000)
  }

  @Test("without a choice in /chosen, the console is the serial port that the aliases number first")
  func consoleUnnamed() throws {
    let unnamed: (inout DeviceTreeWriter) throws(DeviceTreeError) -> Void = { (_) throws(DeviceTreeError) in }
    let machine = try MachineDescription(VirtMachine(changes: ["chosen": unnamed]).makeTree())
    #expect(machine.console?.node.name.string == "pl011@9000000")
    #expect(machine.console?.options == nil)
  }

  @Test("older trees name the console by Linux's own property, and a serial port that is disabled is none")
  func olderConsoles() throws {
    let older = try MachineDescription(
      VirtMachine(changes: [
        "chosen": { (node) throws(DeviceTreeError) in try node.property("linux,stdout-path", "serial0:9600") },
        "aliases": { (node) throws(DeviceTreeError) in try node.property("serial0", "/pl011@9000000") },
      ]).makeTree())
    #expect(older.console?.options?.string == "9600")
    func port(_ status: Text) throws -> Text? {
      let none: Content = { (_) throws(DeviceTreeError) in }
      return try MachineDescription(
        VirtMachine(changes: ["chosen": none, "aliases": none]) { (root) throws(DeviceTreeError) in
          for (address, status) in [(0x904_0000, status), (0x905_0000, "okay")] as [(UInt64, Text)] {
            try root.node("serial", at: address) { (node) throws(DeviceTreeError) in
              try node.property("reg", numbers: [address, 0x1000])
              try node.property("compatible", "arm,pl011")
              try node.property("status", status)
            }
          }
        }.makeTree()
      ).console?.node.name
    }
    #expect(try port("okay") == "serial@9040000")
    #expect(try port("disabled") == "serial@9050000")
  }

  @Test("a console can be named by an alias, with options after a colon")
  func consoleByAlias() throws {
    let tree = try VirtMachine(changes: [
      "chosen": { (node) throws(DeviceTreeError) in try node.property("stdout-path", "serial0:115200n8") },
      "pl011@9000000": { (node) throws(DeviceTreeError) in
        try node.property("reg", numbers: [0x900_0000, 0x100])
        try node.property("reg-shift", 2)
        try node.property("reg-io-width", 4)
        try node.property("compatible", "ns16550a")
        try node.property("clock-frequency", 1_843_200)
      },
    ]).makeTree()
    let machine = try MachineDescription(tree)
    #expect(machine.console?.node.name.string == "pl011@9000000")
    #expect(machine.console?.options?.string == "115200n8")
    #expect(machine.console?.registerShift == 2)
    #expect(machine.console?.registerWidth == 4)
    #expect(machine.console?.clockFrequency == 1_843_200)
    #expect(machine.console?.interrupt == nil)
    #expect(machine.bundle == nil)
    #expect(machine.bootArguments == nil)
  }

  @Test("disabled CPUs are not counted, and a spin table has its release address")
  func cpus() throws {
    let machine = try MachineDescription(
      VirtMachine(changes: [
        "cpus": { (node) throws(DeviceTreeError) in
          try node.property("#address-cells", 2)
          try node.property("#size-cells", 0)
          for (affinity, status) in [(0x1, "okay"), (0x2, "disabled"), (0x1_0000_0103, "okay")] as [(UInt64, Text)] {
            try node.node("cpu", at: affinity) { (cpu) throws(DeviceTreeError) in
              try cpu.property("device_type", "cpu")
              try cpu.property("reg", u64: affinity)
              try cpu.property("status", status)
              try cpu.property("enable-method", "spin-table")
              try cpu.property("cpu-release-addr", u64: 0xd8 + affinity)
            }
          }
          try node.node("cpu-map") { (_) throws(DeviceTreeError) in }
        }
      ]).makeTree())
    #expect(machine.cpuCount == 2)
    #expect(machine.cpus.map(\.affinity) == [0x1, 0x1_0000_0103])
    #expect(machine.cpus.map(\.index) == [0, 1])
    #expect(machine.cpu(1)?.start == .spinTable(PhysicalAddress(0x1_0000_01db)))
  }

  /// QA7 rev 3.4 §4.8: core n's mailbox 3 is filled at 0x8c + 16 n.
  @Test("the Raspberry Pi 2's CPUs start by their mailboxes, which are the local interrupt controller's")
  func mailboxes() throws {
    let machine = try MachineDescription(
      VirtMachine(changes: [
        "cpus": { (node) throws(DeviceTreeError) in
          try node.property("#address-cells", 1)
          try node.property("#size-cells", 0)
          try node.property("enable-method", "brcm,bcm2836-smp")
          for affinity in [0xf00, 0xf03] as [UInt32] {
            try node.node("cpu", at: UInt64(affinity)) { (cpu) throws(DeviceTreeError) in
              try cpu.property("device_type", "cpu")
              try cpu.property("reg", affinity)
            }
          }
        }
      ]) { (root) throws(DeviceTreeError) in
        try root.node("local_intc", at: 0x4000_0000) { (controller) throws(DeviceTreeError) in
          try controller.property("compatible", "brcm,bcm2836-l1-intc")
          try controller.property("reg", numbers: [0x4000_0000, 0x100])
        }
      }.makeTree())
    #expect(machine.cpus.map(\.start) == [0x4000_008c, 0x4000_00bc].map { .mailbox(PhysicalAddress($0)) })
  }

  struct Unexpected: Error {}
}
