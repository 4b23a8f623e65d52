// The border between Swift and the hardware that both instruction sets share: device memory, barriers, and the system
// registers of the GICv3 CPU interface and of the generic timer. Swift has no volatile access and no inline assembly.
//
// On a host the functions exist, so that the modules that call them build and their decoders can be tested; nothing that
// a host test runs calls the ones that need the hardware.

#ifndef TVISOR_ARM_REGISTERS_H
#define TVISOR_ARM_REGISTERS_H

#include <stdint.h>

// Always: what is one instruction must not become a call where the two languages' target flags differ in a detail.
#ifndef INLINE
#define INLINE static inline __attribute__((always_inline))
#endif

// Device memory, by virtual address. One load or store each, of exactly that width.
#define TVISOR_DEVICE_ACCESS(bits)                                                                  \
  INLINE uint##bits##_t device_load##bits(uintptr_t address) {                               \
    return *(volatile uint##bits##_t *)address;                                                     \
  }                                                                                                 \
  INLINE void device_store##bits(uintptr_t address, uint##bits##_t value) {                  \
    *(volatile uint##bits##_t *)address = value;                                                    \
  }
TVISOR_DEVICE_ACCESS(8)
TVISOR_DEVICE_ACCESS(16)
TVISOR_DEVICE_ACCESS(32)
TVISOR_DEVICE_ACCESS(64)

#if defined(__aarch64__) || defined(__arm__)
#define TVISOR_ASM(text) __asm__ volatile(text ::: "memory")
#else
#define TVISOR_ASM(text) __atomic_thread_fence(__ATOMIC_SEQ_CST)
#endif

// Named memory ordering (DDI 0487, B2.3 and B2.7).
/// Everything before is complete, for every observer in the system, before anything after starts.
INLINE void barrier_complete(void) { TVISOR_ASM("dsb sy"); }
/// The same among the inner-shareable CPUs.
INLINE void barrier_complete_inner(void) { TVISOR_ASM("dsb ish"); }
/// Context changes before take effect for instructions after.
INLINE void barrier_instruction(void) { TVISOR_ASM("isb"); }
/// Waits for an interrupt, which may be masked.
INLINE void wait_for_interrupt(void) { TVISOR_ASM("dsb sy\n\twfi"); }
/// Tells the core that this is a waiting loop.
INLINE void spin_hint(void) { TVISOR_ASM("yield"); }

// One pair of functions for each system register, 64 bits wide on both instruction sets. What names the register is its
// AArch64 encoding or name, and where CP15 has it:
//   TVISOR_REGISTER(name, AArch64, opc1, CRn, CRm, opc2)   by MRC and MCR
//   TVISOR_WIDE_REGISTER(name, AArch64, opc1, CRm)         by MRRC and MCRR
//   TVISOR_SPLIT_REGISTER(name, AArch64, CRm, opc2, CRm, opc2)   its lower and its upper half, of opc1 4 and CRn c12
#if defined(__aarch64__)
#define TVISOR_REGISTER(name, encoding, ...)                                                         \
  INLINE uint64_t read_##name(void) {                                                        \
    uint64_t value;                                                                                 \
    __asm__ volatile("mrs %0, " #encoding : "=r"(value));                                           \
    return value;                                                                                   \
  }                                                                                                 \
  INLINE void write_##name(uint64_t value) { __asm__ volatile("msr " #encoding ", %0" ::"r"(value)); }
#define TVISOR_WIDE_REGISTER TVISOR_REGISTER
#define TVISOR_SPLIT_REGISTER TVISOR_REGISTER
#elif defined(__arm__)
#define TVISOR_REGISTER(name, encoding, opc1, crn, crm, opc2)                                        \
  INLINE uint64_t read_##name(void) {                                                        \
    uint32_t value;                                                                                 \
    __asm__ volatile("mrc p15, " #opc1 ", %0, " #crn ", " #crm ", " #opc2 : "=r"(value)::"memory"); \
    return value;                                                                                   \
  }                                                                                                 \
  INLINE void write_##name(uint64_t value) {                                                 \
    __asm__ volatile("mcr p15, " #opc1 ", %0, " #crn ", " #crm ", " #opc2 ::"r"((uint32_t)value)    \
                     : "memory");                                                                   \
  }
