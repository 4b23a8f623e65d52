internal import ARMv7Assembly
internal import Architecture

/// The breakpoints and watchpoints of one vCPU (DDI 0406C, C11.11): all that the CPU has are the guest's. They stay in the
/// hardware while it is loaded.
struct Breakpoints {
  /// DBGBVR<n>, DBGBCR<n>, DBGWVR<n>, DBGWCR<n> for n = 0 to 15, in the order of their encodings.
  private var registers: [64 of UInt32] = .init(repeating: 0)

  /// DBGDIDR.BRPs, or WRPs: one less than how many breakpoints, or watchpoints, this CPU has.
  private static func lastOne(_ place: UInt32) -> UInt32 { read_dbgdidr() >> (place & 2 == 0 ? 24 : 28) & 0xf }

  /// The place of the register c0, c<n>, <4 to 7> of CP14, named as AArch64 names it, or nil where this CPU has no such one.
  private static func place(of register: SystemRegister) -> UInt32? {
    let place = UInt32(register.crm << 2 | register.op2 & 3)
    return exists(place) ? place : nil
  }

  private static func exists(_ place: UInt32) -> Bool { place >> 2 <= lastOne(place) }

  /// What the hardware has in that register.
  static func read(_ register: SystemRegister) -> UInt64? {
    place(of: register).map { UInt64(read_debug_register($0)) }
  }

  /// Writes the hardware's register, for the vCPU that is loaded; false where there is none.
  static func write(_ register: SystemRegister, _ value: UInt64) -> Bool {
    guard let place = place(of: register) else { return false }
    write_debug_register(place, UInt32(truncatingIfNeeded: value))
    return true
  }

  /// Takes the registers out of the hardware, where nothing matches any more and nothing is left for the next one to read.
  mutating func save() {
    for place in Self.places where Self.exists(place) {
      registers[Int(place)] = read_debug_register(place)
    }
    Self.clear()
  }

  /// Puts them into the hardware: first what to compare with, then what enables it.
  func load() {
    for place in Self.places where Self.exists(place) { write_debug_register(place, registers[Int(place)]) }
  }

  /// Switches everything in the hardware off, and then forgets what it was compared with.
  static func clear() {
    for place in places where place & 1 != 0 && exists(place) { write_debug_register(place, 0) }
    for place in places where place & 1 == 0 && exists(place) { write_debug_register(place, 0) }
  }

  private static var places: Range<UInt32> { 0..<64 }
}
