internal import GuestEntry
internal import GuestSupport

/// The same byte again and again, whether the UART has room or not.
func write(_ byte: UInt8) -> Never {
  while true {
    guest_store32(VirtMachine.uart, UInt64(byte))
    guest_relax()
  }
}

/// A line as long as they are kept, without its end: whoever's line comes meanwhile, has it shown once more.
func leaveLine() -> Never {
  for _ in 0..<510 { console.write(UInt8(ascii: "x")) }
  PSCI.halt()
}

/// Writes until the UART is full, and sleeps until it says that it has room.
func waitForRoom(as vcpu: VCPU) -> Never {
  let uart = RegisterBlock(VirtMachine.uart)
  InterruptController.current.enable(VirtMachine.uartInterrupt)
  uart[0x38] = 0x20
  while true {
    while uart[0x18] & 0x20 == 0 { uart[0] = UInt32(UInt8(ascii: "y")) }
    uart[0x44] = 0x20
    guest_relax()
    if uart[0x18] & 0x20 != 0 { vcpu.sleep() }
  }
}
