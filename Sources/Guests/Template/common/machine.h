// The machine: QEMU's virt, as TVisor gives it to its guests. What a program here can do with it.
#pragma once
#include <stdint.h>

// Writes a text that ends in NUL; a line feed ends a line.
void console_write(const void *text);
// Writes a number in decimal.
void console_write_number(uint32_t number);
// Has the timer interrupt so many times a second, from now on.
void timer_start(uint32_t times_a_second);
// Sleeps until the timer has interrupted once more than at the last call; how often it has in all.
uint32_t timer_wait(void);
// Turns the machine off.
_Noreturn void machine_off(void);
