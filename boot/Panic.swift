internal import Architecture
internal import ArmCommon
internal import ArmRegisters
internal import Backend
internal import Drivers
internal import Entry
internal import Kernel
internal import Synchronization

/// Where a panic writes, set as soon as there is a console.
nonisolated(unsafe) var panicPort: ConsolePort?

/// How often each CPU has come into a panic and not out of it: in the image's own data, which is there whatever else is not, by
/// `stackSlot`.
nonisolated(unsafe) private var panicDepths: [256 of UInt8] = .init(repeating: 0)

/// Which of the stacks this CPU is on: 0 for the boot CPU's, which is the image's, the others' from 1 on.
private var stackSlot: Int {
  let end = UInt64(Processor.stackEnd)
  guard end > AddressSpaceLayout.stacksBase else { return 0 }
  let slot = (end &- AddressSpaceLayout.stacksBase) / StackLayout.slotSize
  return slot < 256 ? Int(slot) : 0
}

/// The hypervisor took an exception from itself: a mistake of ours. Prints what is known; then, where a guest was being
/// served, stops that VM and goes on with the others, else stops for good. `kind` is the vectors' (see `OwnException`).
/// The answer is the trap frame to go on with.
///
/// An exception on the way through here comes back here, where what failed would fail again: the second one says no more than
/// that, the third nothing.
@c(tvisor_handle_own_exception)
func handleOwnException(_ frame: UnsafeMutableRawPointer, _ kind: UInt) -> UnsafeMutableRawPointer {
  let slot = stackSlot
  let depth = unsafe panicDepths[slot]
  guard depth < 2 else { stop() }
  unsafe panicDepths[slot] = depth + 1
  var log = BootLog(unsafe panicPort)
  guard depth == 0 else {
    log.write("\r\n")
    log.line("failed again in its panic: stopped")
    stop()
  }
  let exception = OwnException(frame: unsafe TrapFrame(unsafeAddress: frame), kind: kind)
  report(exception, to: &log)
  if !exception.isStackOverflow, let next = PhysicalCPU.abandonGuest() {
    unsafe panicDepths[slot] = 0
    return unsafe next.unsafeAddress
  }
  log.line("stopped")
  stop()
}

/// Does nothing any more.
private func stop() -> Never { while true { wait_for_interrupt() } }

private func report(_ exception: OwnException, to log: inout BootLog) {
  log.write("\r\n")
  log.begin()
  log.write("PANIC at ")
  log.write(Processor.levelName)
  log.write(": ")
  log.write(exception.cause)
  log.end()
  if Provocation.failsInPanic.load(ordering: .relaxed) { Provocation.fail() }
  exception.forEachStatusRegister { name, value in log.line(name, hexadecimal: value) }
  let last = TrapFrame.registerCount - 1
  for register in 0...last {
    if register % 4 == 0 { log.begin() }
    if register < 10 { log.write(" ") }
    log.write(TrapFrame.registerPrefix)
    log.write(decimal: UInt64(register))
    log.write("=")
    log.write(hexadecimal: exception.frame[register], digits: TrapFrame.registerDigits)
    if register % 4 == 3 || register == last { log.end() } else { log.write(" ") }
  }
  backtrace(from: exception.frameRecord, at: exception.address, to: &log)
}

/// One line for each frame, in the form that `tvisor symbolize` understands. Follows frame records only while they lie on
/// this CPU's stack.
private func backtrace(from record: UInt64, at address: UInt64, to log: inout BootLog) {
  var record = record
  var address = address
  for depth in 0..<32 as Range<UInt64> {
    log.begin()
    log.write("#")
    log.write(decimal: depth)
    log.write(" ")
    log.write(hexadecimal: address, digits: TrapFrame.registerDigits)
    log.end()
    let place = UInt(truncatingIfNeeded: record)
    let end = Processor.stackEnd
    guard place % OwnException.recordAlignment == 0, place >= end - UInt(StackLayout.stackSize), place < end - 16 else {
      return
    }
    (record, address) = OwnException.unwind(at: place)
    if address == 0 { return }
  }
}
