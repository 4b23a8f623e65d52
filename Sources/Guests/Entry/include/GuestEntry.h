// The border between a guest's Swift and its machine: everything that needs an exact instruction.
#ifndef GUEST_ENTRY_H
#define GUEST_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

// What the last expected fault said. External and volatile: an exception changes it behind the compiler's back.
struct guest_fault_record {
  volatile uint64_t armed;
  volatile uint64_t count;
  volatile uint64_t esr;
  volatile uint64_t far;
  volatile uint64_t elr;
};
extern struct guest_fault_record guest_fault;

static inline void guest_fault_arm(void) {
  guest_fault.count = 0;
  guest_fault.esr = guest_fault.far = guest_fault.elr = 0;
  guest_fault.armed = 1;
}
static inline void guest_fault_disarm(void) { guest_fault.armed = 0; }
static inline bool guest_fault_is_armed(void) { return guest_fault.armed != 0; }
static inline uint64_t guest_fault_count(void) { return guest_fault.count; }
static inline uint64_t guest_fault_esr(void) { return guest_fault.esr; }
static inline uint64_t guest_fault_far(void) { return guest_fault.far; }
static inline void guest_fault_note(uint64_t esr, uint64_t far, uint64_t elr) {
  guest_fault.count = guest_fault.count + 1;
  guest_fault.esr = esr;
  guest_fault.far = far;
  guest_fault.elr = elr;
}

// Each program's own answer to an interrupt, called between acknowledge and end of interrupt.
void guest_interrupt(uint32_t number);
// Whether the machine restarts after an exception that nobody expected. It turns itself off, where a program has no answer
// of its own.
bool guest_restarts_when_lost(void);

// control-armv7.S, control-armv8.S
void guest_mask_interrupts(void);
void guest_unmask_interrupts(void);
void guest_wait_for_interrupt(void);
void guest_relax(void);

// memory.c
// Tells whoever watches the machine's stores from outside a number.
void guest_tell(uint32_t value);

// Eighteen values for x0 to x17, in and out; a 32-bit guest has r0 to r12 and leaves the rest alone.
struct guest_call {
  uint64_t x[18];
};
void guest_call_hvc(struct guest_call *_Nonnull registers);
void guest_call_smc(struct guest_call *_Nonnull registers);
void guest_call_hvc_immediate(struct guest_call *_Nonnull registers);
void guest_call_smc_immediate(struct guest_call *_Nonnull registers);

// The end of the image, stack and zeroed data with it.
extern char guest_image_end[];
static inline uint64_t guest_end_of_image(void) { return (uint64_t)(uintptr_t)guest_image_end; }

#if defined(__aarch64__)
#include "armv8/GuestFrame.h"
#include "armv8/GuestMemory.h"
#include "armv8/GuestRegisters.h"
#include "armv8/GuestBench.h"
#include "armv8/GuestHostile.h"
#include "armv8/GuestFuzzState.h"
#include "armv8/GuestWitness.h"
#include "armv8/GuestDisturbMany.h"
#elif defined(__arm__)
#include "armv7/GuestFrame.h"
#include "armv7/GuestMemory.h"
#include "armv7/GuestRegisters.h"
#include "armv7/GuestBench.h"
#include "armv7/GuestHostile.h"
#include "armv7/GuestFuzzState.h"
#include "armv7/GuestWitness.h"
#include "armv7/GuestDisturbMany.h"
#endif

#include "GuestDisturb.h"
#include "GuestFuzz.h"

#endif
