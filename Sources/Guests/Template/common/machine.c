// The machine's devices: the console (PL011), the interrupt controller (GICv2 or GICv3) and the timer.
#include "machine.h"

#include <stddef.h>

#include "registers.h"

static volatile uint32_t *const console = (volatile uint32_t *)0x09000000;
static volatile uint32_t *const distributor = (volatile uint32_t *)0x08000000;
static volatile uint32_t *const gicv2_interface = (volatile uint32_t *)0x08010000;
static volatile uint32_t *const redistributor = (volatile uint32_t *)0x080a0000;

// The virtual timer's interrupt, a private one.
enum { timer_interrupt = 27 };

static bool is_gicv3;
static uint64_t next_tick;
static uint32_t ticks_apart;
static volatile uint32_t tick_count;

// The console.

static void put(char byte) {
  while (console[0x18 / 4] & 0x20) {}  // UARTFR.TXFF: the FIFO is full
  console[0] = (uint8_t)byte;
}

void console_write(const void *text) {
  for (const char *byte = text; *byte; byte++) {
    if (*byte == '\n') put('\r');
    put(*byte);
  }
}

void console_write_number(uint32_t number) {
  char digits[10];
  unsigned count = 0;
  do {
    digits[count++] = (char)('0' + number % 10);
    number /= 10;
  } while (number);
  while (count) put(digits[--count]);
}

// The interrupt controller: all priorities pass, and the timer's interrupt is let through.

static void start_gicv3(void) {
  redistributor[0x14 / 4] &= ~2u;           // GICR_WAKER: not asleep
  while (redistributor[0x14 / 4] & 4) {}
  distributor[0] = 0x12;                    // GICD_CTLR: affinity routing, group 1
  volatile uint32_t *own = redistributor + 0x10000 / 4;
  own[0x80 / 4] = ~0u;                      // GICR_IGROUPR0
  own[(0x400 + timer_interrupt / 4 * 4) / 4] = 0x80808080;  // GICR_IPRIORITYR
  own[0x100 / 4] = 1u << timer_interrupt;   // GICR_ISENABLER0
  write_gic_enable(read_gic_enable() | 1);
  write_gic_mask(0xf0);
  write_gic_group(1);
}

static void start_gicv2(void) {
  distributor[(0x400 + timer_interrupt / 4 * 4) / 4] = 0x80808080;
  distributor[0x100 / 4] = 1u << timer_interrupt;
  distributor[0] = 1;
  gicv2_interface[1] = 0xf0;                // GICC_PMR
  gicv2_interface[0] = 1;                   // GICC_CTLR
}

// Called once, by start.S, before guest_main.
void machine_start(void) {
  console[0x30 / 4] = 0x301;                // UARTCR: on, both directions
  is_gicv3 = has_gic_registers();
  if (is_gicv3) start_gicv3(); else start_gicv2();
}

// Called by start.S for each interrupt.
void machine_interrupt(void) {
  uint32_t taken = is_gicv3 ? read_gic_acknowledge() : gicv2_interface[0x0c / 4];
  uint32_t number = taken & (is_gicv3 ? 0xffffff : 0x3ff);
  if (number >= 1020) return;               // nothing after all
  if (number == timer_interrupt) {
    next_tick += ticks_apart;
    write_timer_compare(next_tick);
    tick_count++;
  }
  if (is_gicv3) write_gic_end(taken); else gicv2_interface[0x10 / 4] = taken;
}

// The timer.

void timer_start(uint32_t times_a_second) {
  ticks_apart = counter_frequency() / times_a_second;
  next_tick = counter() + ticks_apart;
  write_timer_compare(next_tick);
  write_timer_control(1);
  unmask_interrupts();
}

uint32_t timer_wait(void) {
  static uint32_t seen;
  // An interrupt that comes between the look and the sleep ends the sleep all the same, since it is only masked.
  for (;;) {
    mask_interrupts();
    uint32_t count = tick_count;
    if (count != seen) {
      seen = count;
      unmask_interrupts();
      return count;
    }
    __asm__ volatile("dsb sy\n wfi" : : : "memory");
    unmask_interrupts();
  }
}

// The ends.

void machine_off(void) {
  call_firmware(0x84000008);                // PSCI SYSTEM_OFF
  for (;;) __asm__ volatile("wfi");
}

// Called by start.S for every other exception: `syndrome` is ESR_EL1 or DFSR, `place` where it happened.
void machine_fault(uintptr_t syndrome, uintptr_t place) {
  console_write("\nan unexpected exception; syndrome and place, in decimal: ");
  console_write_number((uint32_t)syndrome);
  console_write(", ");
  console_write_number((uint32_t)place);
  console_write("\n");
  machine_off();
}

// What compilers call by themselves.

void *memcpy(void *restrict to, const void *restrict from, size_t count) {
  for (size_t i = 0; i < count; i++) ((volatile char *)to)[i] = ((const char *)from)[i];
  return to;
}

void *memmove(void *to, const void *from, size_t count) {
  if ((uintptr_t)to <= (uintptr_t)from) return memcpy(to, from, count);
  while (count--) ((volatile char *)to)[count] = ((const char *)from)[count];
  return to;
}

void *memset(void *to, int value, size_t count) {
  for (size_t i = 0; i < count; i++) ((volatile char *)to)[i] = (char)value;
  return to;
}

int memcmp(const void *left, const void *right, size_t count) {
  const unsigned char *a = left, *b = right;
  for (size_t i = 0; i < count; i++)
    if (a[i] != b[i]) return a[i] - b[i];
  return 0;
}
