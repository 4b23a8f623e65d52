// The vectors of a guest: each saves a `struct guest_frame` on the stack of Supervisor mode, asks Swift, and returns to
// wherever the frame then says. Whatever may fault by intent is an ARM instruction, not Thumb.
#if defined(__arm__)
  .syntax unified

  .section .text.guest_vectors, "ax"
  .balign 32
  .global guest_vectors
guest_vectors:
  b guest_unexpected
  b guest_undefined
  b guest_supervisor_call
  b guest_prefetch_abort
  b guest_data_abort
  b guest_unexpected
  b guest_irq
guest_unexpected:
  // Also FIQ, whose vector this is.
  sub lr, lr, #4
  .macro save
  srsdb sp!, #0x13
  cps #0x13
  push {r0-r12, lr}
  .endm
  save
  mov r0, #6
  mov r2, #0
  mov r3, #0
  b guest_ask

guest_undefined:
  sub lr, lr, #4
  save
  mov r0, #4
  // ESR: class 0, unknown.
  mov r2, #0
  mov r3, #0
  b guest_ask

guest_supervisor_call:
  save
  mov r0, #4
  // ESR: class 0x11, SVC of a 32-bit program.
  mov r2, #(0x11 << 26)
  mov r3, #0
  b guest_ask

guest_prefetch_abort:
  sub lr, lr, #4
  save
  mov r0, #4
  // ESR: class 0x21 and the status of IFSR, with the address of IFAR.
  mrc p15, 0, r2, c5, c0, 1
  and r2, r2, #0x3f
  orr r2, r2, #(0x21 << 26)
  mrc p15, 0, r3, c6, c0, 2
  b guest_ask

guest_data_abort:
  sub lr, lr, #8
  save
  mov r0, #4
  // ESR: class 0x25, WnR (bit 11 of DFSR) and the status of DFSR, with the address of DFAR.
  mrc p15, 0, r1, c5, c0, 0
  and r2, r1, #0x3f
  tst r1, #(1 << 11)
  orrne r2, r2, #(1 << 6)
  orr r2, r2, #(0x25 << 26)
  mrc p15, 0, r3, c6, c0, 0
  b guest_ask

guest_irq:
  sub lr, lr, #4
  save
  mov r0, #5
  mov r2, #0
  mov r3, #0

// r0 = the kind as a 64-bit guest counts its vectors, r2 and r3 = the frame's syndrome and address.
guest_ask:
  push {r2, r3}
  mov r1, #0
  mov r2, sp
  // An interrupt may come while the stack is not at a multiple of eight, as compiled code wants it.
  mov r4, sp
  bic sp, sp, #7
  bl guest_exception
  add sp, r4, #8
  clrex
  pop {r0-r12, lr}
  rfeia sp!

#endif
