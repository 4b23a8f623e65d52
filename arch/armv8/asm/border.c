// For a host build, which has no vectors.S: SwiftPM wants a symbol for what the header declares. Weak,
// because a program of tests holds both backends.
#include "ARMv8Assembly.h"

#if !defined(__aarch64__)
__attribute__((weak)) void save_floating_point(void *state) { (void)state; }
__attribute__((weak)) void load_floating_point(const void *state) { (void)state; }
__attribute__((weak)) uint64_t read_identification(uint64_t crm, uint64_t op2) { return (void)crm, (void)op2, 0; }
__attribute__((weak)) uint64_t read_debug_register(uint64_t index) { return (void)index, 0; }
__attribute__((weak)) void write_debug_register(uint64_t index, uint64_t value) { (void)index, (void)value; }
__attribute__((weak)) void load_breakpoints(const uint64_t *registers, uint64_t last) { (void)registers, (void)last; }
__attribute__((weak)) void load_watchpoints(const uint64_t *registers, uint64_t last) { (void)registers, (void)last; }
__attribute__((weak)) void clear_breakpoints(uint64_t last) { (void)last; }
__attribute__((weak)) void clear_watchpoints(uint64_t last) { (void)last; }
__attribute__((weak)) uint64_t call_secure_monitor(uint64_t function, uint64_t first, uint64_t second, uint64_t third) {
  return (void)function, (void)first, (void)second, (void)third, ~0ull;
}
__attribute__((weak)) uint64_t take_system_error(void) { return 0; }
__attribute__((weak)) uint32_t dare_load32(uintptr_t address) { return (void)address, ~0u; }
__attribute__((weak)) _Noreturn void enter_guest(void *frame) {
  (void)frame;
  __builtin_trap();
}
#endif
