public import GuestEntry

/// An exception that a probed instruction took, as its syndrome told it (Arm DDI 0487, ESR_EL1).
public struct Fault: Equatable, Sendable {
  /// ESR_EL1.
  public let syndrome: UInt64
  /// FAR_EL1.
  public let address: UInt64

  /// The exception class: 0x00 undefined or unknown, 0x21 instruction abort, 0x25 data abort.
  public var exceptionClass: UInt64 { syndrome >> 26 & 0x3f }
  /// The fault status of an abort: 0x10 synchronous external, 0x21 alignment, 0x04 to 0x07 translation.
  public var status: UInt64 { syndrome & 0x3f }
  /// True for an undefined instruction.
  public var isUndefined: Bool { exceptionClass == 0 }
  /// True for a synchronous external abort of a load or store.
  public var isExternalDataAbort: Bool { exceptionClass == 0x25 && status == 0x10 }
  /// True where FAR_EL1 holds the aborting address (FnV = 0).
  public var hasAddress: Bool { syndrome & 0x400 == 0 }
}

/// Runs `body`, in which one instruction may fault; that instruction is skipped, and its exception is the answer.
@inline(__always)
public func probe(_ body: () -> Void) -> Fault? {
  guest_fault_arm()
  body()
  guest_fault_disarm()
  guard guest_fault_count() != 0 else { return nil }
  return Fault(syndrome: guest_fault_esr(), address: guest_fault_far())
}

/// The vectors' call: `kind` is the vector's index, 4 to 7 for synchronous, IRQ, FIQ and SError at the guest's own level.
@c(guest_exception)
public func handleException(kind: UInt64, frame: UnsafeMutablePointer<guest_frame>) {
  switch kind {
  case 5: handleInterrupt()
  case 4 where guest_fault_is_armed():
    let syndrome = unsafe guest_frame_syndrome(frame)
    let place = unsafe guest_frame_place(frame)
    unsafe guest_fault_note(syndrome, guest_frame_address(frame), place)
    // A step would go on for ever.
    if 0x30...0x35 ~= syndrome >> 26 & 0x3f { guest_stop_debugging() }
    // A fetch that aborts has no instruction to skip, nor has one that got an instruction from where no RAM is: it was
    // called, so it returns.
    if syndrome >> 26 & 0x3f == 0x21 || place < VirtMachine.memory {
      unsafe guest_frame_return_to_caller(frame)
    } else {
      unsafe guest_frame_skip(frame)
    }
  default: unsafe stop(kind: kind, frame: frame)
  }
}

private func handleInterrupt() {
  let controller = InterruptController.current
  let acknowledged = controller.acknowledge()
  let number = controller.number(acknowledged)
  guard number < 1020 else { return }
  guest_interrupt(number)
  controller.end(acknowledged)
}

private func stop(kind: UInt64, frame: UnsafeMutablePointer<guest_frame>) -> Never {
  console.write("\nguest: unexpected exception, vector ")
  console.write(decimal: kind)
  console.write(" esr=")
  unsafe console.write(hexadecimal: guest_frame_syndrome(frame))
  console.write(" far=")
  unsafe console.write(hexadecimal: guest_frame_address(frame))
  console.write(" elr=")
  unsafe console.write(hexadecimal: guest_frame_place(frame))
  console.write("\n")
  if guest_restarts_when_lost() { PSCI.reset() }
  PSCI.powerOff()
}
