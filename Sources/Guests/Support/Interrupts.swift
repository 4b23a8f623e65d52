internal import GuestEntry

extension InterruptController {
  private func registers(of number: UInt32) -> RegisterBlock { number < 32 ? privateRegisters : distributor }

  /// Lets interrupt `number` through.
  public func enable(_ number: UInt32) {
    registers(of: number)[Register.setEnable &+ UInt64(number / 32) &* 4] = 1 &<< (number & 31)
  }

  /// Holds interrupt `number` back; it may still become pending.
  public func disable(_ number: UInt32) {
    registers(of: number)[Register.clearEnable &+ UInt64(number / 32) &* 4] = 1 &<< (number & 31)
  }

  /// Makes interrupt `number` pending by software.
  public func setPending(_ number: UInt32) {
    registers(of: number)[Register.setPending &+ UInt64(number / 32) &* 4] = 1 &<< (number & 31)
  }

  /// True where interrupt `number` reads as pending.
  public func isPending(_ number: UInt32) -> Bool {
    registers(of: number)[Register.setPending &+ UInt64(number / 32) &* 4] & 1 &<< (number & 31) != 0
  }

  /// Takes the most urgent pending interrupt: what the acknowledge register said, to be given back to `end`.
  public func acknowledge() -> UInt32 {
    guard isVersion3 else { return RegisterBlock(VirtMachine.cpuInterface)[0x0c] }
    let value = UInt32(truncatingIfNeeded: guest_read_icc_iar1())
    guest_data_barrier()
    return value
  }

  /// Takes what comes within so many ticks of the counter. It looks once more after them: a machine may have stood still
  /// meanwhile.
  public func acknowledge(within ticks: UInt64) -> UInt32 {
    let start = Counter.now
    while true {
      let isLate = Counter.now &- start >= ticks
      let taken = acknowledge()
      if isLate || number(taken) < 1020 { return taken }
      guest_relax()
    }
  }

  /// The interrupt number in an acknowledge value; 1020 and above stand for none.
  public func number(_ acknowledged: UInt32) -> UInt32 { acknowledged & (isVersion3 ? 0xff_ffff : 0x3ff) }

  /// Ends an interrupt: drops its priority and deactivates it.
  public func end(_ acknowledged: UInt32) {
    if isVersion3 {
      guest_write_icc_eoir1(UInt64(acknowledged))
    } else {
      RegisterBlock(VirtMachine.cpuInterface)[0x10] = acknowledged
    }
  }

  /// The value that sends SGI `number` to the CPU itself, for ICC_SGI1R_EL1 or GICD_SGIR.
  public func selfGenerated(_ number: UInt32) -> UInt64 {
    guard isVersion3 else { return 2 << 24 | UInt64(number & 15) }
    let affinity = guest_read_mpidr()
    let upper = (affinity >> 32 & 0xff) << 48 | (affinity >> 16 & 0xff) << 32 | (affinity >> 8 & 0xff) << 16
    return upper | UInt64(number & 15) << 24 | 1 << (affinity & 15)
  }

  /// Sends SGI `number` to the CPU itself.
  public func sendToSelf(_ number: UInt32) {
    if isVersion3 {
      guest_data_barrier()
      guest_write_icc_sgi1r(selfGenerated(number))
    } else {
      distributor[Register.generate] = UInt32(truncatingIfNeeded: selfGenerated(number))
    }
  }

  /// Acknowledges and ends whatever is pending, without asking anyone; how many there were, at most `limit`.
  public func drain(limit: UInt32) -> UInt32 {
    var taken: UInt32 = 0
    while taken < limit {
      let value = acknowledge()
      guard number(value) < 1020 else { break }
      end(value)
      taken &+= 1
    }
    return taken
  }
}
