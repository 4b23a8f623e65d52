// The states that a fuzzing sequence is entered in, and what makes its code and tables seen.
#ifndef GUEST_FUZZ_STATE_H
#define GUEST_FUZZ_STATE_H

#include <stdint.h>

#include "GuestMemory.h"
#include "GuestRegisters.h"

// EL1h, EL1t, EL0t, all masked; User mode of AArch32, all masked.
static const uint64_t fuzz_state_own = 0x3c5;
static const uint64_t fuzz_state_thread = 0x3c4;
static const uint64_t fuzz_state_user = 0x3c0;
static const uint64_t fuzz_state_user32 = 0x1d0;

static inline void fuzz_synchronize_code(uint64_t address) {
  __asm__ volatile("dc cvau, %0; dc cvau, %1; dsb ish; ic ivau, %0; ic ivau, %1; dsb ish; isb" ::"r"(address),
                   "r"(address + 64)
                   : "memory");
}
static inline void fuzz_forget_translations(void) {
  __asm__ volatile("dsb ishst; tlbi vmalle1; dsb nsh; isb" ::: "memory");
}
GUEST_REGISTER(icc_igrpen0, "S3_0_C12_C12_6")
GUEST_REGISTER(icc_ap0r0, "S3_0_C12_C8_4")
GUEST_READ(icc_iar0, "S3_0_C12_C8_0")
GUEST_REGISTER(icc_eoir0, "S3_0_C12_C8_1")
GUEST_REGISTER(icc_dir, "S3_0_C12_C11_1")

#endif
