// The few functions that compiled code calls by itself. Freestanding: the compiler must not turn a loop here into a call
// of the function that it is in.
#include <stddef.h>
#include <stdint.h>

#include "GuestEntry.h"

struct guest_fault_record guest_fault;

static volatile uint32_t guest_told[2];
void guest_tell(uint32_t value) {
  guest_told[0] = 0x7e11c0de;
  guest_told[1] = value;
}

__attribute__((weak)) bool guest_restarts_when_lost(void) { return false; }

// Words at any address: a guest's memory is normal memory from its first compiled instruction on.
typedef uint64_t __attribute__((aligned(1), may_alias)) unaligned_word;

// Right for overlapping areas too, if `to` is the lower one.
static void copy_upwards(unsigned char *to, const unsigned char *from, size_t count) {
  for (; count >= 8; count -= 8, to += 8, from += 8) *(unaligned_word *)to = *(const unaligned_word *)from;
  while (count-- > 0) *to++ = *from++;
}

void *memcpy(void *restrict to, const void *restrict from, size_t count) {
  copy_upwards(to, from, count);
  return to;
}

void *memmove(void *to, const void *from, size_t count) {
  unsigned char *out = to;
  const unsigned char *in = from;
  if (out <= in)
    copy_upwards(out, in, count);
  else
    while (count-- > 0) out[count] = in[count];
  return to;
}

void *memset(void *to, int value, size_t count) {
  unsigned char *out = to;
  uint64_t word = 0x0101010101010101u * (unsigned char)value;
  for (; count >= 8; count -= 8, out += 8) *(unaligned_word *)out = word;
  while (count-- > 0) *out++ = (unsigned char)value;
  return to;
}

int memcmp(const void *left, const void *right, size_t count) {
  const unsigned char *a = left, *b = right;
  for (size_t i = 0; i < count; i++)
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  return 0;
}

// Swift guards the frames whose addresses it hands out. A broken one ends as an unexpected exception, with its place.
const uintptr_t __stack_chk_guard = (uintptr_t)0x7e57a11ca9a2d000u;
void __stack_chk_fail(void) {
  for (;;) __builtin_trap();
}

#if defined(__arm__)
// The names by which the run-time ABI for Arm (IHI 0043, §4.3.4) calls the same, of which memset has its own order.
#define ALIAS(name, like) __attribute__((alias(like))) void name(void *restrict, const void *restrict, size_t)
ALIAS(__aeabi_memcpy, "memcpy");
ALIAS(__aeabi_memcpy4, "memcpy");
ALIAS(__aeabi_memcpy8, "memcpy");
ALIAS(__aeabi_memmove, "memmove");
ALIAS(__aeabi_memmove4, "memmove");
ALIAS(__aeabi_memmove8, "memmove");
void __aeabi_memset(void *to, size_t count, int value) { memset(to, value, count); }
__attribute__((alias("__aeabi_memset"))) void __aeabi_memset4(void *, size_t, int);
__attribute__((alias("__aeabi_memset"))) void __aeabi_memset8(void *, size_t, int);
void __aeabi_memclr(void *to, size_t count) { memset(to, 0, count); }
__attribute__((alias("__aeabi_memclr"))) void __aeabi_memclr4(void *, size_t);
__attribute__((alias("__aeabi_memclr"))) void __aeabi_memclr8(void *, size_t);

// What libgcc's divisions call for a divisor of zero; Swift has checked it before.
int __aeabi_idiv0(int value) { (void)value; __builtin_trap(); }
long long __aeabi_ldiv0(long long value) { (void)value; __builtin_trap(); }
#endif
