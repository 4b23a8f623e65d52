internal import GuestEntry
internal import GuestSupport

/// The ways to take time, by the names that the arguments call them.
enum Attack: CaseIterable {
  /// All sleep for good: how quiet it is without an attack.
  case idle
  /// All are busy, politely: what an attack is compared with.
  case spin
  /// All sleep until the same instants, by their virtual timers.
  case timers
  /// The same by their physical timers, which the hypervisor plays.
  case physicalTimers
  /// The same by both.
  case bothTimers
  /// Physical timers that come due while their vCPUs are busy.
  case readyTimers
  /// Characters to the UART, with never a new line.
  case uart
  /// New lines to the UART.
  case lines
  /// Machine 0 leaves a long line unfinished, and the others write short ones.
  case crossing
  /// All write until the UART is full, and sleep until it has room.
  case roomAlarms
  /// SGIs from the first vCPU to all others, which sleep.
  case sgi
  /// The same by lists of vCPUs, all numbers in turn.
  case sgiLists
  /// SGIs from the first vCPU to all others, which are busy and take none.
  case sgiReady
  /// SGIs of all numbers from the first vCPU to each other one, one by one; they are busy and take none.
  case sgiSingles
  /// SGIs from the first vCPU to all others, which are busy and take them now and then.
  case sgiTaken
  /// SGIs from everyone to everyone.
  case sgiAll
  /// Begins anew as soon as it has begun.
  case reset
  /// Begins anew as soon as all vCPUs are there.
  case resetAll
  /// Turns the other vCPUs on, which turn themselves off, for ever.
  case cpuOn
  /// Writes to registers of the distributor that hold fields of many interrupts.
  case distributor
  /// Makes all shared interrupts pending and takes that back; they belong to all vCPUs, which sleep.
  case pending
  /// Sends pending interrupts from vCPU to vCPU.
  case routes
  /// Turns the distributor off and on while something is pending for everybody.
  case control
  /// The same at the loop's instants, when everybody's list registers are full.
  case controlFull
  /// Takes back the interrupt of its timer that it has begun, by the distributor.
  case deactivations
  /// Sleeps that end at once.
  case sleeps
  /// Waits for events, which are yields.
  case yields
  /// The emulated devices that answer slowest.
  case devices
  /// Loads and stores of many registers at once.
  case many
  /// Calls to the firmware.
  case calls
  /// Loads from where nothing is.
  case aborts
  /// Maintenance of caches and translations.
  case maintenance
  /// Is busy, with as much state as a vCPU can have when it is changed for another.
  case heavy
  /// Alarms of the clock, which the vCPUs take from each other.
  case alarms

  init(in tree: borrowing MachineTree) {
    self = .idle
    for attack in Self.allCases where tree.has(attack.argument) { self = attack }
    // Each machine of a number does something else.
    guard tree.has("attack=mixed") else { return }
    switch (tree.number("number") ?? 0) & 7 {
    case 0: self = .timers
    case 1: self = .uart
    case 2: self = .sgi
    case 3: self = .pending
    case 4: self = .bothTimers
    case 5: self = .distributor
    case 6: self = .heavy
    default: self = .roomAlarms
    }
  }

  private var argument: StaticString {
    switch self {
    case .idle: "attack=idle"
    case .spin: "attack=spin"
    case .timers: "attack=timers"
    case .physicalTimers: "attack=physical-timers"
    case .bothTimers: "attack=both-timers"
    case .readyTimers: "attack=ready-timers"
    case .uart: "attack=uart"
    case .lines: "attack=lines"
    case .crossing: "attack=crossing"
    case .roomAlarms: "attack=room"
    case .sgi: "attack=sgi"
    case .sgiLists: "attack=sgi-lists"
    case .sgiReady: "attack=sgi-ready"
    case .sgiSingles: "attack=sgi-singles"
    case .sgiTaken: "attack=sgi-taken"
    case .sgiAll: "attack=sgi-all"
    case .reset: "attack=reset"
    case .resetAll: "attack=reset-all"
    case .cpuOn: "attack=cpu-on"
    case .distributor: "attack=distributor"
    case .pending: "attack=pending"
    case .routes: "attack=routes"
    case .control: "attack=control"
    case .controlFull: "attack=control-full"
    case .deactivations: "attack=deactivations"
    case .sleeps: "attack=sleeps"
    case .yields: "attack=yields"
    case .devices: "attack=devices"
    case .many: "attack=many"
    case .calls: "attack=calls"
    case .aborts: "attack=aborts"
    case .maintenance: "attack=maintenance"
    case .heavy: "attack=heavy"
    case .alarms: "attack=alarms"
    }
  }

