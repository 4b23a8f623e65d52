// Accesses of the guest that disturbs which one instruction makes of many.
#ifndef GUEST_DISTURB_MANY_H
#define GUEST_DISTURB_MANY_H

#include <stdint.h>

// Eight words of a device, as many registers as the compiler can spare.
enum { disturb_many = 8 };
static inline void disturb_store_many(uint64_t address, uint64_t value) {
  register uint32_t place __asm__("r12") = (uint32_t)address;
  register uint32_t word __asm__("r0") = (uint32_t)value;
  __asm__ volatile(
      "mov r1, r0; mov r2, r0; mov r3, r0; mov r4, r0; mov r5, r0; mov r8, r0; mov r9, r0;"
      "stm r12, {r0-r5, r8, r9}" ::"r"(place), "r"(word) : "r1", "r2", "r3", "r4", "r5", "r8", "r9", "memory");
}
static inline void disturb_load_many(uint64_t address) {
  register uint32_t place __asm__("r12") = (uint32_t)address;
  __asm__ volatile("ldm r12, {r0-r5, r8, r9}" ::"r"(place)
                   : "r0", "r1", "r2", "r3", "r4", "r5", "r8", "r9", "memory");
}

// Busy for so many rounds of two instructions. It does not yield: QEMU would look each time for somebody else to run.
static inline void disturb_spin(uint64_t rounds) {
  uint32_t count = (uint32_t)rounds;
  __asm__ volatile("0: subs %0, %0, #1; bne 0b" : "+r"(count)::"cc");
}
static inline void disturb_wait_for_event(void) { __asm__ volatile("wfe" ::: "memory"); }
// TLBIALLIS.
static inline void disturb_forget_translations(void) {
  __asm__ volatile("mcr p15, 0, %0, c8, c3, 0; dsb ish; isb" ::"r"(0) : "memory");
}
// DCCISW, the first level's data cache.
static inline void disturb_clean_line(uint64_t line) {
  __asm__ volatile("mcr p15, 0, %0, c7, c14, 2" ::"r"((uint32_t)(line << 6 & 0x1fff)) : "memory");
}

#endif
