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

  @Test(
    "a path that leads to no node in use is passed over, and said to be",
    arguments: ["/nowhere:115200", "nothing", "", "/", ":", "serial1", "/off:9600"] as [Text])
  func passedOver(path: Text) throws {
    let tree = try VirtMachine(
      changes: [
        "chosen": { (node) throws(DeviceTreeError) in try node.property("stdout-path", path) },
        "aliases": { (node) throws(DeviceTreeError) in
          try node.property("serial0", "/pl011@9000000")
          try node.property("serial1", "/off")
        },
      ],
      more: { (root) throws(DeviceTreeError) in
        try root.node("off") { (node) throws(DeviceTreeError) in try node.property("status", "disabled") }
      }
    ).makeTree()
    let console = try #require(try MachineDescription(tree).console)
    #expect(console.node.name.string == "pl011@9000000")
    #expect(console.options == nil)
    #expect(console.passedOverPath == path)
    var words = Transcript()
    console.write(passingOver: path, to: &words)
    #expect(
      words.text
        == "/chosen stdout-path (\(path.string)) leads to no node that is in use: the console is /pl011@9000000")
  }

  @Test("a path that is no text is passed over; one that is right is not, and where there is none nothing is said")
  func notPassedOver() throws {
    func passedOver(_ chosen: @escaping Content) throws -> Text? {
      try ConsoleDescription(in: VirtMachine(changes: ["chosen": chosen]).makeTree())?.passedOverPath
    }
    let number: Content = { (node) throws(DeviceTreeError) in try node.property("stdout-path", cells: [0x2f70]) }
    #expect(try passedOver(number) == "")
    #expect(try passedOver { (_) throws(DeviceTreeError) in } == nil)
    #expect(
      try passedOver { (node) throws(DeviceTreeError) in try node.property("stdout-path", "/pl011@9000000:115200") }
        == nil)
  }

  @Test("a console that is disabled is none: the next one that the tree suggests is it")
  func disabledConsole() throws {
    func console(_ status: Text?, bus: Text? = nil) throws -> String? {
      let tree = try VirtMachine(
        changes: [
          "chosen": { (node) throws(DeviceTreeError) in try node.property("stdout-path", "/bus/serial@1000") },
          "pl011@9000000": { (node) throws(DeviceTreeError) in
            try node.property("reg", numbers: [0x900_0000, 0x1000])
            try node.property("compatible", "arm,pl011")
            try node.property("status", "disabled")
          },
        ],
        more: { (root) throws(DeviceTreeError) in
          try root.node("bus") { (node) throws(DeviceTreeError) in
            try node.property("#size-cells", 1)
            try node.property("#address-cells", 1)
            try node.property("ranges")
            if let bus { try node.property("status", bus) }
            try node.node("serial", at: 0x1000) { (port) throws(DeviceTreeError) in
              try port.property("reg", cells: [0x1000, 0x100])
              if let status { try port.property("status", status) }
            }
          }
          try root.node("serial", at: 0x2000) { (port) throws(DeviceTreeError) in
            try port.property("reg", numbers: [0x2000, 0x100])
          }
        }
      ).makeTree()
      return try MachineDescription(tree).console?.node.name.string
    }
    #expect(try console(nil) == "serial@1000")
    // The alias serial0 is the PL011, which is disabled as well.
    #expect(try console("disabled") == "serial@2000")
    #expect(try console("okay", bus: "disabled") == "serial@2000")
  }

  @Test("sizes are hints: no part of a GIC is smaller than the architecture has it")
  func sizes() throws {
    // IHI 0048B §4.3 and §4.4: GICC_DIR is at 0x1000; IHI 0069 §12.10: a redistributor has two frames of 64 KiB.
    func machine<let count: Int>(_ compatible: Text, _ regions: [count of UInt64]) throws -> MachineDescription {
      try MachineDescription(
        VirtMachine(changes: [
          "intc@8000000": { (node) throws(DeviceTreeError) in
            try node.property("phandle", 0x8003)
            try node.property("interrupts", cells: [1, 9, 4])
            try node.property("interrupt-controller")
            try node.property("#interrupt-cells", 3)
            try node.property("compatible", compatible)
            try node.property("reg", numbers: regions)
          }
        ]).makeTree())
    }
    let small = try machine(
      "arm,cortex-a7-gic", [0x800_0000, 0x100, 0x801_0000, 0x1000, 0x803_0000, 0x200, 0x804_0000, 0x1000])
    guard case .gicv2(let gic) = small.interruptController else { throw Unexpected() }
    #expect(gic.distributor.size >= 0x1000)
    #expect(gic.cpuInterface == region(0x801_0000, 0x2000))
    #expect(gic.hypervisorInterface.size >= 0x200)
    #expect(gic.virtualInterface == region(0x804_0000, 0x2000))
    let narrow = try machine("arm,gic-v3", [0x800_0000, 0x1000, 0x80a_0000, 0x1_0000])
    guard case .gicv3(let wide) = narrow.interruptController else { throw Unexpected() }
    #expect(wide.distributor.size == 0x1_0000)
    #expect(wide.redistributorRegion(0)?.size == 0x2_0000)
  }

  @Test("PSCI 0.1 has the tree's own numbers; without CPU_ON's it starts nobody")
  func oldFirmware() throws {
    func machine(_ numbers: [(Text, UInt32)]) throws -> MachineDescription {
      try MachineDescription(
        VirtMachine(changes: [
          "psci": { (node) throws(DeviceTreeError) in
            try node.property("compatible", "arm,psci")
            try node.property("method", "smc")
            for (name, number) in numbers { try node.property(name, number) }
          }
        ]).makeTree())
    }
    // The numbers of Calxeda's ECX-2000 tree.
    let old = try machine([("cpu_suspend", 0x8400_0002), ("cpu_off", 0x8400_0004), ("cpu_on", 0x8400_0006)])
    #expect(old.firmware?.isStandard == false)
    #expect(old.firmware?.ownCPUOn == 0x8400_0006)
    #expect(old.cpus.allSatisfy { $0.start == .firmware })
    let none = try machine([("cpu_off", 0x8400_0004)])
    #expect(none.cpus.allSatisfy { $0.start == .unknown })
    // Where the tree has the newer names as well, the standard's numbers count.
    let both = try MachineDescription(VirtMachine().makeTree())
    #expect(both.firmware?.isStandard == true && both.firmware?.ownCPUOn == nil)
  }

  @Test("the counter runs as the tree says, else as the register, else nobody knows")
  func frequency() throws {
    func timer(_ frequency: UInt32?) throws -> TimerDescription {
      try TimerDescription(
        in: VirtMachine(changes: [
          "timer": { (node) throws(DeviceTreeError) in
            try node.property("interrupts", cells: [1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4])
            try node.property("compatible", "arm,armv8-timer")
            if let frequency { try node.property("clock-frequency", frequency) }
          }
        ]).makeTree())
    }
    #expect(try timer(nil).frequency(register: 62_500_000) == 62_500_000)
    #expect(try timer(19_200_000).frequency(register: 0) == 19_200_000)
    #expect(try timer(19_200_000).frequency(register: 24_000_000) == 19_200_000)
    #expect(try timer(nil).frequency(register: 0) == nil)
    #expect(try timer(0).frequency(register: 0) == nil)
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
