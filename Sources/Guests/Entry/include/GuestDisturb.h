// The other vCPUs of the guest that disturbs.
#ifndef GUEST_DISTURB_H
#define GUEST_DISTURB_H

#include <stdint.h>

// disturb-armv7.S, disturb-armv8.S
void disturb_prepare(void);
extern char disturb_other_start[];
extern char disturb_brief_start[];
static inline uint64_t disturb_other_entry(void) { return (uint64_t)(uintptr_t)disturb_other_start; }
static inline uint64_t disturb_brief_entry(void) { return (uint64_t)(uintptr_t)disturb_brief_start; }
// Swift's: the life of vCPU `number`, from disturb_other_start on.
void disturb_other(uint64_t number);

// A word of memory for each vCPU, in a cache line of its own.
extern char disturb_words[];
static inline uint64_t disturb_word(uint64_t number) { return (uint64_t)(uintptr_t)disturb_words + (number & 63) * 64; }

#endif
