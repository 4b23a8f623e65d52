// What the linker script and the entry code give to Swift.

#ifndef TVISOR_ENTRY_H
#define TVISOR_ENTRY_H

#include <stdint.h>

// Addresses that the linker script defines; only the addresses mean something.
extern char tvisor_image_start[], tvisor_image_end[], tvisor_tables[], tvisor_secondary_entry[];

#define TVISOR_ADDRESS(name) \
  static inline uintptr_t address_of_##name(void) { return (uintptr_t)tvisor_##name; }
TVISOR_ADDRESS(image_start)
TVISOR_ADDRESS(image_end)
TVISOR_ADDRESS(tables)
TVISOR_ADDRESS(secondary_entry)

// The version that the tool writes into the linked image, behind the words by which it finds the place.
extern const unsigned char tvisor_version[];
#define tvisor_version_limit 48
static inline uint8_t tvisor_version_byte(intptr_t index) { return tvisor_version[16 + index]; }

#if defined(__aarch64__)
/// Enters the image anew as its loader did, with the same device tree, but with HCR_EL2.E2H = 0. Both are physical addresses.
_Noreturn void tvisor_reenter(uintptr_t tree, uintptr_t load);
#else
/// ARMv7 has no such choice.
_Noreturn static inline void tvisor_reenter(uintptr_t tree, uintptr_t load) {
  (void)tree, (void)load;
  __builtin_trap();
}
#endif

// What the CPU that is being started finds: the end of its stack, the address of its record, and its affinity, by which
// others that come by know that it is not for them. Another CPU reads it while it is written, the affinity last.
extern volatile uintptr_t tvisor_starting[3];
static inline void set_secondary_start(uintptr_t stack_end, uintptr_t record, uintptr_t affinity) {
  tvisor_starting[2] = ~(uintptr_t)0;
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  tvisor_starting[0] = stack_end;
  tvisor_starting[1] = record;
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  tvisor_starting[2] = affinity;
}

#endif
