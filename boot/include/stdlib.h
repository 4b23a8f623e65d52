// What libfdt's header wants of a C library's stdlib.h in an image: one function, which only device tree overlays call.
#ifndef TVISOR_STDLIB_H
#define TVISOR_STDLIB_H

unsigned long strtoul(const char *restrict text, char **restrict end, int base);

#endif
