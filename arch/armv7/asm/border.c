// For a host build, which has no vectors.S: SwiftPM wants a symbol for what the header declares. Weak,
// because a program of tests holds both backends.
#include "ARMv7Assembly.h"

#if !defined(__arm__)
__attribute__((weak)) uint32_t read_fpexc(void) { return 0; }
__attribute__((weak)) void write_fpexc(uint32_t value) { (void)value; }
__attribute__((weak)) void save_guest_registers(struct guest_registers *registers) { (void)registers; }
__attribute__((weak)) void load_guest_registers(const struct guest_registers *registers) { (void)registers; }
__attribute__((weak)) void save_floating_point(void *state) { (void)state; }
__attribute__((weak)) void load_floating_point(const void *state) { (void)state; }
__attribute__((weak)) uint32_t read_identification(uint32_t crm, uint32_t op2) { return (void)crm, (void)op2, 0; }
__attribute__((weak)) uint32_t read_debug_register(uint32_t index) { return (void)index, 0; }
__attribute__((weak)) void write_debug_register(uint32_t index, uint32_t value) { (void)index, (void)value; }
__attribute__((weak)) void load_breakpoints(const uint32_t *registers, uint32_t last) { (void)registers, (void)last; }
__attribute__((weak)) void load_watchpoints(const uint32_t *registers, uint32_t last) { (void)registers, (void)last; }
__attribute__((weak)) void clear_breakpoints(uint32_t last) { (void)last; }
__attribute__((weak)) void clear_watchpoints(uint32_t last) { (void)last; }
__attribute__((weak)) uint32_t call_secure_monitor(uint32_t function, uint32_t first, uint32_t second, uint32_t third) {
  return (void)function, (void)first, (void)second, (void)third, ~0u;
}
__attribute__((weak)) uint32_t take_system_error(void) { return 0; }
__attribute__((weak)) uint32_t dare_load32(uintptr_t address) { return (void)address, ~0u; }
__attribute__((weak)) _Noreturn void enter_guest(void *frame) {
  (void)frame;
  __builtin_trap();
}
#endif
