// What a guest must not inline: the compiler has to suppose that an interrupt handler ran inside these.
#if defined(__aarch64__)

  .macro function name
  .section .text.\name, "ax"
  .global \name
  .type \name, %function
\name:
  .endm

function guest_mask_interrupts
  msr daifset, #2
  ret

function guest_unmask_interrupts
  msr daifclr, #2
  isb
  ret

function guest_wait_for_interrupt
  dsb sy
  wfi
  ret

function guest_relax
  yield
  ret

  // x0 = the address of eighteen values for x0 to x17. They come back as the call left them; the stack carries what the
  // procedure call standard wants kept, because a call that breaks its promises is what a caller may be looking for.
  .macro call name, instruction:vararg
  function \name
  stp x29, x30, [sp, #-112]!
  stp x19, x20, [sp, #16]
  stp x21, x22, [sp, #32]
  stp x23, x24, [sp, #48]
  stp x25, x26, [sp, #64]
  stp x27, x28, [sp, #80]
  str x0, [sp, #96]
  mov x18, x0
  ldp x0, x1, [x18]
  ldp x2, x3, [x18, #16]
  ldp x4, x5, [x18, #32]
  ldp x6, x7, [x18, #48]
  ldp x8, x9, [x18, #64]
  ldp x10, x11, [x18, #80]
  ldp x12, x13, [x18, #96]
  ldp x14, x15, [x18, #112]
  ldp x16, x17, [x18, #128]
  \instruction
  ldr x18, [sp, #96]
  stp x0, x1, [x18]
  stp x2, x3, [x18, #16]
  stp x4, x5, [x18, #32]
  stp x6, x7, [x18, #48]
  stp x8, x9, [x18, #64]
  stp x10, x11, [x18, #80]
  stp x12, x13, [x18, #96]
  stp x14, x15, [x18, #112]
  stp x16, x17, [x18, #128]
  ldp x19, x20, [sp, #16]
  ldp x21, x22, [sp, #32]
  ldp x23, x24, [sp, #48]
  ldp x25, x26, [sp, #64]
  ldp x27, x28, [sp, #80]
  ldp x29, x30, [sp], #112
  ret
  .endm

  call guest_call_hvc, hvc #0
  call guest_call_smc, smc #0
  call guest_call_hvc_immediate, hvc #0x4a48
  call guest_call_smc_immediate, smc #0x4a48

#endif
