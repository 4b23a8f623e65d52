internal import ARMv8
internal import ARMv8Assembly
internal import Architecture
internal import ArmRegisters
internal import Drivers
internal import Entry

/// Where a panic writes, set as soon as there is a console.
nonisolated(unsafe) var panicPort: PL011Port?

/// EL2 took an exception from itself: a mistake of ours. Prints what is known; then, where a guest was being served, stops
/// that VM and goes on with the others, else stops for good. `kind` is the number of the vector, 0 to 7, plus 16 where
/// the stack has overflowed. The answer is the trap frame to go on with.
@c(tvisor_handle_own_exception)
func handleOwnException(_ frame: UnsafeMutableRawPointer, _ kind: UInt64) -> UnsafeMutableRawPointer {
  var log = BootLog(unsafe panicPort)
  let registers = unsafe TrapFrame(unsafeAddress: frame)
  report(kind, registers, to: &log)
  if kind & 16 == 0, let next = unsafe abandonGuest() { return unsafe next }
  log.line("stopped")
  while true { wait_for_interrupt() }
}

private func report(_ kind: UInt64, _ registers: TrapFrame, to log: inout BootLog) {
  log.write("\r\n")
  let syndrome = read_esr_el2()
  log.begin()
  log.write("PANIC at EL2: ")
  log.write(cause(of: kind, syndrome))
  log.end()
  log.line("ESR_EL2  ", hexadecimal: syndrome)
  log.line("FAR_EL2  ", hexadecimal: read_far_el2())
  log.line("SPSR_EL2 ", hexadecimal: read_spsr_el2())
  for register in 0..<31 as Range<UInt8> {
    if register % 4 == 0 { log.begin() }
    log.write(register < 10 ? " x" : "x")
    log.write(decimal: UInt64(register))
    log.write("=")
    log.write(hexadecimal: registers[register], digits: 16)
    if register % 4 == 3 || register == 30 { log.end() } else { log.write(" ") }
  }
  backtrace(from: registers[29], at: read_elr_el2(), to: &log)
}

private func cause(of kind: UInt64, _ syndrome: UInt64) -> StaticString {
  if kind & 16 != 0 { return "the stack has overflowed" }
  if kind & 3 == 3 { return "system error" }
  if kind & 3 != 0 { return "unexpected interrupt" }
  switch Syndrome(rawValue: syndrome).exceptionClass {
  case 0x3c: return "a check of ours failed (BRK)"
  case 0x25: return "data abort"
  case 0x21: return "instruction abort"
  case 0x22: return "misaligned program counter"
  case 0x26: return "misaligned stack pointer"
  case 0x00: return "undefined instruction"
  default: return "unexpected exception"
  }
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
    log.write(hexadecimal: address, digits: 16)
    log.end()
    let place = UInt(truncatingIfNeeded: record)
    guard place % 16 == 0, place >= address_of_stack_start(), place < address_of_stack_end() - 16 else { return }
    let pointer = unsafe UnsafePointer<UInt64>(bitPattern: place).unsafelyUnwrapped
    record = unsafe pointer[0]
    address = unsafe pointer[1]
    if address == 0 { return }
  }
}

/// Stops the VM whose exit was being served, and decides anew on a fresh stack frame. Nil where none was.
private func abandonGuest() -> UnsafeMutableRawPointer? {
  guard Hypervisor.ifComplete != nil else { return nil }
  let cpu = PhysicalCPU.current
  // Whose time it was, not whose registers are loaded: a VM may be loading its images while another waits.
  let served = cpu.value.charged >= 0 ? cpu.value.charged : cpu.value.loaded
  guard served >= 0, !cpu.value.isAbandoning else { return nil }
  cpu.value.isAbandoning = true
  cpu.fail(Hypervisor.shared.value.vcpus[served].vm, because: .ownException)
  cpu.value.isAbandoning = false
  let frame = unsafe UnsafeMutableRawPointer(bitPattern: address_of_stack_end() - UInt(TrapFrame.byteCount))
    .unsafelyUnwrapped
  cpu.decide(unsafe TrapFrame(unsafeAddress: frame))
  return unsafe frame
}
