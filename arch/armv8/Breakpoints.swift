internal import ARMv8Assembly
internal import Architecture

/// The breakpoints and watchpoints of one vCPU (DDI 0487, D2.8 to D2.10): all that the CPU has are the guest's. They stay in
/// the hardware while it is loaded.
struct Breakpoints {
  /// DBGBVR<n>_EL1, DBGBCR<n>_EL1, DBGWVR<n>_EL1, DBGWCR<n>_EL1 for n = 0 to 15, in the order of their encodings.
  private var registers: [64 of UInt64] = .init(repeating: 0)

  /// The place of the register S2_0_C0_C<n>_<4 to 7>, or nil where this CPU has no such breakpoint or watchpoint:
  /// ID_AA64DFR0_EL1.BRPs and WRPs are one less than how many there are.
  private static func place(of register: SystemRegister) -> UInt64? {
    let lastOne = read_id_aa64dfr0_el1() >> (register.op2 & 2 == 0 ? 12 : 20) & 0xf
    return UInt64(register.crm) <= lastOne ? UInt64(register.crm << 2 | register.op2 & 3) : nil
  }

  /// What the hardware has in that register.
  static func read(_ register: SystemRegister) -> UInt64? { place(of: register).map { read_debug_register($0) } }

  /// Writes the hardware's register, for the vCPU that is loaded; false where there is none.
  static func write(_ register: SystemRegister, _ value: UInt64) -> Bool {
    guard let place = place(of: register) else { return false }
    write_debug_register(place, value)
    return true
  }

  /// Takes the registers out of the hardware, where nothing matches any more and nothing is left for the next one to read.
  mutating func save() {
    for place in Self.places where Self.exists(place) {
      registers[place] = read_debug_register(UInt64(place))
    }
    Self.clear()
  }

  /// Puts them into the hardware: first what to compare with, then what enables it.
  mutating func load() {
    for place in Self.places where Self.exists(place) { write_debug_register(UInt64(place), registers[place]) }
  }

  /// Switches everything in the hardware off, and then forgets what it was compared with.
  static func clear() {
    for place in places where place & 1 != 0 && exists(place) { write_debug_register(UInt64(place), 0) }
    for place in places where place & 1 == 0 && exists(place) { write_debug_register(UInt64(place), 0) }
  }

  private static var places: Range<Int> { 0..<64 }

  private static func exists(_ place: Int) -> Bool {
    place >> 2 <= Int(truncatingIfNeeded: read_id_aa64dfr0_el1() >> (place & 2 == 0 ? 12 : 20) & 0xf)
  }
}
