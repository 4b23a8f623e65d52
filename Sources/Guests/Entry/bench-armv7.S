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

// Keeps this CPU's translation for the second one, which starts with its caches off.
function bench_prepare_second
  ldr r0, =bench_second_state
  mrc p15, 0, r1, c10, c2, 0
  mrc p15, 0, r2, c2, c0, 2
  mrrc p15, 0, r3, r12, c2
  stm r0, {r1, r2, r3, r12}
  mrc p15, 0, r1, c1, c0, 0
  str r1, [r0, #16]
  // DCCIMVAC.
  mcr p15, 0, r0, c7, c14, 1
  dsb
  bx lr
  .ltorg

// Where CPU_ON enters.
function bench_second_start
  cpsid aif, #0x13
  ldr r4, =bench_second_state
  ldm r4, {r0, r1, r2, r3, r5}
  mcr p15, 0, r0, c10, c2, 0
  mcr p15, 0, r1, c2, c0, 2
  mcrr p15, 0, r2, r3, c2
  isb
  mov r1, #0
  mcr p15, 0, r1, c8, c7, 0
  mcr p15, 0, r1, c7, c5, 0
  mcr p15, 0, r1, c7, c5, 6
  dsb nsh
  isb
  mcr p15, 0, r5, c1, c0, 0
  isb
  ldr r0, =bench_vectors
  mcr p15, 0, r0, c12, c0, 0
  ldr sp, =bench_second_stack_end
  mov r11, #0
  mov lr, #0
  bl bench_second
0:
  wfi
  b 0b
  .ltorg

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
