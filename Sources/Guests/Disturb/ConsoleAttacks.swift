internal import GuestEntry
internal import GuestSupport

/// The same byte again and again, whether the UART has room or not.
func write(_ byte: UInt8) -> Never {
  while true { guest_store32(VirtMachine.uart, UInt64(byte)) }
}

/// Registers of devices that take a while to answer.
func readDevices() -> Never {
  while true {
    for offset in stride(from: 0 as UInt64, to: 0x30, by: 4) {
      _ = guest_load32(VirtMachine.clock &+ (offset & 0x1c))
      _ = guest_load32(VirtMachine.uart &+ 0x18 &+ offset)
      _ = guest_load32(VirtMachine.distributor &+ InterruptController.Register.setPending &+ offset)
      _ = guest_load32(VirtMachine.distributor &+ InterruptController.Register.priority &+ offset)
    }
  }
}
