/// How each CPU's stack lies in its slot of address space, from the slot's start: the emergency stack, on which an
/// overflow of the other one is reported; nothing; the stack. The vectors and the linker script know these numbers.
enum StackLayout {
  /// A slot's size, and its alignment, in bytes.
  static let slotSize: UInt64 = 64 << 10
  /// The stack's size in bytes: the upper half of the slot.
  static let stackSize: UInt64 = 32 << 10
  /// The emergency stack's size in bytes.
  static let emergencySize: UInt64 = 8 << 10
}
