// What the linker script and the entry code give to Swift, and the few C functions that the compiler, the Swift library
// and libfdt call.

#ifndef TVISOR_ENTRY_H
#define TVISOR_ENTRY_H

#include <stdint.h>

// Addresses that the linker script defines; only the addresses mean something.
extern char tvisor_image_start[], tvisor_text_end[], tvisor_rodata_end[], tvisor_file_end[];
extern char tvisor_image_end[], tvisor_tables[];
extern char tvisor_stack_guard[], tvisor_stack_start[], tvisor_stack_end[], tvisor_emergency_stack_end[];

#endif
