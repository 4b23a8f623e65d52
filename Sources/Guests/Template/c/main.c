#include "machine.h"

// Called by start.S with the machine ready: the whole program. When it returns, the machine turns off.
void guest_main(void) {
  console_write("@NAME@: hello from C\n");
  timer_start(100);
  for (;;) {
    uint32_t ticks = timer_wait();
    if (ticks % 100 == 0) {
      console_write("@NAME@: ");
      console_write_number(ticks);
      console_write(" ticks\n");
    }
  }
}
