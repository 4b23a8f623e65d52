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
  /// SGIs from the first vCPU to all others, which sleep.
  case sgi
  /// SGIs from the first vCPU to all others by lists of them, all numbers in turn.
  case sgiLists
  /// SGIs from the first vCPU to all others, which are busy.
  case sgiReady
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
  /// Makes all shared interrupts pending, and not pending.
  case pending
  /// Sends pending interrupts from vCPU to vCPU.
  case routes
  /// Sleeps that end at once.
  case sleeps
  /// Yields.
  case yields
  /// The emulated devices that answer slowest.
  case devices
  /// Loads and stores that the hypervisor has to read from memory.
  case pairs
  /// Calls to the firmware.
  case calls
  /// Aborts without an end.
  case aborts
  /// Maintenance of caches and translations.
  case maintenance
  /// A state that is as heavy as can be to change for another.
  case heavy
  /// Alarms of the clock.
  case alarms

  init(in tree: borrowing MachineTree) {
    self = .idle
    for attack in Self.allCases where tree.has(attack.argument) { self = attack }
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
    case .sgi: "attack=sgi"
    case .sgiLists: "attack=sgi-lists"
    case .sgiReady: "attack=sgi-ready"
    case .sgiAll: "attack=sgi-all"
    case .reset: "attack=reset"
    case .resetAll: "attack=reset-all"
    case .cpuOn: "attack=cpu-on"
    case .distributor: "attack=distributor"
    case .pending: "attack=pending"
    case .routes: "attack=routes"
    case .sleeps: "attack=sleeps"
    case .yields: "attack=yields"
    case .devices: "attack=devices"
    case .pairs: "attack=pairs"
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
func run(_ attack: Attack, as vcpu: VCPU, _ settings: Settings) -> Never {
  switch attack {
  case .idle, .alarms, .aborts, .maintenance, .heavy, .pairs, .routes, .pending: PSCI.halt()
  case .spin: while true { guest_relax() }
  case .timers: lieInWait(as: vcpu, settings, .virtual)
  case .physicalTimers: lieInWait(as: vcpu, settings, .physical)
  case .bothTimers: lieInWaitTwice(as: vcpu, settings)
  case .readyTimers: beDueWhileBusy(as: vcpu, settings)
  case .uart: write(UInt8(ascii: "x"))
  case .lines: write(UInt8(ascii: "\n"))
  case .sgi: vcpu.number == 0 ? broadcast(as: vcpu) : listen(as: vcpu)
  case .sgiLists: vcpu.number == 0 ? sendByLists(as: vcpu) : listen(as: vcpu)
  case .sgiReady: vcpu.number == 0 ? broadcast(as: vcpu) : acceptBusily(as: vcpu)
  case .sgiAll: sendAndAccept(as: vcpu)
  case .reset, .resetAll: vcpu.number == 0 ? PSCI.reset() : PSCI.halt()
  case .cpuOn: turnOnForEver(as: vcpu)
  case .distributor: writeFields(as: vcpu)
  case .sleeps: sleepForEver(as: vcpu)
  case .yields: while true { guest_relax() }
  case .devices: readDevices()
  case .calls: callForEver(as: vcpu)
  }
}
