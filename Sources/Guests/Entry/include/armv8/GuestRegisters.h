// System registers by name.
#ifndef GUEST_REGISTERS_H
#define GUEST_REGISTERS_H

#include <stdbool.h>
#include <stdint.h>

#define GUEST_READ(name, encoding)                              \
  static inline uint64_t guest_read_##name(void) {              \
    uint64_t value;                                             \
    __asm__ volatile("mrs %0, " encoding : "=r"(value)::"memory"); \
    return value;                                               \
  }
#define GUEST_REGISTER(name, encoding)                                       \
  GUEST_READ(name, encoding)                                                 \
  static inline void guest_write_##name(uint64_t value) {                    \
    __asm__ volatile("msr " encoding ", %0; isb" ::"r"(value) : "memory");   \
  }

GUEST_READ(mpidr, "mpidr_el1")
GUEST_READ(midr, "midr_el1")
GUEST_READ(id_aa64pfr0, "id_aa64pfr0_el1")
// True where the CPU has the registers of a GICv3 (ID_AA64PFR0_EL1.GIC).
static inline bool guest_has_gic_registers(void) { return (guest_read_id_aa64pfr0() >> 24 & 15) != 0; }
GUEST_READ(id_aa64dfr0, "id_aa64dfr0_el1")
GUEST_REGISTER(vbar, "vbar_el1")
GUEST_REGISTER(cpacr, "cpacr_el1")
GUEST_REGISTER(mdscr, "mdscr_el1")
// No breakpoint, watchpoint or step from now on.
static inline void guest_stop_debugging(void) { guest_write_mdscr(0); }

GUEST_READ(cntfrq, "cntfrq_el0")
GUEST_REGISTER(cntv_ctl, "cntv_ctl_el0")
GUEST_REGISTER(cntv_cval, "cntv_cval_el0")
GUEST_REGISTER(cntv_tval, "cntv_tval_el0")
GUEST_REGISTER(cntp_ctl, "cntp_ctl_el0")
GUEST_REGISTER(cntp_cval, "cntp_cval_el0")
GUEST_REGISTER(cntp_tval, "cntp_tval_el0")

// PSCI's calls with an address in them, as a 64-bit caller makes them (Arm DEN 0022 §5.1).
static const uint64_t guest_psci_cpu_on = 0xc4000003u;
static const uint64_t guest_psci_affinity_info = 0xc4000004u;

// The counters, not read ahead of what comes before them.
static inline uint64_t guest_virtual_count(void) {
  uint64_t value;
  __asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(value)::"memory");
  return value;
}
static inline uint64_t guest_physical_count(void) {
  uint64_t value;
  __asm__ volatile("isb; mrs %0, cntpct_el0" : "=r"(value)::"memory");
  return value;
}

// The GICv3 CPU interface, group 1 (IHI 0069 §12.2).
GUEST_READ(icc_iar1, "S3_0_C12_C12_0")
GUEST_REGISTER(icc_eoir1, "S3_0_C12_C12_1")
GUEST_REGISTER(icc_ap1r0, "S3_0_C12_C9_0")
GUEST_REGISTER(icc_bpr1, "S3_0_C12_C12_3")
GUEST_REGISTER(icc_ctlr, "S3_0_C12_C12_4")
GUEST_REGISTER(icc_sre, "S3_0_C12_C12_5")
GUEST_REGISTER(icc_igrpen1, "S3_0_C12_C12_7")
GUEST_REGISTER(icc_pmr, "S3_0_C4_C6_0")
GUEST_REGISTER(icc_sgi1r, "S3_0_C12_C11_5")

#endif
