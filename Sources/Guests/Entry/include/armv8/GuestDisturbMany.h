// Accesses of the guest that disturbs which one instruction makes of many.
#ifndef GUEST_DISTURB_MANY_H
#define GUEST_DISTURB_MANY_H

#include <stdint.h>

// Four words of a device, as many as a pair of registers has.
enum { disturb_many = 4 };
static inline void disturb_store_many(uint64_t address, uint64_t value) {
  value |= value << 32;
  __asm__ volatile("stp %0, %0, [%1]" ::"r"(value), "r"(address) : "memory");
}
static inline void disturb_load_many(uint64_t address) {
  uint64_t low, high;
  __asm__ volatile("ldp %0, %1, [%2]" : "=&r"(low), "=&r"(high) : "r"(address) : "memory");
}

// Busy for so many rounds of two instructions. It does not yield: QEMU would look each time for somebody else to run.
static inline void disturb_spin(uint64_t rounds) {
  __asm__ volatile("0: subs %0, %0, #1; b.ne 0b" : "+r"(rounds)::"cc");
}
static inline void disturb_wait_for_event(void) { __asm__ volatile("wfe" ::: "memory"); }
static inline void disturb_forget_translations(void) {
  __asm__ volatile("tlbi vmalle1is; dsb ish; isb" ::: "memory");
}
// The first level's data cache, by set and way.
static inline void disturb_clean_line(uint64_t line) { __asm__ volatile("dc cisw, %0" ::"r"(line << 6 & 0x1fff) : "memory"); }

#endif
