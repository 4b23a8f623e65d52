// What the vectors save, and how Swift reads it without knowing the instruction set.
#ifndef GUEST_FRAME_H
#define GUEST_FRAME_H

#include <stdint.h>

// In the order of vectors-armv8.S.
struct guest_frame {
  uint64_t x[31];
  uint64_t elr;
  uint64_t spsr;
  uint64_t esr;
  uint64_t far;
  uint64_t unused;
};

static inline uint64_t guest_frame_syndrome(const struct guest_frame *_Nonnull frame) { return frame->esr; }
static inline uint64_t guest_frame_address(const struct guest_frame *_Nonnull frame) { return frame->far; }
static inline uint64_t guest_frame_place(const struct guest_frame *_Nonnull frame) { return frame->elr; }
static inline void guest_frame_skip(struct guest_frame *_Nonnull frame) { frame->elr += 4; }
static inline void guest_frame_return_to_caller(struct guest_frame *_Nonnull frame) { frame->elr = frame->x[30]; }

#endif
