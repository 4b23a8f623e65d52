// EL1's registers that have two names at EL2 (DDI 0487, D19.1 and the table of redirected registers in D1.8): their own with
// HCR_EL2.E2H = 0; another with E2H = 1, where the first one means EL2's register of that kind. The other name is given
// by its encoding, because assemblers know it only for CPUs that have it.
//
// The first argument says whether EL1's names are redirected to EL2's. Where it is a constant, one instruction remains.

#ifndef TVISOR_GUEST_REGISTER_NAMES_H
#define TVISOR_GUEST_REGISTER_NAMES_H

#if defined(__aarch64__)
#define ARMV8_GUEST_REGISTER(name, own, redirected)                                                 \
  INLINE uint64_t read_guest_##name(bool is_redirected) {                                           \
    uint64_t value;                                                                                 \
    if (is_redirected)                                                                              \
      __asm__ volatile("mrs %0, " #redirected : "=r"(value));                                       \
    else                                                                                            \
      __asm__ volatile("mrs %0, " #own : "=r"(value));                                              \
    return value;                                                                                   \
  }                                                                                                 \
  INLINE void write_guest_##name(bool is_redirected, uint64_t value) {                              \
    if (is_redirected)                                                                              \
      __asm__ volatile("msr " #redirected ", %0" ::"r"(value));                                     \
    else                                                                                            \
      __asm__ volatile("msr " #own ", %0" ::"r"(value));                                            \
  }
/// HCR_EL2.E2H of this CPU. Not volatile: it is as entry code left it, for as long as the image runs.
INLINE bool redirects_el1_names(void) {
  uint64_t value;
  __asm__("mrs %0, hcr_el2" : "=r"(value));
  return value >> 34 & 1;
}
#else
#define ARMV8_GUEST_REGISTER(name, own, redirected)                                                 \
  INLINE uint64_t read_guest_##name(bool is_redirected) { return (void)is_redirected, 0; }          \
  INLINE void write_guest_##name(bool is_redirected, uint64_t value) { (void)is_redirected, (void)value; }
INLINE bool redirects_el1_names(void) { return false; }
#endif

ARMV8_GUEST_REGISTER(sctlr, sctlr_el1, S3_5_C1_C0_0)
ARMV8_GUEST_REGISTER(cpacr, cpacr_el1, S3_5_C1_C0_2)
ARMV8_GUEST_REGISTER(ttbr0, ttbr0_el1, S3_5_C2_C0_0)
ARMV8_GUEST_REGISTER(ttbr1, ttbr1_el1, S3_5_C2_C0_1)
ARMV8_GUEST_REGISTER(tcr, tcr_el1, S3_5_C2_C0_2)
ARMV8_GUEST_REGISTER(spsr, spsr_el1, S3_5_C4_C0_0)
ARMV8_GUEST_REGISTER(elr, elr_el1, S3_5_C4_C0_1)
ARMV8_GUEST_REGISTER(afsr0, afsr0_el1, S3_5_C5_C1_0)
ARMV8_GUEST_REGISTER(afsr1, afsr1_el1, S3_5_C5_C1_1)
ARMV8_GUEST_REGISTER(esr, esr_el1, S3_5_C5_C2_0)
ARMV8_GUEST_REGISTER(far, far_el1, S3_5_C6_C0_0)
ARMV8_GUEST_REGISTER(mair, mair_el1, S3_5_C10_C2_0)
ARMV8_GUEST_REGISTER(amair, amair_el1, S3_5_C10_C3_0)
ARMV8_GUEST_REGISTER(vbar, vbar_el1, S3_5_C12_C0_0)
ARMV8_GUEST_REGISTER(contextidr, contextidr_el1, S3_5_C13_C0_1)
ARMV8_GUEST_REGISTER(cntkctl, cntkctl_el1, S3_5_C14_C1_0)
ARMV8_GUEST_REGISTER(cntv_ctl, cntv_ctl_el0, S3_5_C14_C3_1)
ARMV8_GUEST_REGISTER(cntv_cval, cntv_cval_el0, S3_5_C14_C3_2)

#endif