#define TVISOR_WIDE_REGISTER(name, encoding, opc1, crm)                                              \
  INLINE uint64_t read_##name(void) {                                                        \
    uint64_t value;                                                                                 \
    __asm__ volatile("mrrc p15, " #opc1 ", %Q0, %R0, " #crm : "=r"(value)::"memory");               \
    return value;                                                                                   \
  }                                                                                                 \
  INLINE void write_##name(uint64_t value) {                                                 \
    __asm__ volatile("mcrr p15, " #opc1 ", %Q0, %R0, " #crm ::"r"(value) : "memory");               \
  }
#define TVISOR_SPLIT_REGISTER(name, encoding, crm, opc2, upper_crm, upper_opc2)                      \
  INLINE uint64_t read_##name(void) {                                                        \
    uint32_t lower, upper;                                                                          \
    __asm__ volatile("mrc p15, 4, %0, c12, " #crm ", " #opc2 : "=r"(lower)::"memory");              \
    __asm__ volatile("mrc p15, 4, %0, c12, " #upper_crm ", " #upper_opc2 : "=r"(upper)::"memory");  \
    return (uint64_t)upper << 32 | lower;                                                           \
  }                                                                                                 \
  INLINE void write_##name(uint64_t value) {                                                 \
    __asm__ volatile("mcr p15, 4, %0, c12, " #crm ", " #opc2 ::"r"((uint32_t)value) : "memory");    \
    __asm__ volatile("mcr p15, 4, %0, c12, " #upper_crm ", " #upper_opc2 ::"r"((uint32_t)(value >> 32)) \
                     : "memory");                                                                   \
  }
#else
#define TVISOR_REGISTER(name, ...)                                                                   \
  INLINE uint64_t read_##name(void) { return 0; }                                            \
  INLINE void write_##name(uint64_t value) { (void)value; }
#define TVISOR_WIDE_REGISTER TVISOR_REGISTER
#define TVISOR_SPLIT_REGISTER TVISOR_REGISTER
#endif

// Which interrupts wait for this CPU while it masks them: ISR_EL1, ISR.
TVISOR_REGISTER(isr, S3_0_C12_C1_0, 0, c12, c1, 0)

// GICv3 CPU interface (IHI 0069, 12.2), by encoding because old assemblers lack the names.
TVISOR_REGISTER(icc_iar1, S3_0_C12_C12_0, 0, c12, c12, 0)
TVISOR_REGISTER(icc_eoir1, S3_0_C12_C12_1, 0, c12, c12, 1)
TVISOR_REGISTER(icc_dir, S3_0_C12_C11_1, 0, c12, c11, 1)
TVISOR_REGISTER(icc_pmr, S3_0_C4_C6_0, 0, c4, c6, 0)
TVISOR_REGISTER(icc_bpr1, S3_0_C12_C12_3, 0, c12, c12, 3)
TVISOR_REGISTER(icc_ctlr, S3_0_C12_C12_4, 0, c12, c12, 4)
TVISOR_REGISTER(icc_ap1r0, S3_0_C12_C9_0, 0, c12, c9, 0)
TVISOR_REGISTER(icc_ap1r1, S3_0_C12_C9_1, 0, c12, c9, 1)
TVISOR_REGISTER(icc_ap1r2, S3_0_C12_C9_2, 0, c12, c9, 2)
TVISOR_REGISTER(icc_ap1r3, S3_0_C12_C9_3, 0, c12, c9, 3)
TVISOR_REGISTER(icc_igrpen1, S3_0_C12_C12_7, 0, c12, c12, 7)
TVISOR_WIDE_REGISTER(icc_sgi1r, S3_0_C12_C11_5, 0, c12)
TVISOR_REGISTER(icc_sre_el2, S3_4_C12_C9_5, 4, c12, c9, 5)
TVISOR_REGISTER(icc_sre_el1, S3_0_C12_C12_5, 0, c12, c12, 5)

// GICv3 virtual CPU interface (IHI 0069, 12.4).
TVISOR_REGISTER(ich_hcr, S3_4_C12_C11_0, 4, c12, c11, 0)
TVISOR_REGISTER(ich_vtr, S3_4_C12_C11_1, 4, c12, c11, 1)
TVISOR_REGISTER(ich_misr, S3_4_C12_C11_2, 4, c12, c11, 2)
TVISOR_REGISTER(ich_eisr, S3_4_C12_C11_3, 4, c12, c11, 3)
TVISOR_REGISTER(ich_elrsr, S3_4_C12_C11_5, 4, c12, c11, 5)
TVISOR_REGISTER(ich_vmcr, S3_4_C12_C11_7, 4, c12, c11, 7)
TVISOR_REGISTER(ich_ap0r0, S3_4_C12_C8_0, 4, c12, c8, 0)
TVISOR_REGISTER(ich_ap0r1, S3_4_C12_C8_1, 4, c12, c8, 1)
TVISOR_REGISTER(ich_ap0r2, S3_4_C12_C8_2, 4, c12, c8, 2)
TVISOR_REGISTER(ich_ap0r3, S3_4_C12_C8_3, 4, c12, c8, 3)
TVISOR_REGISTER(ich_ap1r0, S3_4_C12_C9_0, 4, c12, c9, 0)
TVISOR_REGISTER(ich_ap1r1, S3_4_C12_C9_1, 4, c12, c9, 1)
TVISOR_REGISTER(ich_ap1r2, S3_4_C12_C9_2, 4, c12, c9, 2)
TVISOR_REGISTER(ich_ap1r3, S3_4_C12_C9_3, 4, c12, c9, 3)
TVISOR_SPLIT_REGISTER(ich_lr0, S3_4_C12_C12_0, c12, 0, c14, 0)
TVISOR_SPLIT_REGISTER(ich_lr1, S3_4_C12_C12_1, c12, 1, c14, 1)
TVISOR_SPLIT_REGISTER(ich_lr2, S3_4_C12_C12_2, c12, 2, c14, 2)
TVISOR_SPLIT_REGISTER(ich_lr3, S3_4_C12_C12_3, c12, 3, c14, 3)
TVISOR_SPLIT_REGISTER(ich_lr4, S3_4_C12_C12_4, c12, 4, c14, 4)
TVISOR_SPLIT_REGISTER(ich_lr5, S3_4_C12_C12_5, c12, 5, c14, 5)
TVISOR_SPLIT_REGISTER(ich_lr6, S3_4_C12_C12_6, c12, 6, c14, 6)
TVISOR_SPLIT_REGISTER(ich_lr7, S3_4_C12_C12_7, c12, 7, c14, 7)
TVISOR_SPLIT_REGISTER(ich_lr8, S3_4_C12_C13_0, c13, 0, c15, 0)
TVISOR_SPLIT_REGISTER(ich_lr9, S3_4_C12_C13_1, c13, 1, c15, 1)
TVISOR_SPLIT_REGISTER(ich_lr10, S3_4_C12_C13_2, c13, 2, c15, 2)
TVISOR_SPLIT_REGISTER(ich_lr11, S3_4_C12_C13_3, c13, 3, c15, 3)
TVISOR_SPLIT_REGISTER(ich_lr12, S3_4_C12_C13_4, c13, 4, c15, 4)
TVISOR_SPLIT_REGISTER(ich_lr13, S3_4_C12_C13_5, c13, 5, c15, 5)
TVISOR_SPLIT_REGISTER(ich_lr14, S3_4_C12_C13_6, c13, 6, c15, 6)
TVISOR_SPLIT_REGISTER(ich_lr15, S3_4_C12_C13_7, c13, 7, c15, 7)

// Generic timer (DDI 0487, D12; DDI 0406C, B8): what the hypervisor itself uses.
TVISOR_REGISTER(counter_frequency, cntfrq_el0, 0, c14, c0, 0)
TVISOR_REGISTER(cnthp_ctl, cnthp_ctl_el2, 4, c14, c2, 1)
TVISOR_WIDE_REGISTER(cnthp_cval, cnthp_cval_el2, 6, c14)

/// The physical counter, read in program order (DDI 0487, D12.1.2; DDI 0406C, B8.1.1).
INLINE uint64_t read_physical_counter(void) {
#if defined(__aarch64__)
  uint64_t value;
  __asm__ volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(value)::"memory");
  return value;
#elif defined(__arm__)
  uint64_t value;
  __asm__ volatile("isb\n\tmrrc p15, 0, %Q0, %R0, c14" : "=r"(value)::"memory");
  return value;
#else
  return 0;
#endif
}

#endif
