// The border of the fuzz guest: a sequence of instructions in a page of its own is entered with every register full, and
// whatever comes of it, an exception of any kind or the sequence's end, is answered by going back to who fired it, on its
// own stack, with the system registers that the guest lives by as they were.
#ifndef GUEST_FUZZ_H
#define GUEST_FUZZ_H

#include <stdint.h>

// One for each vCPU, found by its MPIDR alone. The offsets are those of fuzz-armv7.S and fuzz-armv8.S.
struct fuzz_context {
  // What a call has to keep, as fuzz_fire found it.
  uint64_t saved[16];
  // The registers that the sequence begins with: x0 to x30 and SP, or r0 to r12 and SP in the low halves.
  volatile uint64_t x[32];
  // Not zero while a sequence runs.
  volatile uint64_t armed;
  // How the last one ended: the vector's index (4 to 7 for EL1's own), or 16 at its end.
  volatile uint64_t kind;
  volatile uint64_t syndrome;
  volatile uint64_t address;
  volatile uint64_t place;
  // Where it begins, and in which state (SPSR).
  volatile uint64_t entry;
  volatile uint64_t state;
  // The loop's own: outlives a stack that was lost.
  volatile uint64_t beat;
  volatile uint64_t round;
  volatile uint64_t attacks;
  volatile uint64_t faults;
  volatile uint64_t interrupts;
  volatile uint64_t strays;
  volatile uint64_t seed;
  // How often in a row it lost itself and never came to the end of a round.
  volatile uint64_t mishaps;
  volatile uint64_t unused[1];
};

enum { fuzz_context_count = 4 };
extern struct fuzz_context fuzz_contexts[fuzz_context_count];
// Where the vCPUs have a page each for their sequences: far from the image, which a branch relative to it would hit.
extern uint64_t fuzz_code_base;
// Where a sequence ends that ends well, by a branch; and where CPU_ON enters.
extern char fuzz_landing[];
extern char fuzz_second_start[];
// The vectors that recover.
extern char fuzz_vectors[];

void fuzz_fire(struct fuzz_context *_Nonnull context);
// Swift's: begins anew on an empty stack.
void fuzz_lost(uint64_t processor);

#define FUZZ_WORD(name)                                                                                      \
  static inline uint64_t fuzz_##name(uint64_t processor) { return fuzz_contexts[processor & 3].name; }       \
  static inline void fuzz_set_##name(uint64_t processor, uint64_t value) { fuzz_contexts[processor & 3].name = value; }
FUZZ_WORD(kind)
FUZZ_WORD(syndrome)
FUZZ_WORD(place)
FUZZ_WORD(entry)
FUZZ_WORD(state)
FUZZ_WORD(beat)
FUZZ_WORD(round)
FUZZ_WORD(attacks)
FUZZ_WORD(faults)
FUZZ_WORD(interrupts)
FUZZ_WORD(strays)
FUZZ_WORD(seed)
FUZZ_WORD(mishaps)
#undef FUZZ_WORD

#if defined(__aarch64__) || defined(__arm__)
static inline void fuzz_wait_for_event(void) { __asm__ volatile("wfe" ::: "memory"); }
#else
static inline void fuzz_wait_for_event(void) {}
#endif

static inline void fuzz_set_register(uint64_t processor, uint32_t number, uint64_t value) {
  fuzz_contexts[processor & 3].x[number & 31] = value;
}
static inline uint64_t fuzz_code_address(uint64_t processor) { return fuzz_code_base + ((processor & 3) << 12); }
static inline void fuzz_set_code(uint64_t processor, uint32_t index, uint32_t word) {
  ((volatile uint32_t *)(uintptr_t)fuzz_code_address(processor))[index & 1023] = word;
}
static inline void fuzz_set_code_base(uint64_t address) { fuzz_code_base = address; }
static inline uint64_t fuzz_landing_address(void) { return (uint64_t)(uintptr_t)fuzz_landing; }
static inline uint64_t fuzz_second_address(void) { return (uint64_t)(uintptr_t)fuzz_second_start; }
static inline uint64_t fuzz_vector_address(void) { return (uint64_t)(uintptr_t)fuzz_vectors; }
static inline void fuzz_run(uint64_t processor) { fuzz_fire(&fuzz_contexts[processor & 3]); }

#endif
