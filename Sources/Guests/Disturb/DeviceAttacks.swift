internal import GuestEntry
internal import GuestSupport

private typealias Register = InterruptController.Register

/// Registers of devices that take a while to answer.
func readDevices() -> Never {
  while true {
    guest_relax()
    for offset in stride(from: 0 as UInt64, to: 0x30, by: 4) {
      _ = guest_load32(VirtMachine.clock &+ (offset & 0x1c))
      _ = guest_load32(VirtMachine.uart &+ 0x18 &+ offset)
      _ = guest_load32(VirtMachine.distributor &+ Register.setPending &+ offset)
      _ = guest_load32(VirtMachine.distributor &+ Register.priority &+ offset)
    }
  }
}

/// Loads and stores whose instructions the hypervisor has to read, of as many words as they have.
func accessMany() -> Never {
  let block = VirtMachine.distributor
  while true {
    guest_relax()
    for place in stride(from: 0 as UInt64, to: 0x20, by: 16) {
      disturb_store_many(block &+ Register.setPending &+ place, ~0)
      disturb_load_many(block &+ Register.setPending &+ place)
      disturb_store_many(block &+ Register.setEnable &+ place, ~0)
      disturb_store_many(block &+ Register.priority &+ 32 &+ place, 0x1020_3040)
      disturb_load_many(block &+ Register.priority &+ 32 &+ place)
      disturb_store_many(block &+ Register.clearEnable &+ place, ~0)
      disturb_store_many(block &+ Register.clearPending &+ place, ~0)
    }
  }
}

/// Alarms of the clock a second from now: each store makes the vCPU the one for whom the hypervisor watches it.
func setAlarms() -> Never {
  let clock = RegisterBlock(VirtMachine.clock)
  clock[0x10] = 1
  var seconds: UInt32 = 1
  while true {
    clock[0x04] = clock[0x00] &+ seconds
    seconds = seconds % 3 &+ 1
    guest_relax()
  }
}

/// Loads from where the machine has nothing. Only one vCPU may expect faults: the others ask the firmware for what it has not.
func abort(as vcpu: VCPU) -> Never {
  while true {
    guest_relax()
    if vcpu.number == 0 {
      _ = probe { _ = guest_load32(0x1000_0000) }
    } else {
      PSCI.call(0x8400_ffff)
    }
  }
}

/// Maintenance by set and way, and of all translations on all CPUs.
func maintain() -> Never {
  var line: UInt64 = 0
  while true {
    for _ in 0..<64 {
      disturb_clean_line(line)
      line &+= 1
    }
    disturb_forget_translations()
    guest_relax()
  }
}
