// The system registers that the machine's code needs, under names that both instruction sets have.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define READ(name, type, register) \
  static inline type name(void) { uint64_t value; __asm__ volatile("mrs %0, " register : "=r"(value)); return (type)value; }
#define WRITE(name, type, register) \
  static inline void name(type value) { __asm__ volatile("msr " register ", %0\n isb" : : "r"((uint64_t)value) : "memory"); }

READ(counter_frequency, uint32_t, "cntfrq_el0")
READ(counter, uint64_t, "cntvct_el0")
WRITE(write_timer_compare, uint64_t, "cntv_cval_el0")
WRITE(write_timer_control, uint32_t, "cntv_ctl_el0")
// GICv3's CPU interface: ICC_SRE_EL1, ICC_PMR_EL1, ICC_IGRPEN1_EL1, ICC_IAR1_EL1, ICC_EOIR1_EL1.
READ(read_gic_enable, uint32_t, "s3_0_c12_c12_5")
WRITE(write_gic_enable, uint32_t, "s3_0_c12_c12_5")
WRITE(write_gic_mask, uint32_t, "s3_0_c4_c6_0")
WRITE(write_gic_group, uint32_t, "s3_0_c12_c12_7")
READ(read_gic_acknowledge, uint32_t, "s3_0_c12_c12_0")
WRITE(write_gic_end, uint32_t, "s3_0_c12_c12_1")

static inline bool has_gic_registers(void) {
  uint64_t features;
  __asm__ volatile("mrs %0, id_aa64pfr0_el1" : "=r"(features));
  return (features >> 24 & 15) != 0;
}

static inline void mask_interrupts(void) { __asm__ volatile("msr daifset, #2" : : : "memory"); }
static inline void unmask_interrupts(void) { __asm__ volatile("msr daifclr, #2" : : : "memory"); }

// A call of the firmware (PSCI).
static inline void call_firmware(uint32_t function) {
  register uint64_t x0 __asm__("x0") = function;
  __asm__ volatile("hvc #0" : "+r"(x0) : : "x1", "x2", "x3", "memory");
}
