// Registers that a neighbour changes and a hypervisor has to keep apart: which, the bits that may hold a pattern, and what
// the others hold.
#ifndef GUEST_WITNESS_H
#define GUEST_WITNESS_H

#include <stdint.h>

#define WITNESS_CP(X, index, opc1, crn, crm, opc2, mask, fixed)                                   \
  X(index, "mrc p15, " #opc1 ", %0, " #crn ", " #crm ", " #opc2,                                  \
    "mcr p15, " #opc1 ", %0, " #crn ", " #crm ", " #opc2, mask, fixed)
#define WITNESS_DEBUG(X, index, crm, opc2, mask, fixed)                                            \
  X(index, "mrc p14, 0, %0, c0, " #crm ", " #opc2, "mcr p14, 0, %0, c0, " #crm ", " #opc2, mask, fixed)
#define WITNESS_BANKED(X, index, name) X(index, "mrs %0, " name, "msr " name ", %0", ~0u, 0)

#define WITNESS_REGISTERS(X)                               \
  WITNESS_CP(X, 0, 0, c13, c0, 2, ~0u, 0)                  \
  WITNESS_CP(X, 1, 0, c13, c0, 3, ~0u, 0)                  \
  WITNESS_CP(X, 2, 0, c13, c0, 4, ~0u, 0)                  \
  WITNESS_CP(X, 3, 0, c13, c0, 1, ~0u, 0)                  \
  WITNESS_CP(X, 4, 0, c5, c0, 0, 0x3fffu, 0)               \
  WITNESS_CP(X, 5, 0, c5, c0, 1, 0x123fu, 0)               \
  WITNESS_CP(X, 6, 0, c6, c0, 0, ~0u, 0)                   \
  WITNESS_CP(X, 7, 0, c6, c0, 2, ~0u, 0)                   \
  WITNESS_CP(X, 8, 0, c10, c2, 1, ~0u, 0)                  \
  WITNESS_CP(X, 9, 0, c10, c3, 0, ~0u, 0)                  \
  WITNESS_CP(X, 10, 0, c10, c3, 1, ~0u, 0)                 \
  WITNESS_CP(X, 11, 2, c0, c0, 0, 3u, 0)                   \
  WITNESS_CP(X, 12, 0, c14, c1, 0, 3u, 0)                  \
  WITNESS_CP(X, 13, 0, c7, c4, 0, ~0u, 0)                  \
  WITNESS_CP(X, 14, 0, c14, c2, 1, 0u, 2)                  \
  WITNESS_DEBUG(X, 15, c0, 4, ~3u, 0)                      \
  WITNESS_DEBUG(X, 16, c1, 4, ~3u, 0)                      \
  WITNESS_DEBUG(X, 17, c0, 6, ~3u, 0)                      \
  WITNESS_BANKED(X, 18, "sp_usr")                          \
  WITNESS_BANKED(X, 19, "lr_usr")                          \
  WITNESS_BANKED(X, 20, "sp_irq")                          \
  WITNESS_BANKED(X, 21, "sp_abt")                          \
  WITNESS_BANKED(X, 22, "lr_abt")                          \
  WITNESS_BANKED(X, 23, "sp_und")                          \
  WITNESS_BANKED(X, 24, "lr_und")                          \
  WITNESS_BANKED(X, 25, "r8_fiq")                          \
  WITNESS_BANKED(X, 26, "r12_fiq")                         \
  WITNESS_BANKED(X, 27, "lr_fiq")                          \
  WITNESS_CP(X, 28, 0, c4, c6, 0, 0x08u, 0xf0)             \
  WITNESS_CP(X, 29, 0, c12, c12, 7, 0u, 1)                 \
  X(30, "vmrs %0, fpscr", "vmsr fpscr, %0", 0xfbc0009fu, 0)
enum { witness_register_count = 31 };

static inline uint64_t witness_read(uint32_t number) {
  uint32_t value = 0;
#define READ(index, read, write, mask, fixed) \
  case index: __asm__ volatile(".fpu neon\n" read : "+r"(value)::"memory"); break;
  switch (number) { WITNESS_REGISTERS(READ) }
#undef READ
  return value;
}
static inline void witness_write(uint32_t number, uint64_t pattern) {
#define WRITE(index, read, write, mask, fixed)                                                                      \
  case index: __asm__ volatile(".fpu neon\n" write "; isb" ::"r"(((uint32_t)pattern & (mask)) | (fixed)) : "memory"); \
    break;
  switch (number) { WITNESS_REGISTERS(WRITE) }
#undef WRITE
}

#endif
