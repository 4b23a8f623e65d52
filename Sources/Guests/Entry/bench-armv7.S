// The bench's own vectors. They are the shortest path that can tell when an interrupt arrived: the first instruction of
// the vector reads the virtual counter into r4 and r5, and the rest returns with interrupts masked, the interrupt still
// unacknowledged. No register is saved: interrupts are unmasked only inside the functions below, which keep nothing in
// r4 to r7. An exception that is no interrupt goes to the common vectors.
#if defined(__arm__)
  .syntax unified

  .section .text.bench_vectors, "ax"
  .balign 32
  .global bench_vectors
bench_vectors:
  .rept 6
  b guest_vectors + (. - bench_vectors)
  .endr
  mrrc p15, 1, r4, r5, c14
  // In the place of the FIQ, which nobody sends here.
  mrs r7, spsr
  orr r7, r7, #0x80
  msr spsr_c, r7
  mov r6, #1
  subs pc, lr, #4

  .macro function name
  .section .text.\name, "ax"
  .global \name
  .type \name, %function
\name:
  .endm

// Spins until an interrupt; the counter as the vector read it.
function bench_spin
  push {r4-r7}
  mov r6, #0
  cpsie i
0:
  yield
  cmp r6, #0
  beq 0b
  mov r0, r4
  mov r1, r5
  pop {r4-r7}
  bx lr

// Sleeps until an interrupt. One that comes between the test and the WFI stays pending, because nothing acknowledged it,
// and ends the WFI at once.
function bench_sleep
  push {r4-r7}
  mov r6, #0
  cpsie i
0:
  cmp r6, #0
  bne 1f
  wfi
  b 0b
1:
  mov r0, r4
  mov r1, r5
  pop {r4-r7}
  bx lr

// r0, r1 = the value for GICD_SGIR or ICC_SGI1R, r2 = the address of GICD_SGIR or zero. Sends, spins, and answers how
// long the interrupt took from just before the store to the vector.
function bench_send
  push {r4-r9}
  mov r6, #0
  cpsie i
  isb
  mrrc p15, 1, r8, r9, c14
  cmp r2, #0
  beq 0f
  str r0, [r2]
  b 1f
0:
  mcrr p15, 0, r0, r1, c12
  isb
1:
  yield
  cmp r6, #0
  beq 1b
  subs r0, r4, r8
  sbc r1, r5, r9
  pop {r4-r9}
  bx lr

#endif
