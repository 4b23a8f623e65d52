// Where the other vCPUs of the guest that disturbs begin. Each starts with the first one's translation and the common vectors,
// and with its number, which CPU_ON has put into r0.
#if defined(__arm__)
  .syntax unified

  .macro function name
  .section .text.\name, "ax"
  .global \name
  .type \name, %function
\name:
  .endm

// Keeps this CPU's translation for the others, which start with their caches off.
function disturb_prepare
  ldr r0, =disturb_state
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

function disturb_other_start
  cpsid aif, #0x13
  mov r8, r0
  ldr r4, =disturb_state
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
  ldr r0, =guest_vectors
  mcr p15, 0, r0, c12, c0, 0
  // Stack 0 is the first vCPU's own, elsewhere.
  ldr sp, =disturb_stacks
  add sp, sp, r8, lsl #11
  mov r0, r8
  mov r1, #0
  mov r11, #0
  mov lr, #0
  bl disturb_other
0:
  wfi
  b 0b
  .ltorg

// CPU_OFF from wherever it is, as soon as it is on: the shortest life that a vCPU can have.
function disturb_brief_start
  movw r0, #0x0002
  movt r0, #0x8400
  hvc #0
  b disturb_brief_start

  .bss
  .balign 64
disturb_state:
  .space 64
  .global disturb_words
disturb_words:
  .space 64 * 64
  .balign 4096
disturb_stacks:
  .space 64 * 2048

#endif
