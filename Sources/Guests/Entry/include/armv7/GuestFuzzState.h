// The states that a fuzzing sequence is entered in, and what makes its code and tables seen.
#ifndef GUEST_FUZZ_STATE_H
#define GUEST_FUZZ_STATE_H

#include <stdint.h>

#include "GuestMemory.h"
#include "GuestRegisters.h"

// Supervisor, System and User mode, all masked.
static const uint64_t fuzz_state_own = 0x1d3;
static const uint64_t fuzz_state_thread = 0x1df;
static const uint64_t fuzz_state_user = 0x1d0;
static const uint64_t fuzz_state_user32 = 0x1d0;

static inline void fuzz_synchronize_code(uint64_t address) {
  // DCCMVAU, ICIMVAU, BPIALL.
  for (uint32_t line = (uint32_t)address; line < (uint32_t)address + 128; line += 32)
    __asm__ volatile("mcr p15, 0, %0, c7, c11, 1; dsb ish; mcr p15, 0, %0, c7, c5, 1" ::"r"(line) : "memory");
  __asm__ volatile("mcr p15, 0, %0, c7, c5, 6; dsb ish; isb" ::"r"(0) : "memory");
}
static inline void fuzz_forget_translations(void) {
  __asm__ volatile("dsb ishst; mcr p15, 0, %0, c8, c7, 0; dsb nsh; isb" ::"r"(0) : "memory");
}
GUEST_REGISTER(icc_igrpen0, 0, c12, c12, 6)
GUEST_REGISTER(icc_ap0r0, 0, c12, c8, 4)
GUEST_READ(icc_iar0, 0, c12, c8, 0)
GUEST_WRITE(icc_eoir0, 0, c12, c8, 1)
GUEST_WRITE(icc_dir, 0, c12, c11, 1)

#endif
