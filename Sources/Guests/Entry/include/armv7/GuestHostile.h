// Accesses of the hostile guest that no well-behaved driver makes. None of them checks anything: Swift does, around them.
#ifndef GUEST_HOSTILE_H
#define GUEST_HOSTILE_H

#include <stdint.h>

#include "GuestMemory.h"

// hostile-armv7.S
void hostile_allow_vectors(void);
uint64_t hostile_vectors_survive(uint64_t seed, uint64_t end);
void hostile_fill_vectors(uint64_t seed);
uint64_t hostile_compare_vectors(uint64_t seed);
uint32_t hostile_banked_transfers(uint32_t address, uint32_t mode, uint32_t value);
uint64_t hostile_load_in_block(uint32_t address);
uint64_t hostile_load_vector(uint64_t address, uint64_t untouched);
void hostile_store_vector(uint64_t address);
extern uint32_t hostile_patch[2];
static inline uint64_t hostile_vectors_address(void) { return (uint64_t)(uintptr_t)hostile_store_vector; }

// Runs one instruction given by its encoding, with r0 and r1 in and out.
static inline uint64_t hostile_execute(uint32_t instruction, uint64_t value) {
  *(volatile uint32_t *)hostile_patch = instruction;
  // DCCMVAU, ICIMVAU, BPIALL.
  __asm__ volatile(
      "mcr p15, 0, %0, c7, c11, 1; dsb ish; mcr p15, 0, %0, c7, c5, 1; mcr p15, 0, %0, c7, c5, 6; dsb ish; isb" ::"r"(
          hostile_patch)
      : "memory");
  register uint32_t r0 __asm__("r0") = (uint32_t)value;
  register uint32_t r1 __asm__("r1") = (uint32_t)(value >> 32);
  __asm__ volatile("blx %2" : "+r"(r0), "+r"(r1) : "r"(hostile_patch) : "r2", "r3", "r12", "lr", "cc", "memory");
  return (uint64_t)r1 << 32 | r0;
}

// Fetches an instruction at the address. The handler returns from the call where the fetch aborts.
static inline void hostile_fetch(uint64_t address) {
  __asm__ volatile("blx %0" ::"r"((uint32_t)address) : "r0", "r1", "r2", "r3", "r12", "lr", "cc", "memory");
}

struct hostile_pair {
  uint64_t first;
  uint64_t second;
};
// Two words by one instruction whose abort has no valid syndrome (LDM, STM).
static inline struct hostile_pair hostile_load_pair(uint64_t address) {
  register uint32_t first __asm__("r2") = (uint32_t)guest_untouched;
  register uint32_t second __asm__("r3") = (uint32_t)guest_untouched;
  __asm__ volatile("ldm %2, {r2, r3}" : "+r"(first), "+r"(second) : "r"((uint32_t)address) : "memory");
  return (struct hostile_pair){first, second};
}
static inline void hostile_store_pair(uint64_t address, uint64_t first, uint64_t second) {
  register uint32_t low __asm__("r2") = (uint32_t)first;
  register uint32_t high __asm__("r3") = (uint32_t)second;
  __asm__ volatile("stm %2, {r2, r3}" ::"r"(low), "r"(high), "r"((uint32_t)address) : "memory");
}
static inline void hostile_zero_words(uint64_t address) {
  __asm__ volatile("stm %0, {r0-r3, r4, r5, r8, r9}" ::"r"((uint32_t)address) : "memory");
}
// The value, and the address as the instruction left it.
static inline struct hostile_pair hostile_load_after(uint64_t address) {
  uint32_t value = (uint32_t)guest_untouched, place = (uint32_t)address;
  __asm__ volatile("ldr %0, [%1], #4" : "+r"(value), "+r"(place)::"memory");
  return (struct hostile_pair){value, place};
}
// The address as the instruction left it.
static inline uint64_t hostile_store_before(uint64_t address, uint64_t value) {
  uint32_t place = (uint32_t)address;
  __asm__ volatile("str %1, [%0, #4]!" : "+r"(place) : "r"((uint32_t)value) : "memory");
  return place;
}
static inline uint64_t hostile_load_exclusive(uint64_t address) {
  uint32_t value = (uint32_t)guest_untouched;
  __asm__ volatile("ldrex %0, [%1]; clrex" : "+r"(value) : "r"((uint32_t)address) : "memory");
  return value;
}

