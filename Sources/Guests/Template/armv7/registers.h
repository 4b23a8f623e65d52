// The system registers that the machine's code needs, under names that both instruction sets have.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define READ(name, place) \
  static inline uint32_t name(void) { uint32_t value; __asm__ volatile("mrc p15, " place : "=r"(value)); return value; }
#define WRITE(name, place) \
  static inline void name(uint32_t value) { __asm__ volatile("mcr p15, " place "\n isb" : : "r"(value) : "memory"); }

READ(counter_frequency, "0, %0, c14, c0, 0")
WRITE(write_timer_control, "0, %0, c14, c3, 1")
// GICv3's CPU interface: ICC_SRE, ICC_PMR, ICC_IGRPEN1, ICC_IAR1, ICC_EOIR1.
READ(read_gic_enable, "0, %0, c12, c12, 5")
WRITE(write_gic_enable, "0, %0, c12, c12, 5")
WRITE(write_gic_mask, "0, %0, c4, c6, 0")
WRITE(write_gic_group, "0, %0, c12, c12, 7")
READ(read_gic_acknowledge, "0, %0, c12, c12, 0")
WRITE(write_gic_end, "0, %0, c12, c12, 1")
READ(read_features, "0, %0, c0, c1, 1")

static inline uint64_t counter(void) {
  uint32_t low, high;
  __asm__ volatile("mrrc p15, 1, %0, %1, c14" : "=r"(low), "=r"(high));
  return (uint64_t)high << 32 | low;
}

static inline void write_timer_compare(uint64_t value) {
  __asm__ volatile("mcrr p15, 3, %0, %1, c14\n isb" : : "r"((uint32_t)value), "r"((uint32_t)(value >> 32)));
}

// ID_PFR1.GIC.
static inline bool has_gic_registers(void) { return read_features() >> 28 != 0; }

static inline void mask_interrupts(void) { __asm__ volatile("cpsid i" : : : "memory"); }
static inline void unmask_interrupts(void) { __asm__ volatile("cpsie i" : : : "memory"); }

// A call of the firmware (PSCI).
static inline void call_firmware(uint32_t function) {
  register uint32_t r0 __asm__("r0") = function;
  __asm__ volatile(".arch_extension virt\n hvc #0" : "+r"(r0) : : "r1", "r2", "r3", "memory");
}
