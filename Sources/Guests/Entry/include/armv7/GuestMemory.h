// Loads and stores of an exact width. The register that a load fills holds `guest_untouched` before it, so that a load
// which an exception handler skipped can be told from one that was done. Addresses have 64 bits for those who call, and
// only the low half is an address.
#ifndef GUEST_MEMORY_H
#define GUEST_MEMORY_H

#include <stdint.h>

static const uint64_t guest_untouched = 0x5ca1ab1edeadbeefull;
// What a general register holds of 64 bits.
static const uint64_t guest_register_mask = 0xffffffffull;

#define GUEST_ACCESS(bits, suffix)                                                                          \
  static inline uint64_t guest_load##bits(uint64_t address) {                                               \
    uint32_t value = (uint32_t)guest_untouched;                                                             \
    __asm__ volatile("ldr" suffix " %0, [%1]" : "+r"(value) : "r"((uint32_t)address) : "memory");           \
    return value;                                                                                           \
  }                                                                                                         \
  static inline void guest_store##bits(uint64_t address, uint64_t value) {                                  \
    __asm__ volatile("str" suffix " %0, [%1]" : : "r"((uint32_t)value), "r"((uint32_t)address) : "memory"); \
  }
GUEST_ACCESS(8, "b")
GUEST_ACCESS(16, "h")
GUEST_ACCESS(32, "")
#undef GUEST_ACCESS

static inline uint64_t guest_load64(uint64_t address) {
  uint64_t value = guest_untouched;
  __asm__ volatile("ldrd %Q0, %R0, [%1]" : "+r"(value) : "r"((uint32_t)address) : "memory");
  return value;
}
static inline void guest_store64(uint64_t address, uint64_t value) {
  __asm__ volatile("strd %Q0, %R0, [%1]" : : "r"(value), "r"((uint32_t)address) : "memory");
}
// A 64-bit register of a device: no single store of this instruction set has 64 bits for a device, and the GIC takes
// halves (IHI 0069 §12.1.3).
static inline void guest_store_long_register(uint64_t address, uint64_t value) {
  guest_store32(address, value);
  guest_store32(address + 4, value >> 32);
}

static inline void guest_data_barrier(void) { __asm__ volatile("dsb sy" ::: "memory"); }
static inline void guest_instruction_barrier(void) { __asm__ volatile("isb" ::: "memory"); }

// Maps the given GiB of addresses to the GiB at `target`, with the given attributes, in place of what guest_tables says.
extern uint64_t guest_tables[4];
static const uint64_t guest_executable_memory = 0x701;
static const uint64_t guest_device_memory = 0x0060000000000405ull;
// The last GiB of addresses.
static const uint64_t guest_last_gigabyte = 3;
static inline void guest_map_gigabyte(uint64_t number, uint64_t target, uint64_t attributes) {
  guest_tables[number & 3] = target | attributes;
  __asm__ volatile("dsb ishst; mcr p15, 0, %0, c8, c7, 0; dsb nsh; isb" ::"r"(0) : "memory");
}
// The GiB of addresses through which a physical address can be reached: its own, or the last one for what 32 bits do not
// reach.
static inline uint64_t guest_gigabyte(uint64_t physical) {
  uint64_t number = physical >> 30;
  return number < guest_last_gigabyte ? number : guest_last_gigabyte;
}

#endif
