internal import GuestEntry
internal import GuestSupport

/// Every offset of every device, by every width, known or not: an answer or an abort, and no third thing. Writes go to the
/// same places, and the device must be usable after.
func sweepDevices(_ tally: inout Tally) {
  guest_mask_interrupts()
  let isVersion3 = InterruptController.current.isVersion3
  sweep(&tally, reads: "sweep reads of the distributor", at: VirtMachine.distributor, 0x1_0000)
  sweep(&tally, writes: "sweep writes of the distributor", at: VirtMachine.distributor, 0..<0x1_0000)
  if isVersion3 {
    sweep(&tally, reads: "sweep reads of the redistributor", at: VirtMachine.redistributor, 0x2_0000)
    sweep(&tally, writes: "sweep writes of the redistributor", at: VirtMachine.redistributor, 0..<0x2_0000)
  } else {
    sweep(&tally, reads: "sweep reads of the CPU interface", at: VirtMachine.cpuInterface, 0x2000)
    sweep(&tally, writes: "sweep writes of the CPU interface", at: VirtMachine.cpuInterface, 0..<0x2000)
  }
  InterruptController.start()
  judgeOwnInterrupt(&tally, "the GIC works after the sweeps")

  sweep(&tally, reads: "sweep reads of the UART", at: VirtMachine.uart, 0x1000)
  // All but the data register, which would print.
  sweep(&tally, writes: "sweep writes of the UART", at: VirtMachine.uart, 4..<0x1000)
  console.start()
  sweep(&tally, reads: "sweep reads of the clock", at: VirtMachine.clock, 0x1000)
  sweep(&tally, reads: "sweep reads of virtio", at: VirtMachine.virtio, 0x4000)
  sweep(&tally, writes: "sweep writes of virtio", at: VirtMachine.virtio, 0..<0x4000)
  sweepDeviceSpace(&tally)
}

/// One word in each 64 KiB below RAM, devices and holes alike.
private func sweepDeviceSpace(_ tally: inout Tally) {
  var outcome = Outcome()
  var address: UInt64 = 0
  while address < VirtMachine.memory {
    outcome.count(probe { _ = guest_load32(address) })
    address &+= 0x1_0000
  }
  InterruptController.start()
  outcome.judge(&tally, "sweep reads of everything below RAM")
}

/// Words everywhere; the other widths at strides that meet all alignments their width has.
private func sweep(_ tally: inout Tally, reads what: StaticString, at base: UInt64, _ size: UInt64) {
  var outcome = Outcome()
  for offset in stride(from: 0, to: size, by: 4) { outcome.count(probe { _ = guest_load32(base &+ offset) }) }
  for offset in stride(from: 0, to: size, by: 37) { outcome.count(probe { _ = guest_load8(base &+ offset) }) }
  for offset in stride(from: 0, to: size, by: 38) { outcome.count(probe { _ = guest_load16(base &+ offset) }) }
  for offset in stride(from: 0, to: size, by: 40) { outcome.count(probe { _ = guest_load64(base &+ offset) }) }
  outcome.judge(&tally, what)
}

private func sweep(_ tally: inout Tally, writes what: StaticString, at base: UInt64, _ offsets: Range<UInt64>) {
  var outcome = Outcome()
  ([~0, 0] as [2 of UInt64]).forEach { value in
    for offset in stride(from: offsets.lowerBound, to: offsets.upperBound, by: 4) {
      outcome.count(probe { guest_store32(base &+ offset, value) })
    }
    for offset in stride(from: offsets.lowerBound, to: offsets.upperBound, by: 37) {
      outcome.count(probe { guest_store8(base &+ offset, value) })
    }
    for offset in stride(from: offsets.lowerBound, to: offsets.upperBound, by: 38) {
      outcome.count(probe { guest_store16(base &+ offset, value) })
    }
    for offset in stride(from: (offsets.lowerBound &+ 7) & ~7, to: offsets.upperBound, by: 40) {
      outcome.count(probe { guest_store64(base &+ offset, value) })
    }
  }
  outcome.judge(&tally, what)
}

/// How the accesses of a sweep went.
private struct Outcome {
  private var answered: UInt64 = 0
  private var refused: UInt64 = 0
  private var other: Fault?

  mutating func count(_ fault: Fault?) {
    guard let fault else {
      answered &+= 1
      return
    }
    if fault.isExternalDataAbort { refused &+= 1 } else { other = fault }
  }

  func judge(_ tally: inout Tally, _ what: StaticString) {
    if let other {
      tally.judge(what, false, .fault(other))
    } else {
      tally.judge(what, true, .sweep(answered: answered, refused: refused))
    }
  }
}
