// Accesses of the hostile guest that no well-behaved driver makes. None of them checks anything: Swift does, around them.
#ifndef GUEST_HOSTILE_H
#define GUEST_HOSTILE_H

#include <stdint.h>

#include "GuestMemory.h"
#include "GuestRegisters.h"

// Lets the guest use FP and SIMD: CPACR_EL1.FPEN.
static inline void hostile_allow_vectors(void) { guest_write_cpacr(3 << 20); }

// hostile-armv8.S
uint64_t hostile_vectors_survive(uint64_t seed, uint64_t end);
void hostile_fill_vectors(uint64_t seed);
uint64_t hostile_compare_vectors(uint64_t seed);
uint64_t hostile_load_vector(uint64_t address, uint64_t untouched);
void hostile_store_vector(uint64_t address);
extern uint32_t hostile_patch[4];
static inline uint64_t hostile_patch_address(void) { return (uint64_t)hostile_patch; }

// Runs one instruction given by its encoding, with x0 in and out.
static inline uint64_t hostile_execute(uint32_t instruction, uint64_t value) {
  *(volatile uint32_t *)hostile_patch = instruction;
  __asm__ volatile("dc cvau, %0; dsb ish; ic ivau, %0; dsb ish; isb" ::"r"(hostile_patch) : "memory");
  register uint64_t x0 __asm__("x0") = value;
  __asm__ volatile("blr %1"
                   : "+r"(x0)
                   : "r"(hostile_patch)
                   : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
                     "x16", "x17", "x18", "x30", "cc", "memory");
  return x0;
}

// Fetches an instruction at the address. The handler returns from the call where the fetch aborts.
static inline void hostile_fetch(uint64_t address) {
  __asm__ volatile("blr %0" ::"r"(address)
                   : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
                     "x15", "x16", "x17", "x18", "x30", "cc", "memory");
}

struct hostile_pair {
  uint64_t first;
  uint64_t second;
};
static inline struct hostile_pair hostile_load_pair(uint64_t address) {
  struct hostile_pair pair = {guest_untouched, guest_untouched};
  __asm__ volatile("ldp %w0, %w1, [%2]" : "+r"(pair.first), "+r"(pair.second) : "r"(address) : "memory");
  return pair;
}
static inline void hostile_store_pair(uint64_t address, uint64_t first, uint64_t second) {
  __asm__ volatile("stp %w0, %w1, [%2]" ::"r"(first), "r"(second), "r"(address) : "memory");
}
// The value, and the address as the instruction left it.
static inline struct hostile_pair hostile_load_after(uint64_t address) {
  struct hostile_pair pair = {guest_untouched, address};
  __asm__ volatile("ldr %w0, [%1], #4" : "+r"(pair.first), "+r"(pair.second)::"memory");
  return pair;
}
// The address as the instruction left it.
static inline uint64_t hostile_store_before(uint64_t address, uint64_t value) {
  __asm__ volatile("str %w1, [%0, #4]!" : "+r"(address) : "r"(value) : "memory");
  return address;
}
static inline uint64_t hostile_load_exclusive(uint64_t address) {
  uint64_t value = guest_untouched;
  __asm__ volatile("ldxr %w0, [%1]; clrex" : "+r"(value) : "r"(address) : "memory");
  return value;
}

// Loads that extend the sign, into the 32-bit and the 64-bit form of a register.
#define HOSTILE_SIGNED_LOAD(name, instruction, form)                                                       \
  static inline uint64_t hostile_load_##name(uint64_t address) {                                           \
    uint64_t value = guest_untouched;                                                                      \
    __asm__ volatile(instruction " %" form "0, [%1]" : "+r"(value) : "r"(address) : "memory");             \
    return value;                                                                                          \
  }
HOSTILE_SIGNED_LOAD(signed_byte, "ldrsb", "w")
HOSTILE_SIGNED_LOAD(signed_byte_long, "ldrsb", "x")
HOSTILE_SIGNED_LOAD(signed_word_long, "ldrsw", "x")
static inline void hostile_load_nowhere(uint64_t address) {
  __asm__ volatile("ldr wzr, [%0]" ::"r"(address) : "memory");
}
static inline void hostile_store_zero_register(uint64_t address) {
  __asm__ volatile("str wzr, [%0]" ::"r"(address) : "memory");
}

static const uint64_t hostile_upper_address = 0xffffff8000001000u;
// Gives the upper half of the address space, which the guests do not use, a level-1 table at `table`; and takes it back.
static inline void hostile_use_upper_table(uint64_t table) {
  uint64_t control;
  __asm__ volatile("mrs %0, tcr_el1" : "=r"(control));
  control = (control & ~(0xffffull << 16)) | 25ull << 16 | 1ull << 24 | 1ull << 26 | 3ull << 28 | 2ull << 30;
  __asm__ volatile("msr ttbr1_el1, %0; msr tcr_el1, %1; isb; tlbi vmalle1; dsb nsh; isb" ::"r"(table), "r"(control)
                   : "memory");
}
static inline void hostile_drop_upper_table(void) {
  uint64_t control;
  __asm__ volatile("mrs %0, tcr_el1" : "=r"(control));
  __asm__ volatile("msr tcr_el1, %0; isb; tlbi vmalle1; dsb nsh; isb" ::"r"(control | 1ull << 23) : "memory");
}

#define HOSTILE_MAINTENANCE(name, instruction)                                 \
  static inline void hostile_##name(uint64_t value) {                         \
    __asm__ volatile(instruction ", %0" ::"r"(value) : "memory");              \
    __asm__ volatile("dsb sy; isb" ::: "memory");                              \
  }
HOSTILE_MAINTENANCE(dc_cvac, "dc cvac")
HOSTILE_MAINTENANCE(dc_civac, "dc civac")
HOSTILE_MAINTENANCE(dc_ivac, "dc ivac")
HOSTILE_MAINTENANCE(dc_zva, "dc zva")
HOSTILE_MAINTENANCE(ic_ivau, "ic ivau")
HOSTILE_MAINTENANCE(dc_isw, "dc isw")
HOSTILE_MAINTENANCE(dc_csw, "dc csw")
HOSTILE_MAINTENANCE(dc_cisw, "dc cisw")
HOSTILE_MAINTENANCE(tlbi_vae1, "tlbi vae1")
HOSTILE_MAINTENANCE(tlbi_vaae1is, "tlbi vaae1is")
HOSTILE_MAINTENANCE(tlbi_aside1is, "tlbi aside1is")

#endif
