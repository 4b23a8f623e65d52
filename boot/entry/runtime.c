// The C functions that compiled Swift and libfdt call, and that no library brings to bare metal. Plain loops: nothing on a
// guest's way through the hypervisor copies more than a few bytes. But for memcpy, which loads guests' images.

#include <stddef.h>
#include <stdint.h>

// Two words at once from any multiple of four, which all memory of ours allows: it is never a device's.
typedef uint64_t __attribute__((aligned(4), may_alias)) word_pair;

// Memory is mapped as normal memory, where any alignment will do, before anything here runs.
typedef struct __attribute__((packed, may_alias)) { uint64_t value; } any_word;

void *memcpy(void *restrict to, const void *restrict from, size_t count) {
  unsigned char *t = to;
  const unsigned char *f = from;
  // A guest's image in the bundle lies at a multiple of four, as all values of a device tree.
  if ((((uintptr_t)t | (uintptr_t)f) & 3) == 0) {
    for (; count >= 32; count -= 32, t += 32, f += 32) {
      const word_pair *pairs = (const word_pair *)f;
      uint64_t a = pairs[0], b = pairs[1], c = pairs[2], d = pairs[3];
      word_pair *copies = (word_pair *)t;
      copies[0] = a, copies[1] = b, copies[2] = c, copies[3] = d;
    }
    for (; count >= 4; count -= 4, t += 4, f += 4) *(uint32_t *)t = *(const uint32_t *)f;
  }
  // Text lies anywhere.
  for (; count >= 32; count -= 32, t += 32, f += 32) {
    const any_word *words = (const any_word *)f;
    // One by one: what a compiler makes of all at once is a call of this.
    uint64_t a = words[0].value, b = words[1].value, c = words[2].value, d = words[3].value;
    any_word *copies = (any_word *)t;
    copies[0].value = a, copies[1].value = b, copies[2].value = c, copies[3].value = d;
  }
  for (; count >= 8; count -= 8, t += 8, f += 8) ((any_word *)t)->value = ((const any_word *)f)->value;
  while (count-- > 0) *t++ = *f++;
  return to;
}

void *memmove(void *to, const void *from, size_t count) {
  unsigned char *t = to;
  const unsigned char *f = from;
  if (t <= f || t >= f + count) return memcpy(to, from, count);
  while (count-- > 0) t[count] = f[count];
  return to;
}

void *memset(void *to, int value, size_t count) {
  unsigned char *t = to;
  uint64_t word = (unsigned char)value * 0x0101010101010101ull;
  for (; count >= 32; count -= 32, t += 32) {
    any_word *words = (any_word *)t;
    words[0].value = word, words[1].value = word, words[2].value = word, words[3].value = word;
  }
  for (; count >= 8; count -= 8, t += 8) ((any_word *)t)->value = word;
  while (count-- > 0) *t++ = (unsigned char)value;
  return to;
}

int memcmp(const void *left, const void *right, size_t count) {
  const unsigned char *l = left, *r = right;
  for (; count > 0; count--, l++, r++)
    if (*l != *r) return *l - *r;
  return 0;
}

void *memchr(const void *text, int value, size_t count) {
  const unsigned char *t = text;
  for (; count > 0; count--, t++)
    if (*t == (unsigned char)value) return (void *)t;
  return NULL;
}

size_t strnlen(const char *text, size_t limit) {
  size_t length = 0;
  while (length < limit && text[length] != 0) length++;
  return length;
}

size_t strlen(const char *text) { return strnlen(text, SIZE_MAX); }

int strcmp(const char *left, const char *right) {
  while (*left != 0 && *left == *right) left++, right++;
  return (unsigned char)*left - (unsigned char)*right;
}

int strncmp(const char *left, const char *right, size_t count) {
  for (; count > 0; count--, left++, right++) {
    if (*left != *right) return (unsigned char)*left - (unsigned char)*right;
    if (*left == 0) return 0;
  }
  return 0;
}

char *strchr(const char *text, int value) {
  for (;; text++) {
    if (*text == (char)value) return (char *)text;
    if (*text == 0) return NULL;
  }
}

char *strrchr(const char *text, int value) {
  const char *last = NULL;
  for (;; text++) {
    if (*text == (char)value) last = text;
    if (*text == 0) return (char *)last;
  }
}

// Debian's libfdt is built with stack protection. The guard is a constant: there is no entropy this early, and it is
// our own code that runs here, not a guest's.
uintptr_t __stack_chk_guard = (uintptr_t)0x5bd1e995a7c3f00dull;
_Noreturn void __stack_chk_fail(void) { __builtin_trap(); }

#if defined(__arm__)
// The same under the names that the Arm run-time ABI gives them (IHI 0043, 4.3.4), for any alignment.
#define SAME(name, as) __typeof__(as) name __attribute__((alias(#as)))
SAME(__aeabi_memcpy, memcpy);
SAME(__aeabi_memcpy4, memcpy);
SAME(__aeabi_memcpy8, memcpy);
SAME(__aeabi_memmove, memmove);
SAME(__aeabi_memmove4, memmove);
SAME(__aeabi_memmove8, memmove);

void __aeabi_memset(void *to, size_t count, int value) { memset(to, value, count); }
SAME(__aeabi_memset4, __aeabi_memset);
SAME(__aeabi_memset8, __aeabi_memset);

void __aeabi_memclr(void *to, size_t count) { memset(to, 0, count); }
SAME(__aeabi_memclr4, __aeabi_memclr);
SAME(__aeabi_memclr8, __aeabi_memclr);

// What libgcc's division calls for a divisor of zero, which Swift has excluded before; its own would raise a signal.
_Noreturn void __aeabi_ldiv0(void) { __builtin_trap(); }
_Noreturn void __aeabi_idiv0(void) { __builtin_trap(); }
#endif
