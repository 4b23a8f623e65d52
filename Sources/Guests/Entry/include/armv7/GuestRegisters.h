// System registers (CP15) by the names of their 64-bit kin. A 32-bit register reads with zeros above.
#ifndef GUEST_REGISTERS_H
#define GUEST_REGISTERS_H

#include <stdbool.h>
#include <stdint.h>

#define GUEST_READ(name, opc1, crn, crm, opc2)                                                            \
  static inline uint64_t guest_read_##name(void) {                                                        \
    uint32_t value;                                                                                       \
    __asm__ volatile("mrc p15, " #opc1 ", %0, " #crn ", " #crm ", " #opc2 : "=r"(value)::"memory");       \
    return value;                                                                                         \
  }
#define GUEST_WRITE(name, opc1, crn, crm, opc2)                                                           \
  static inline void guest_write_##name(uint64_t value) {                                                 \
    __asm__ volatile("mcr p15, " #opc1 ", %0, " #crn ", " #crm ", " #opc2 "; isb" ::"r"((uint32_t)value)  \
                     : "memory");                                                                         \
  }
#define GUEST_REGISTER(name, opc1, crn, crm, opc2) \
  GUEST_READ(name, opc1, crn, crm, opc2)           \
  GUEST_WRITE(name, opc1, crn, crm, opc2)
#define GUEST_LONG_WRITE(name, opc1, crm)                                                             \
  static inline void guest_write_##name(uint64_t value) {                                             \
    __asm__ volatile("mcrr p15, " #opc1 ", %Q0, %R0, " #crm "; isb" ::"r"(value) : "memory");         \
  }
#define GUEST_LONG_REGISTER(name, opc1, crm)                                                          \
  static inline uint64_t guest_read_##name(void) {                                                    \
    uint64_t value;                                                                                   \
    __asm__ volatile("mrrc p15, " #opc1 ", %Q0, %R0, " #crm : "=r"(value)::"memory");                 \
    return value;                                                                                     \
  }                                                                                                   \
  GUEST_LONG_WRITE(name, opc1, crm)

GUEST_READ(mpidr, 0, c0, c0, 5)
GUEST_READ(midr, 0, c0, c0, 0)
GUEST_READ(id_pfr1, 0, c0, c1, 1)
GUEST_READ(id_dfr0, 0, c0, c1, 2)
GUEST_REGISTER(vbar, 0, c12, c0, 0)
// Debug exceptions are aborts like others here.
static inline void guest_stop_debugging(void) {}
GUEST_REGISTER(cpacr, 0, c1, c0, 2)
// True where the CPU has the registers of a GICv3 (ID_PFR1.GIC).
static inline bool guest_has_gic_registers(void) { return (guest_read_id_pfr1() >> 28 & 15) != 0; }

GUEST_READ(cntfrq, 0, c14, c0, 0)
GUEST_REGISTER(cntv_ctl, 0, c14, c3, 1)
GUEST_LONG_REGISTER(cntv_cval, 3, c14)
GUEST_REGISTER(cntv_tval, 0, c14, c3, 0)
GUEST_REGISTER(cntp_ctl, 0, c14, c2, 1)
GUEST_LONG_REGISTER(cntp_cval, 2, c14)
GUEST_REGISTER(cntp_tval, 0, c14, c2, 0)

// PSCI's calls with an address in them, as a 32-bit caller makes them (Arm DEN 0022 §5.1).
static const uint64_t guest_psci_cpu_on = 0x84000003u;
static const uint64_t guest_psci_affinity_info = 0x84000004u;

// The counters, not read ahead of what comes before them.
static inline uint64_t guest_virtual_count(void) {
  uint64_t value;
  __asm__ volatile("isb; mrrc p15, 1, %Q0, %R0, c14" : "=r"(value)::"memory");
  return value;
}
static inline uint64_t guest_physical_count(void) {
  uint64_t value;
  __asm__ volatile("isb; mrrc p15, 0, %Q0, %R0, c14" : "=r"(value)::"memory");
  return value;
}

// The GICv3 CPU interface, group 1 (IHI 0069 §12.5).
GUEST_READ(icc_iar1, 0, c12, c12, 0)
GUEST_WRITE(icc_eoir1, 0, c12, c12, 1)
GUEST_REGISTER(icc_ap1r0, 0, c12, c9, 0)
GUEST_REGISTER(icc_bpr1, 0, c12, c12, 3)
GUEST_REGISTER(icc_ctlr, 0, c12, c12, 4)
GUEST_REGISTER(icc_sre, 0, c12, c12, 5)
GUEST_REGISTER(icc_igrpen1, 0, c12, c12, 7)
GUEST_REGISTER(icc_pmr, 0, c4, c6, 0)
GUEST_LONG_WRITE(icc_sgi1r, 0, c12)

#endif