  /// True where the attack itself turns vCPUs on.
  var startsItself: Bool { self == .cpuOn }

  /// True for one that says that it begins: one that begins again and again would be an attack by that.
  var announces: Bool { self != .reset && self != .resetAll }
}

/// The attack of one vCPU, for ever.
///
/// Every loop has a `guest_relax`: QEMU's CPUs run in turn where it counts instructions, and one that never says that it could
/// wait may have its turn for very long, which nobody but QEMU is to blame for.
func run(_ attack: Attack, as vcpu: VCPU, _ settings: Settings) -> Never {
  switch attack {
  case .idle: PSCI.halt()
  case .spin: spin()
  case .timers: lieInWait(as: vcpu, settings, .virtual)
  case .physicalTimers: lieInWait(as: vcpu, settings, .physical)
  case .bothTimers: lieInWaitTwice(as: vcpu, settings)
  case .readyTimers: beDueWhileBusy(as: vcpu, settings)
  case .uart: write(UInt8(ascii: "x"))
  case .lines: write(UInt8(ascii: "\n"))
  case .crossing: settings.number == 0 ? leaveLine() : write(UInt8(ascii: "\n"))
  case .roomAlarms: waitForRoom(as: vcpu)
  case .sgi: vcpu.number == 0 ? broadcast(as: vcpu) : listen(as: vcpu)
  case .sgiLists: vcpu.number == 0 ? sendByLists(as: vcpu) : listen(as: vcpu)
  case .sgiReady: vcpu.number == 0 ? broadcast(as: vcpu) : spin()
  case .sgiSingles: vcpu.number == 0 ? sendSingly(as: vcpu) : spin()
  case .sgiTaken: vcpu.number == 0 ? broadcast(as: vcpu) : acceptBusily(as: vcpu)
  case .sgiAll: sendAndAccept(as: vcpu)
  case .reset, .resetAll: vcpu.number == 0 ? PSCI.reset() : PSCI.halt()
  case .cpuOn: turnOnForEver(as: vcpu)
  case .distributor: writeFields(as: vcpu)
  case .pending: vcpu.number == 0 ? makePending(as: vcpu) : listen(as: vcpu)
  case .routes: vcpu.number == 0 ? moveInterrupts(as: vcpu) : listen(as: vcpu)
  case .control: vcpu.number == 0 ? toggleDistributor(as: vcpu) : listen(as: vcpu)
  case .controlFull: vcpu.number == 0 ? toggleAtInstants(as: vcpu, settings) : fill(as: vcpu)
  case .deactivations: takeBack(as: vcpu)
  case .sleeps: sleepForEver(as: vcpu)
  case .yields: waitForEvents()
  case .devices: readDevices()
  case .many: accessMany()
  case .calls: callForEver(as: vcpu)
  case .aborts: abort(as: vcpu)
  case .maintenance: maintain()
  case .heavy: carryMuch(as: vcpu)
  case .alarms: setAlarms()
  }
}

/// Busy, and nothing else.
private func spin() -> Never {
  while true {
    disturb_spin(100)
    guest_relax()
  }
}

/// Each wait for an event is a yield.
private func waitForEvents() -> Never {
  while true { disturb_wait_for_event() }
}
