// The bench's own vectors. They are the shortest path that can tell when an interrupt arrived: the first instruction of
// the vector reads the virtual counter into x9, and the rest returns with interrupts masked, the interrupt still
// unacknowledged. No register is saved: interrupts are unmasked only inside the two functions below, whose callers keep
// nothing in x9 to x11 (they are the caller's to save). An exception that is no interrupt goes to the common vectors.
#if defined(__aarch64__)

  .section .text.bench_vectors, "ax"
  .balign 2048
  .global bench_vectors
bench_vectors:
  .rept 5
  .balign 128
  b guest_vectors + (. - bench_vectors)
  .endr
  .balign 128
  mrs x9, cntvct_el0
  mrs x10, spsr_el1
  orr x10, x10, #0x80
  msr spsr_el1, x10
  mov x11, #1
  eret
  .rept 10
  .balign 128
  b guest_vectors + (. - bench_vectors)
  .endr

  // Spins until an interrupt; the counter as the vector read it.
  .section .text.bench_spin, "ax"
  .global bench_spin
  .type bench_spin, %function
bench_spin:
  mov x11, #0
  msr daifclr, #2
0:
  yield
  cbz x11, 0b
  mov x0, x9
  ret

  // Sleeps until an interrupt. One that comes between the test and the WFI stays pending, because nothing acknowledged it,
  // and ends the WFI at once.
  .section .text.bench_sleep, "ax"
  .global bench_sleep
  .type bench_sleep, %function
bench_sleep:
  mov x11, #0
  msr daifclr, #2
0:
  cbnz x11, 1f
  wfi
  b 0b
1:
  mov x0, x9
  ret

  // x0 = the value for GICD_SGIR or ICC_SGI1R_EL1, x1 = the address of GICD_SGIR or zero. Sends, spins, and answers how long
  // the interrupt took from just before the store to the vector.
  .section .text.bench_send, "ax"
  .global bench_send
  .type bench_send, %function
bench_send:
  mov x11, #0
  msr daifclr, #2
  isb
  mrs x12, cntvct_el0
  cbz x1, 0f
  str w0, [x1]
  b 1f
0:
  msr S3_0_C12_C11_5, x0
  isb
1:
  yield
  cbz x11, 1b
  sub x0, x9, x12
  ret

  // Keeps this CPU's translation and the bench's vectors for the second one, which starts with its caches off.
  .section .text.bench_prepare_second, "ax"
  .global bench_prepare_second
  .type bench_prepare_second, %function
bench_prepare_second:
  adrp x0, bench_second_state
  add x0, x0, :lo12:bench_second_state
  mrs x1, mair_el1
  mrs x2, tcr_el1
  stp x1, x2, [x0]
  mrs x1, ttbr0_el1
  mrs x2, sctlr_el1
  stp x1, x2, [x0, #16]
  dc civac, x0
  dsb sy
  ret

  // Where CPU_ON enters.
  .section .text.bench_second_start, "ax"
  .global bench_second_start
bench_second_start:
  msr daifset, #0xf
  adrp x0, bench_second_state
  add x0, x0, :lo12:bench_second_state
  ldp x1, x2, [x0]
  msr mair_el1, x1
  msr tcr_el1, x2
  ldp x1, x2, [x0, #16]
  msr ttbr0_el1, x1
  isb
  tlbi vmalle1
  ic iallu
  dsb nsh
  isb
  msr sctlr_el1, x2
  isb
  adrp x0, bench_vectors
  add x0, x0, :lo12:bench_vectors
  msr vbar_el1, x0
  adrp x0, bench_second_stack_end
  add x0, x0, :lo12:bench_second_stack_end
  mov sp, x0
  mov x29, xzr
  mov x30, xzr
  b bench_second

  .bss
  .balign 64
bench_second_state:
  .space 64
  .global bench_mail
bench_mail:
  .space 64
  .space 8192
bench_second_stack_end:

#endif
