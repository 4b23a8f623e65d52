internal import ARMv7Assembly
internal import Architecture

/// The breakpoints and watchpoints of one vCPU (DDI 0406C, C11.11): all that the CPU has are the guest's. They stay in the
/// hardware while it is loaded.
struct Breakpoints {
  /// DBGBVR<n>, DBGBCR<n>, DBGWVR<n>, DBGWCR<n> for n = 0 to 15, in the order of their encodings.
  private var registers: [64 of UInt32] = .init(repeating: 0)
  /// One bit for each control register that is not zero, by half its place.
  private var enabled: UInt32 = 0

  /// DBGDIDR.BRPs, or WRPs: one less than how many breakpoints, or watchpoints, this CPU has.
  private static func lastOne(_ place: UInt32) -> UInt32 { read_dbgdidr() >> (place & 2 == 0 ? 24 : 28) & 0xf }

  /// The place of the register c0, c<n>, <4 to 7> of CP14, named as AArch64 names it, or nil where this CPU has no such one.
  private static func place(of register: SystemRegister) -> UInt32? {
    let place = UInt32(register.crm << 2 | register.op2 & 3)
    return place >> 2 <= lastOne(place) ? place : nil
  }

  /// What the register has, loaded or not. Mutating, because a value of this size that is only read is copied first.
  mutating func read(_ register: SystemRegister) -> UInt64? {
    Self.place(of: register).map { UInt64(registers[Int($0)]) }
  }

  /// Writes the register of a vCPU that is loaded; false where there is none.
  mutating func write(_ register: SystemRegister, _ value: UInt64) -> Bool {
    guard let place = Self.place(of: register) else { return false }
    write_debug_register(place, UInt32(truncatingIfNeeded: value))
    // As the hardware has it, which does not keep every bit.
    registers[Int(place)] = read_debug_register(place)
    if place & 1 != 0 {
      let bit: UInt32 = 1 << UInt32(place >> 1)
      enabled = registers[Int(place)] != 0 ? enabled | bit : enabled & ~bit
    }
    return true
  }

  /// Takes the vCPU's out of the hardware: nothing matches any more. What it compared with stays there, where nobody reads it:
  /// all accesses are trapped, and whoever uses breakpoints has all of the hardware's his own.
  func save() {
    if enabled != 0 { Self.clear() }
  }

  /// Puts them into the hardware: first what to compare with, then what enables it. Mutating as `read` is.
  mutating func load() {
    let (breakpoints, watchpoints) = (Self.lastOne(0), Self.lastOne(2))
    unsafe registers.span.withUnsafeBufferPointer { places in
      unsafe load_breakpoints(places.baseAddress, breakpoints)
      unsafe load_watchpoints(places.baseAddress, watchpoints)
    }
  }

  /// Switches everything in the hardware off.
  static func clear() {
    clear_breakpoints(lastOne(0))
    clear_watchpoints(lastOne(2))
  }
}
