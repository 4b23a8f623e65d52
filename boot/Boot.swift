internal import ARMv8
internal import Architecture
internal import Drivers
internal import Entry

@c(tvisor_main)
func tvisorMain(_ tree: UInt64, _ load: UInt64, _ level: UInt64) {
  var space = HypervisorSpace(load: PhysicalAddress(load))
  var arena = Arena(space.firstArenaRange)
  space.removeIdentityMap(in: &arena)
  do {
    let uart = try space.mapDevice(AddressRange(start: PhysicalAddress(0x9000000), size: 4096), in: &arena)
    let port = PL011Port(base: uart)
    for b in 0..<10 as Range<UInt8> { port.transmit(b + 48) }
    port.transmit(UInt8(level) + 48)
  } catch {}
}
@c(tvisor_handle_synchronous) func a(_ f: UnsafeMutableRawPointer) {}
@c(tvisor_handle_interrupt) func b(_ f: UnsafeMutableRawPointer) {}
@c(tvisor_handle_system_error) func c(_ f: UnsafeMutableRawPointer) {}
@c(tvisor_handle_own_exception) func d(_ f: UnsafeMutableRawPointer, _ k: UInt64) -> UnsafeMutableRawPointer { unsafe f }
