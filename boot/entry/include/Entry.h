// What the linker script and the entry code give to Swift.

#ifndef TVISOR_ENTRY_H
#define TVISOR_ENTRY_H

#include <stdint.h>

// Addresses that the linker script defines; only the addresses mean something.
extern char tvisor_image_start[], tvisor_image_end[], tvisor_tables[], tvisor_stack_start[], tvisor_stack_end[];

#define TVISOR_ADDRESS(name) \
  static inline uintptr_t address_of_##name(void) { return (uintptr_t)tvisor_##name; }
TVISOR_ADDRESS(image_start)
TVISOR_ADDRESS(image_end)
TVISOR_ADDRESS(tables)
TVISOR_ADDRESS(stack_start)
TVISOR_ADDRESS(stack_end)

#endif
