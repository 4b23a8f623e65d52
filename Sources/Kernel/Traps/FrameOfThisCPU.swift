internal import Architecture
package import Backend

extension TrapFrame {
  /// The frame that traps on this CPU find: at the very top of its stack.
  package static var ofThisCPU: TrapFrame {
    let address = unsafe UnsafeMutableRawPointer(bitPattern: Processor.stackEnd - UInt(TrapFrame.byteCount))
    return unsafe TrapFrame(unsafeAddress: address.unsafelyUnwrapped)
  }
}
