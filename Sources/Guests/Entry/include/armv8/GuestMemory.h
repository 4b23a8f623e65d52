// Loads and stores of an exact width. The register that a load fills holds `guest_untouched` before it, so that a load
// which an exception handler skipped can be told from one that was done.
#ifndef GUEST_MEMORY_H
#define GUEST_MEMORY_H

#include <stdint.h>

static const uint64_t guest_untouched = 0x5ca1ab1edeadbeefull;
// What a general register holds of 64 bits.
static const uint64_t guest_register_mask = ~0ull;

#define GUEST_ACCESS(bits, suffix, form)                                                              \
  static inline uint64_t guest_load##bits(uint64_t address) {                                         \
    uint64_t value = guest_untouched;                                                                 \
    __asm__ volatile("ldr" suffix " %" form "0, [%1]" : "+r"(value) : "r"(address) : "memory");       \
    return value;                                                                                     \
  }                                                                                                   \
  static inline void guest_store##bits(uint64_t address, uint64_t value) {                            \
    __asm__ volatile("str" suffix " %" form "0, [%1]" : : "r"(value), "r"(address) : "memory");       \
  }
GUEST_ACCESS(8, "b", "w")
GUEST_ACCESS(16, "h", "w")
GUEST_ACCESS(32, "", "w")
GUEST_ACCESS(64, "", "x")
#undef GUEST_ACCESS

// A 64-bit register of a device.
static inline void guest_store_long_register(uint64_t address, uint64_t value) { guest_store64(address, value); }

static inline void guest_data_barrier(void) { __asm__ volatile("dsb sy" ::: "memory"); }
static inline void guest_instruction_barrier(void) { __asm__ volatile("isb" ::: "memory"); }

// Maps the given GiB of addresses to the GiB at `target`, with the given attributes, in place of what guest_tables says.
extern uint64_t guest_tables[512];
static const uint64_t guest_executable_memory = 0x701;
static const uint64_t guest_device_memory = 0x0060000000000405ull;
// The last GiB of addresses.
static const uint64_t guest_last_gigabyte = 511;
static inline void guest_map_gigabyte(uint64_t number, uint64_t target, uint64_t attributes) {
  guest_tables[number & 511] = target | attributes;
  __asm__ volatile("dsb ishst; tlbi vmalle1; dsb nsh; isb" ::: "memory");
}
// The GiB of addresses through which a physical address can be reached: its own.
static inline uint64_t guest_gigabyte(uint64_t physical) { return physical >> 30; }

#endif
