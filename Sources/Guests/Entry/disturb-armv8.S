// Where the other vCPUs of the guest that disturbs begin. Each starts with the first one's translation and the common vectors,
// and with its number, which CPU_ON has put into x0.
#if defined(__aarch64__)

  // Keeps this CPU's translation for the others, which start with their caches off.
  .section .text.disturb_prepare, "ax"
  .global disturb_prepare
  .type disturb_prepare, %function
disturb_prepare:
  adrp x0, disturb_state
  add x0, x0, :lo12:disturb_state
  mrs x1, mair_el1
  mrs x2, tcr_el1
  stp x1, x2, [x0]
  mrs x1, ttbr0_el1
  mrs x2, sctlr_el1
  stp x1, x2, [x0, #16]
  dc civac, x0
  dsb sy
  ret

  .section .text.disturb_other_start, "ax"
  .global disturb_other_start
disturb_other_start:
  msr daifset, #0xf
  adrp x1, disturb_state
  add x1, x1, :lo12:disturb_state
  ldp x2, x3, [x1]
  msr mair_el1, x2
  msr tcr_el1, x3
  ldp x2, x3, [x1, #16]
  msr ttbr0_el1, x2
  isb
  tlbi vmalle1
  ic iallu
  dsb nsh
  isb
  msr sctlr_el1, x3
  isb
  adrp x1, guest_vectors
  add x1, x1, :lo12:guest_vectors
  msr vbar_el1, x1
  // Stack 0 is the first vCPU's own, elsewhere.
  adrp x1, disturb_stacks
  add x1, x1, :lo12:disturb_stacks
  add x1, x1, x0, lsl #11
  mov sp, x1
  mov x29, xzr
  mov x30, xzr
  b disturb_other

  // CPU_OFF from wherever it is, as soon as it is on: the shortest life that a vCPU can have.
  .section .text.disturb_brief_start, "ax"
  .global disturb_brief_start
disturb_brief_start:
  mov w0, #0x0002
  movk w0, #0x8400, lsl #16
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
