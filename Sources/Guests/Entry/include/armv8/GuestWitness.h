// Registers that a neighbour changes and a hypervisor has to keep apart: which, the bits that may hold a pattern, and what
// the others hold.
#ifndef GUEST_WITNESS_H
#define GUEST_WITNESS_H

#include <stdint.h>

#define WITNESS_REGISTERS(X)                   \
  X(0, "tpidr_el0", ~0ull, 0)                  \
  X(1, "tpidr_el1", ~0ull, 0)                  \
  X(2, "tpidrro_el0", ~0ull, 0)                \
  X(3, "contextidr_el1", ~0ull, 0)             \
  X(4, "afsr0_el1", ~0ull, 0)                  \
  X(5, "afsr1_el1", ~0ull, 0)                  \
  X(6, "far_el1", ~0ull, 0)                    \
  X(7, "esr_el1", 0xffffffffull, 0)            \
  X(8, "par_el1", ~0ull, 0)                    \
  X(9, "amair_el1", ~0ull, 0)                  \
  X(10, "mair_el1", ~0xffffull, 0x04ff)        \
  X(11, "ttbr1_el1", ~0ull, 0)                 \
  X(12, "csselr_el1", 3ull, 0)                 \
  X(13, "cntkctl_el1", 3ull, 0)                \
  X(14, "sp_el0", ~0ull, 0)                    \
  X(15, "cntp_cval_el0", ~0ull, 0)             \
  X(16, "cntp_ctl_el0", 0ull, 2)               \
  X(17, "dbgbvr0_el1", ~0ull, 0)               \
  X(18, "dbgbvr1_el1", ~0ull, 0)               \
  X(19, "dbgwvr0_el1", ~0ull, 0)               \
  X(20, "dbgbcr0_el1", 0x1e0ull, 0)            \
  X(21, "dbgwcr0_el1", 0x1fe0ull, 0)           \
  X(22, "mdscr_el1", 1ull << 12, 0)            \
  X(23, "fpcr", 0x07c00000ull, 0)              \
  X(24, "fpsr", 0x0800009full, 0)              \
  X(25, "S3_0_C4_C6_0", 0x08ull, 0xf0)         \
  X(26, "S3_0_C12_C12_3", 0x3ull, 0)           \
  X(27, "S3_0_C12_C12_7", 0ull, 1)             \
  X(28, "S3_0_C12_C12_4", 0ull, 0)             \
  X(29, "cpacr_el1", 0ull, 3 << 20)
enum { witness_register_count = 30 };

static inline uint64_t witness_read(uint32_t number) {
  uint64_t value = 0;
#define READ(index, name, mask, fixed) \
  case index: __asm__ volatile("mrs %0, " name : "+r"(value)::"memory"); break;
  switch (number) { WITNESS_REGISTERS(READ) }
#undef READ
  return value;
}
static inline void witness_write(uint32_t number, uint64_t pattern) {
#define WRITE(index, name, mask, fixed) \
  case index: __asm__ volatile("msr " name ", %0; isb" ::"r"((pattern & (mask)) | (fixed)) : "memory"); break;
  switch (number) { WITNESS_REGISTERS(WRITE) }
#undef WRITE
}

#endif
