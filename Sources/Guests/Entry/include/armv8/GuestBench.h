// Timed sequences of the bench: a counter read, the measured instruction, a counter read. Each function answers how far the
// counter went; bench_nothing is the same sequence around no instruction.
#ifndef GUEST_BENCH_H
#define GUEST_BENCH_H

#include <stdint.h>

#include "GuestMemory.h"

extern char bench_vectors[];
static inline uint64_t bench_vector_base(void) { return (uint64_t)(uintptr_t)bench_vectors; }
uint64_t bench_spin(void);
uint64_t bench_sleep(void);
uint64_t bench_send(uint64_t value, uint64_t generator);

// What two vCPUs tell each other; what the second one starts with (bench_second_start), and where.
extern char bench_mail[];
static inline uint64_t bench_mail_address(void) { return (uint64_t)(uintptr_t)bench_mail; }
extern char bench_second_start[];
static inline uint64_t bench_second_entry(void) { return (uint64_t)(uintptr_t)bench_second_start; }
void bench_prepare_second(void);
// Swift's.
void bench_second(void);

#define BENCH_TIMED(instruction, outputs, inputs, ...)                                     \
  uint64_t start, end;                                                                     \
  __asm__ volatile("isb; mrs %[start], cntvct_el0;" instruction "isb; mrs %[end], cntvct_el0" \
                   : [start] "=&r"(start), [end] "=&r"(end) outputs                        \
                   : inputs                                                                \
                   : "memory", ##__VA_ARGS__);                                             \
  return end - start;
#define BENCH_AND ,

static inline uint64_t bench_nothing(void) { BENCH_TIMED("", , ) }
static inline uint64_t bench_hundred_nops(void) { BENCH_TIMED(".rept 100; nop; .endr;", , ) }
static inline uint64_t bench_hvc(uint64_t function) {
  register uint64_t x0 __asm__("x0") = function;
  BENCH_TIMED("hvc #0;", BENCH_AND "+r"(x0), , "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
              "x12", "x13", "x14", "x15", "x16", "x17")
}
static inline uint64_t bench_smc(uint64_t function) {
  register uint64_t x0 __asm__("x0") = function;
  BENCH_TIMED("smc #0;", BENCH_AND "+r"(x0), , "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
              "x12", "x13", "x14", "x15", "x16", "x17")
}
static inline uint64_t bench_load32(uint64_t address) {
  uint64_t value;
  BENCH_TIMED("ldr %w[value], [%[address]];", BENCH_AND [value] "=&r"(value), [address] "r"(address))
}
static inline uint64_t bench_store32(uint64_t address, uint64_t value) {
  BENCH_TIMED("str %w[value], [%[address]];", , [value] "r"(value) BENCH_AND [address] "r"(address))
}
// ID_AA64PFR0_EL1: in the group of identification registers that HCR_EL2.TID3 traps.
static inline uint64_t bench_read_identification(void) {
  uint64_t value;
  BENCH_TIMED("mrs %[value], id_aa64pfr0_el1;", BENCH_AND [value] "=&r"(value), )
}
static inline uint64_t bench_write_icc_eoir1(uint64_t number) {
  BENCH_TIMED("msr S3_0_C12_C12_1, %[number];", , [number] "r"(number))
}
// Sends an SGI like bench_send, without waiting for anything; the counter from before the store. An emulator that lets its
// CPUs take turns lets the other one have its turn now, and not after some more instructions of ours.
static inline uint64_t bench_post(uint64_t value, uint64_t generator) {
  uint64_t start;
  if (generator != 0) {
    __asm__ volatile("isb; mrs %0, cntvct_el0; str %w1, [%2]; yield" : "=&r"(start) : "r"(value), "r"(generator) : "memory");
  } else {
    __asm__ volatile("isb; mrs %0, cntvct_el0; msr S3_0_C12_C11_5, %1; isb; yield" : "=&r"(start) : "r"(value) : "memory");
  }
  return start;
}

#endif
