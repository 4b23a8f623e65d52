internal import GuestEntry
internal import GuestSupport

/// Ticks at `rate=` a second (1000), reports every `ticks=` ticks (one second's worth), draws the histogram with every fifth
/// report, and switches itself off after `reports=` of them (never); the arguments come from /chosen/bootargs.
@c(Metronome_main)
func main(treeAddress: UInt64) {
  let tree = MachineTree(at: treeAddress)
  console.start()
  InterruptController.start()
  let rate = min(max(tree.number("rate") ?? 1000, 1), Counter.frequency)
  let ticksPerReport = max(tree.number("ticks") ?? rate, 1)
  writeBanner(rate: rate)
  var memory = MemoryPattern(in: tree)

  console.interruptOnInput()
  InterruptController.current.enable(VirtMachine.uartInterrupt)
  InterruptController.current.enable(VirtMachine.virtualTimerInterrupt)
  unsafe metronome.start(period: Counter.frequency / rate)

  var reportCount: UInt64 = 0
  while true {
    // WFI with interrupts masked: one that comes after the tests still ends it, and is taken the moment after.
    guest_mask_interrupts()
    let isReportDue = unsafe metronome.window.count >= ticksPerReport
    let isHistogramDue = takeHistogramRequest()
    guard isReportDue || isHistogramDue else {
      guest_wait_for_interrupt()
      guest_unmask_interrupts()
      continue
    }
    let window = isReportDue ? unsafe metronome.takeWindow() : Lateness()
    let total = unsafe metronome.total
    // For a machine whose UART does not interrupt.
    obeyInput()
    guest_unmask_interrupts()

    if isReportDue {
      report(window, &memory)
      reportCount &+= 1
    }
    if isHistogramDue || isReportDue && reportCount % 5 == 0 { total.writeHistogram() }
    if let limit = tree.number("reports"), reportCount >= limit { PSCI.powerOff() }
  }
}

private func writeBanner(rate: UInt64) {
  console.write("metronome: GICv")
  console.write(decimal: InterruptController.current.isVersion3 ? 3 : 2)
  console.write(", timer ")
  console.write(decimal: Counter.frequency)
  console.write(" Hz, ")
  console.write(decimal: rate)
  console.write(" ticks a second\n")
}

private func report(_ window: borrowing Lateness, _ memory: inout MemoryPattern) {
  let wrong = memory.wrongCount()
  memory.fill()
  window.write()
  console.write(" memory=")
  if wrong == 0 {
    console.write("ok\n")
  } else {
    console.write("WRONG pages=")
    console.write(decimal: wrong)
    console.write("\n")
  }
}
