// What a guest must not inline: the compiler has to suppose that an interrupt handler ran inside these.
#if defined(__arm__)
  .syntax unified

  .macro function name
  .section .text.\name, "ax"
  .global \name
  .type \name, %function
\name:
  .endm

function guest_mask_interrupts
  cpsid i
  bx lr

function guest_unmask_interrupts
  cpsie i
  isb
  bx lr

function guest_wait_for_interrupt
  dsb sy
  wfi
  bx lr

function guest_relax
  yield
  bx lr

  // r0 = the address of eighteen 64-bit values, of which the low halves of the first thirteen are for r0 to r12. They come
  // back as the call left them; the stack carries what the procedure call standard wants kept, because a call that breaks
  // its promises is what a caller may be looking for.
  .macro call name, instruction:vararg
  function \name
  push {r0, r4-r11, lr}
  mov lr, r0
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12
  ldr r\n, [lr, #8 * \n]
  .endr
  \instruction
  ldr lr, [sp]
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12
  str r\n, [lr, #8 * \n]
  .endr
  pop {r0, r4-r11, pc}
  .endm

  call guest_call_hvc, hvc #0
  call guest_call_smc, smc #0
  call guest_call_hvc_immediate, hvc #0x4a48
  // An SMC's immediate has four bits here.
  call guest_call_smc_immediate, smc #0xa

#endif
