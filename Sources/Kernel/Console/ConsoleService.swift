internal import Architecture
internal import ArmCommon
internal import ArmRegisters
internal import Backend
internal import Drivers
internal import Synchronization
internal import Virtualization

// What the console does on nobody's behalf: sending what the UART had no room for, typed characters and commands, statistics.
// One CPU does it (`Planning`): in steps, whenever it has nothing else to run, and else one step in each period, so that it
// always gets on and nobody's promise pays for more than that step. The UART's interrupt stays off until all is done. A UART whose
// interrupt does not come to us is looked at by the same steps, every few milliseconds for as long as nothing is there.

/// How one CPU stands with the console's work.
package struct ConsoleService {
  /// It is this CPU's work at all. Set by the CPU that boots, before any of them runs a guest.
  package var isHere = false
  /// A step is due at `nextStep`, and the UART's interrupt is off.
  var isWanted = false
  /// There is something to do, as far as is known: who has nothing else to run goes on with it at once.
  var isBusy = false
  /// When the next step is due beside whatever runs.
  var nextStep = Instant(ticks: 0)

  /// A CPU that has nothing to do with the console.
  package init() {}
}

extension Reference where Value == PhysicalCPU {
  /// Has the UART's interrupt come to this CPU, if the console's work is its own; or looks at the UART from now on.
  func takeConsole() {
    guard value.console.isHere else { return }
    let interrupt = Hypervisor.shared.value.interrupts.console
    guard interrupt < HostInterrupts.none else {
      value.console.isWanted = true
      return
    }
    let console = UInt16(truncatingIfNeeded: interrupt)
    value.controller.route(console, affinity: value.affinity)
    value.controller.enable(console)
  }

  /// The UART has room again, or somebody typed.
  func callConsole() {
    value.controller.disable(UInt16(truncatingIfNeeded: Hypervisor.shared.value.interrupts.console))
    value.console.isWanted = true
    value.console.isBusy = true
    call()
  }

  /// Does a step of the console's work, which is nobody's time.
  @inline(never)
  func serveConsole() {
    let hypervisor = Hypervisor.shared
    // At least every millisecond: 16 characters in each, beside whatever runs.
    let step = hypervisor.value.ticksPerSecond / 1000
    value.console.nextStep = Instant.now.advanced(by: step)
    value.console.isBusy = true
    switch withConsole({ $0.serve() }) {
    case .input(.deliver(let vm, let byte)): type(byte, to: hypervisor.value.vms.reference(to: vm))
    case .input(.stop): withConsole { $0.nextToStop = 0 }
    case .input(.statistics(let asTable)): showStatistics(asTable: asTable)
    case .input(.selected), .input(.none), .more: break
    case .room(let vm): holdConsole(of: hypervisor.value.vms.reference(to: vm))
    case .stop(let vm): stop(hypervisor.value.vms.reference(to: vm), saying: "was stopped by Ctrl-T x")
    case .statistics: goOnWithStatistics()
    case .nothing: restConsole(step)
    }
  }

  /// All is done: the UART's interrupt tells of more, or a look every five steps, which is soon enough for who types.
  private func restConsole(_ step: UInt64) {
    value.console.isBusy = false
    let interrupt = Hypervisor.shared.value.interrupts.console
    if interrupt < HostInterrupts.none {
      value.console.isWanted = false
      value.controller.enable(UInt16(truncatingIfNeeded: interrupt))
    } else if !withConsole({ $0.isSending }) {
      value.console.nextStep = value.console.nextStep.advanced(by: 4 &* step)
    }
  }

  private func type(_ byte: UInt8, to vm: Reference<HostedVM>) {
    vm.value.lock.acquire(by: value.index)
    if vm.value.state == .running {
      _ = vm.value.machine.type(byte)
      settleInterrupts(of: vm)
    }
    vm.value.lock.release()
  }

  /// A byte that a VM's guest has sent.
  func transmit(_ byte: UInt8, from vm: Reference<HostedVM>) {
    let goesOn = withConsole { $0.output(byte, from: vm.value.index) }
    if !goesOn { holdConsole(of: vm) }
  }

  /// Makes a VM's UART seem full, or empty again, as its share of the console is.
  func holdConsole(of vm: Reference<HostedVM>) {
    while true {
      let isFull = withConsole { $0.isFull(vm.value.index) }
      vm.value.lock.acquire(by: value.index)
      switch vm.value.state {
      case .running, .halting:
        vm.value.machine.holdConsole(isFull)
        settleInterrupts(of: vm)
      // Its models are as a failure of ours may have left them.
      case .stopped, .failed: break
      }
      vm.value.lock.release()
      // What was said is what is the case, or it is said once more: another CPU may have changed it in between.
      if withConsole({ $0.isFull(vm.value.index) }) == isFull { return }
    }
  }

  /// PSCI's SYSTEM_OFF (DEN 0022 §5.9), which returns where the firmware cannot do it.
  private static var systemOff: UInt64 { 0x8400_0008 }

  /// No VM will ever run again: turns the machine off, or says that nobody can.
  func finish() -> Never {
    say("all VMs have stopped")
    if Hypervisor.shared.value.hasFirmware { _ = Processor.callFirmware(Self.systemOff, 0, 0, 0) }
    say("this machine has no firmware that turns it off: pull the plug, or in QEMU type Ctrl-A x")
    while true { wait_for_interrupt() }
  }

  /// Says something, and waits until it has gone out.
  private func say(_ text: StaticString) {
    withConsole { console in
      console.sayAll()
      console.report(text)
      console.drain()
    }
  }
}
