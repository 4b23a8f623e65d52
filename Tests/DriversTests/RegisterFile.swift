/// A device's registers as plain memory: what a driver wrote can be read, and what it is to read can be put there.
@safe final class RegisterFile {
  private let memory: UnsafeMutableRawBufferPointer

  init(size: Int = 0x1000) {
    unsafe memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 8)
    _ = unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit { unsafe memory.deallocate() }

  /// Where the driver finds it.
  var base: UInt { UInt(bitPattern: unsafe memory.baseAddress) }

  subscript(offset: Int) -> UInt32 {
    get { unsafe memory.load(fromByteOffset: offset, as: UInt32.self) }
    set { unsafe memory.storeBytes(of: newValue, toByteOffset: offset, as: UInt32.self) }
  }

  subscript(byte offset: Int) -> UInt8 {
    get { unsafe memory[offset] }
    set { unsafe memory[offset] = newValue }
  }
}