// Loads that extend the sign; the register has 32 bits, so the rest of the extension is the compiler's.
static inline uint64_t hostile_load_signed_byte(uint64_t address) {
  uint32_t value = (uint32_t)guest_untouched;
  __asm__ volatile("ldrsb %0, [%1]" : "+r"(value) : "r"((uint32_t)address) : "memory");
  return value;
}
static inline uint64_t hostile_load_signed_byte_long(uint64_t address) {
  return (uint64_t)(int64_t)(int32_t)hostile_load_signed_byte(address);
}
static inline uint64_t hostile_load_signed_word_long(uint64_t address) {
  return (uint64_t)(int64_t)(int32_t)guest_load32(address);
}
// The register that an exception banks: here the link register.
static inline void hostile_load_nowhere(uint64_t address) {
  __asm__ volatile("ldr lr, [%0]" ::"r"((uint32_t)address) : "lr", "memory");
}
static inline void hostile_store_zero_register(uint64_t address) {
  __asm__ volatile("mov lr, #0; str lr, [%0]" ::"r"((uint32_t)address) : "lr", "memory");
}

// Gives the last GiB of addresses a level-2 table of its own at `table`, through TTBR1 (TTBCR.T1SZ = 2); and takes it
// back.
static const uint64_t hostile_upper_address = 0xc0001000u;
static inline void hostile_use_upper_table(uint64_t table) {
  uint32_t control;
  __asm__ volatile("mrc p15, 0, %0, c2, c0, 2" : "=r"(control));
  control = (control & ~0x3fff0000u) | 2u << 16 | 1u << 24 | 1u << 26 | 3u << 28;
  __asm__ volatile("mcrr p15, 1, %Q0, %R0, c2; mcr p15, 0, %1, c2, c0, 2; isb; mcr p15, 0, %1, c8, c7, 0; dsb nsh; isb" ::"r"(
                       table),
                   "r"(control)
                   : "memory");
}
static inline void hostile_drop_upper_table(void) {
  uint32_t control;
  __asm__ volatile("mrc p15, 0, %0, c2, c0, 2" : "=r"(control));
  __asm__ volatile("mcr p15, 0, %0, c2, c0, 2; isb; mcr p15, 0, %0, c8, c7, 0; dsb nsh; isb" ::"r"(control & ~0x3fff0000u)
                   : "memory");
}

#define HOSTILE_MAINTENANCE(name, crn, crm, opc2)                                                                 \
  static inline void hostile_##name(uint64_t value) {                                                             \
    __asm__ volatile("mcr p15, 0, %0, " #crn ", " #crm ", " #opc2 ::"r"((uint32_t)value) : "memory");             \
    __asm__ volatile("dsb sy; isb" ::: "memory");                                                                 \
  }
HOSTILE_MAINTENANCE(dc_cvac, c7, c10, 1)
HOSTILE_MAINTENANCE(dc_civac, c7, c14, 1)
HOSTILE_MAINTENANCE(dc_ivac, c7, c6, 1)
HOSTILE_MAINTENANCE(ic_ivau, c7, c5, 1)
HOSTILE_MAINTENANCE(dc_isw, c7, c6, 2)
HOSTILE_MAINTENANCE(dc_csw, c7, c10, 2)
HOSTILE_MAINTENANCE(dc_cisw, c7, c14, 2)
HOSTILE_MAINTENANCE(tlbi_vae1, c8, c7, 1)
HOSTILE_MAINTENANCE(tlbi_vaae1is, c8, c3, 3)
HOSTILE_MAINTENANCE(tlbi_aside1is, c8, c3, 2)

#endif
