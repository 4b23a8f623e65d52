internal import ArmRegisters
internal import ARMv8
internal import Architecture
internal import Drivers
internal import Entry

@c(tvisor_main)
func tvisorMain(_ tree: UInt64, _ load: UInt64, _ level: UInt64) {
  // identity of UART into linear map by hand
  let root = UnsafeMutablePointer<UInt64>(bitPattern: UInt(load | 1 << 47) + 0)
  _ = unsafe root
}
@c(tvisor_handle_synchronous) func a(_ f: UnsafeMutableRawPointer) {}
@c(tvisor_handle_interrupt) func b(_ f: UnsafeMutableRawPointer) {}
@c(tvisor_handle_system_error) func c(_ f: UnsafeMutableRawPointer) {}
@c(tvisor_handle_own_exception) func d(_ f: UnsafeMutableRawPointer, _ k: UInt64) -> UnsafeMutableRawPointer { unsafe f }
