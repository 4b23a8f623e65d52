// Timed sequences of the bench: a counter read, the measured instruction, a counter read. Each function answers how far the
// counter went; bench_nothing is the same sequence around no instruction.
#ifndef GUEST_BENCH_H
#define GUEST_BENCH_H

#include <stdint.h>

#include "GuestMemory.h"

extern char bench_vectors[];
static inline uint64_t bench_vector_base(void) { return (uintptr_t)bench_vectors; }
uint64_t bench_spin(void);
uint64_t bench_sleep(void);
uint64_t bench_send(uint64_t value, uint64_t generator);

// What two vCPUs tell each other; what the second one starts with (bench_second_start), and where.
extern char bench_mail[];
static inline uint64_t bench_mail_address(void) { return (uintptr_t)bench_mail; }
extern char bench_second_start[];
static inline uint64_t bench_second_entry(void) { return (uintptr_t)bench_second_start; }
void bench_prepare_second(void);
// Swift's.
void bench_second(void);

#define BENCH_TIMED(instruction, outputs, inputs, ...)                                         \
  uint64_t start, end;                                                                         \
  __asm__ volatile("isb; mrrc p15, 1, %Q[start], %R[start], c14;" instruction \
                   "isb; mrrc p15, 1, %Q[end], %R[end], c14"                                   \
                   : [start] "=&r"(start), [end] "=&r"(end) outputs                            \
                   : inputs                                                                    \
                   : "memory", ##__VA_ARGS__);                                                 \
  return end - start;
#define BENCH_AND ,

static inline uint64_t bench_nothing(void) { BENCH_TIMED("", , ) }
static inline uint64_t bench_hundred_nops(void) { BENCH_TIMED(".rept 100; nop; .endr;", , ) }
static inline uint64_t bench_hvc(uint64_t function) {
  register uint32_t r0 __asm__("r0") = (uint32_t)function;
  BENCH_TIMED("hvc #0;", BENCH_AND "+r"(r0), , "r1", "r2", "r3")
}
static inline uint64_t bench_smc(uint64_t function) {
  register uint32_t r0 __asm__("r0") = (uint32_t)function;
  BENCH_TIMED("smc #0;", BENCH_AND "+r"(r0), , "r1", "r2", "r3")
}
static inline uint64_t bench_load32(uint64_t address) {
  uint32_t value;
  BENCH_TIMED("ldr %[value], [%[address]];", BENCH_AND [value] "=&r"(value), [address] "r"((uint32_t)address))
}
static inline uint64_t bench_store32(uint64_t address, uint64_t value) {
  BENCH_TIMED("str %[value], [%[address]];", , [value] "r"((uint32_t)value) BENCH_AND [address] "r"((uint32_t)address))
}
// ID_PFR0: in the group of identification registers that HCR.TID3 traps.
static inline uint64_t bench_read_identification(void) {
  uint32_t value;
  BENCH_TIMED("mrc p15, 0, %[value], c0, c1, 0;", BENCH_AND [value] "=&r"(value), )
}
static inline uint64_t bench_write_icc_eoir1(uint64_t number) {
  BENCH_TIMED("mcr p15, 0, %[number], c12, c12, 1;", , [number] "r"((uint32_t)number))
}
// Sends an SGI like bench_send, without waiting for anything; the counter from before the store. An emulator that lets its
// CPUs take turns lets the other one have its turn now, and not after some more instructions of ours.
static inline uint64_t bench_post(uint64_t value, uint64_t generator) {
  uint64_t start;
  if (generator != 0) {
    __asm__ volatile("isb; mrrc p15, 1, %Q0, %R0, c14; str %1, [%2]; yield"
                     : "=&r"(start)
                     : "r"((uint32_t)value), "r"((uint32_t)generator)
                     : "memory");
  } else {
    __asm__ volatile("isb; mrrc p15, 1, %Q0, %R0, c14; mcrr p15, 0, %Q1, %R1, c12; isb; yield"
                     : "=&r"(start)
                     : "r"(value)
                     : "memory");
  }
  return start;
}

#endif
