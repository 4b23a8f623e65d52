import Testing
import Toolkit

@Suite("When TVisor itself fails")
struct FailureTests {
  @Test("a panic at boot says the cause, and the tool finds the source lines of its backtrace")
  func atBoot() async throws {
    let choice = Booting.Choice(processors: 1)
    try await Booting.boot(
      Booting.own("metronome"), choice, arguments: "tvisor.panic=boot", expectsPanic: true
    ) { console in
      try await console.expect("PANIC at EL2: a check of ours failed", from: "tvisor")
      try await console.expect("ESR_EL2  0xf2000001", from: "tvisor")
      try await console.expect("stopped", from: "tvisor")
      let project = try Project.locate()
      let executable = ImageBuilder(project: project).executable(of: ImageBuilder.hypervisor("armv8"))
      let explained = try await Symbolizer(path: executable).annotate(console.transcript.text)
      #expect(explained.contains("tvisor_main"))
      #expect(explained.contains("boot/entry/armv8.S:"))
    }
  }

  @Test("a failure within the panic is told of once, and that is the end", arguments: ImageBuilder.isas)
  func withinPanic(isa: String) async throws {
    let choice = isa == "armv7" ? Booting.Choice.armv7() : Booting.Choice(processors: 1)
    try await Booting.boot(
      Booting.own("metronome", isa: isa), choice, arguments: "tvisor.panic=twice", expectsPanic: true
    ) { console in
      try await console.expect("PANIC at ", from: "tvisor")
      try await console.expect("failed again in its panic: stopped", from: "tvisor")
      // Whatever came after it would come at once.
      try await Task.sleep(for: .milliseconds(300))
      let text = await console.transcript.text
      #expect(text.matches(of: /PANIC/).count == 1 && text.matches(of: /failed again/).count == 1)
    }
  }

  @Test("a failure while a VM is served stops that VM alone", arguments: [2, 3] as [UInt64])
  func whileServing(gic: UInt64) async throws {
    let system = Booting.own("metronome", named: "victim") + Booting.own("metronome", named: "witness")
    try await Booting.boot(
      system, Booting.Choice(gic: gic, processors: 1), arguments: "tvisor.panic=reset", expectsPanic: true
    ) { console in
      for name in ["victim", "witness"] { try await console.expect("memory=ok", from: name) }
      // The metronome resets its machine at this key.
      try await console.type("b")
      try await console.expect("PANIC at EL2", from: "tvisor")
      try await console.expect("VM 'victim' stopped: the hypervisor failed while it served this VM", from: "tvisor")
      try await console.expectTicking("witness", reports: 3)
    }
  }

  @Test("without a bundle it says what the loader has to hand over")
  func noBundle() async throws {
    let project = try Project.locate()
    let emulation = try Emulation(project.board(named: "qemu-virt-armv8"), gicVersion: 3, processorCount: 1)
    let boot = Emulation.Boot(kernel: ImageBuilder(project: project).image("armv8"))
    try await QEMUSession.run(emulation.command(booting: boot, console: .pipe)) { console in
      try await console.expect("no bundle: the loader has to hand over the output of 'tvisor bundle'", from: "tvisor")
      try await console.expect("stopped", from: "tvisor")
    }
  }

  @Test("entered at EL1 it says that it needs EL2")
  func exceptionLevel1() async throws {
    let project = try Project.locate()
    var board = try project.board(named: "qemu-virt-armv8")
    board.qemu?.machine = "virt"
    let emulation = try Emulation(board, gicVersion: 3, processorCount: 1)
    let boot = Emulation.Boot(kernel: ImageBuilder(project: project).image("armv8"))
    try await QEMUSession.run(emulation.command(booting: boot, console: .pipe)) { console in
      try await console.expect("entered at EL1: TVisor needs EL2", from: "tvisor")
    }
  }

  @Test("entered at EL3 it says that it needs EL2")
  func exceptionLevel3() async throws {
    let project = try Project.locate()
    let image = ImageBuilder(project: project).image("armv8")
    // QEMU enters a kernel at EL3 never: three instructions stand in for a firmware that does. They load x0 with the
    // start of RAM, where QEMU has put the device tree, and branch to the image.
    let arguments = [
      "-M", "virt,secure=on,virtualization=on", "-cpu", "cortex-a53", "-m", "1024", "-nodefaults", "-display", "none",
      "-serial", "stdio", "-device", "loader,file=\(image),addr=0x40200000,force-raw=on",
      "-device", "loader,addr=0x41000000,data=0xd2a80401d2a80000,data-len=8",
      "-device", "loader,addr=0x41000008,data=0xd61f0020,data-len=4", "-device", "loader,addr=0x41000000,cpu-num=0",
    ]
    try await QEMUSession.run(Command("qemu-system-aarch64", arguments)) { console in
      try await console.expect("entered at EL3: TVisor needs EL2", from: "tvisor")
    }
  }

  @Test("entered in Non-secure SVC mode, as by QEMU's own start of a Raspberry Pi 2, it says that it needs Hyp mode")
  func nonSecureSupervisor() async throws {
    let project = try Project.locate()
    var board = try project.board(named: "raspberry-pi-2")
    try await project.provideTree(of: board)
    // What has the CPUs begin before QEMU leaves the Secure state.
    board.qemu?.arguments.removeAll { $0 == "-device" || $0.hasPrefix("loader,") }
    let boot = Emulation.Boot(kernel: ImageBuilder(project: project).image("armv7"))
    try await QEMUSession.run(Emulation(board).command(booting: boot, console: .pipe)) { console in
      try await console.expect("entered at PL1 (SVC mode): TVisor needs PL2 (Hyp mode)", from: "tvisor")
    }
  }
}
