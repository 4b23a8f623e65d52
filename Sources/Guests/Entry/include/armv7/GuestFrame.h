// What the vectors save, and how Swift reads it without knowing the instruction set.
#ifndef GUEST_FRAME_H
#define GUEST_FRAME_H

#include <stdint.h>

// In the order of vectors-armv7.S.
struct guest_frame {
  uint32_t syndrome;
  uint32_t address;
  uint32_t r[13];
  uint32_t lr;
  uint32_t place;
  uint32_t spsr;
};

// ESR_EL1 as a 64-bit guest would read it, made by the vectors from the vector, DFSR and IFSR: in the long-descriptor
// format their status is the same (Arm DDI 0406C, B3.13.3).
static inline uint64_t guest_frame_syndrome(const struct guest_frame *_Nonnull frame) { return frame->syndrome; }
static inline uint64_t guest_frame_address(const struct guest_frame *_Nonnull frame) { return frame->address; }
static inline uint64_t guest_frame_place(const struct guest_frame *_Nonnull frame) { return frame->place; }
// Returns past the instruction: whatever may fault by intent is an ARM instruction, of four bytes.
static inline void guest_frame_skip(struct guest_frame *_Nonnull frame) {
  frame->place += 4;
  // QEMU loses the SPSR of an exception that a hypervisor in AArch64 raises: it was Supervisor mode, everything masked.
  if ((frame->spsr & 0x1f) != 0x13) frame->spsr = 0x1d3;
}
static inline void guest_frame_return_to_caller(struct guest_frame *_Nonnull frame) { frame->place = frame->lr; }

#endif
