internal import ARMv8Assembly
internal import Architecture

/// The breakpoints and watchpoints of one vCPU (DDI 0487, D2.8 to D2.10): all that the CPU has are the guest's. They stay in
/// the hardware while it is loaded.
struct Breakpoints {
  /// DBGBVR<n>_EL1, DBGBCR<n>_EL1, DBGWVR<n>_EL1, DBGWCR<n>_EL1 for n = 0 to 15, in the order of their encodings.
  private var registers: [64 of UInt64] = .init(repeating: 0)
  /// One bit for each control register that is not zero, by half its place.
  private var enabled: UInt32 = 0

  /// ID_AA64DFR0_EL1.BRPs, or WRPs: one less than how many breakpoints, or watchpoints, this CPU has.
  private static func lastOne(_ place: UInt64) -> UInt64 { read_id_aa64dfr0_el1() >> (place & 2 == 0 ? 12 : 20) & 0xf }

  /// The place of the register S2_0_C0_C<n>_<4 to 7>, or nil where this CPU has no such breakpoint or watchpoint.
  private static func place(of register: SystemRegister) -> UInt64? {
    let place = UInt64(register.crm << 2 | register.op2 & 3)
    return place >> 2 <= lastOne(place) ? place : nil
  }

  /// What the register has, loaded or not. Mutating, because a value of this size that is only read is copied first.
  mutating func read(_ register: SystemRegister) -> UInt64? { Self.place(of: register).map { registers[Int($0)] } }

  /// Writes the register of a vCPU that is loaded; false where there is none.
  mutating func write(_ register: SystemRegister, _ value: UInt64) -> Bool {
    guard let place = Self.place(of: register) else { return false }
    write_debug_register(place, value)
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
