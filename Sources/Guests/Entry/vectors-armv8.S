// The vectors of a guest: each saves a `struct guest_frame`, asks Swift, and returns to wherever the frame then says.
#if defined(__aarch64__)

  .macro vector kind
  .balign 128
  sub sp, sp, #288
  stp x0, x1, [sp]
  mov x0, #\kind
  b guest_save
  .endm

  .section .text.guest_vectors, "ax"
  .balign 2048
  .global guest_vectors
guest_vectors:
  .set kind_number, 0
  .rept 16
  vector kind_number
  .set kind_number, kind_number + 1
  .endr

guest_save:
  stp x2, x3, [sp, #16]
  stp x4, x5, [sp, #32]
  stp x6, x7, [sp, #48]
  stp x8, x9, [sp, #64]
  stp x10, x11, [sp, #80]
  stp x12, x13, [sp, #96]
  stp x14, x15, [sp, #112]
  stp x16, x17, [sp, #128]
  stp x18, x19, [sp, #144]
  stp x20, x21, [sp, #160]
  stp x22, x23, [sp, #176]
  stp x24, x25, [sp, #192]
  stp x26, x27, [sp, #208]
  stp x28, x29, [sp, #224]
  mrs x2, elr_el1
  mrs x3, spsr_el1
  mrs x4, esr_el1
  mrs x5, far_el1
  stp x30, x2, [sp, #240]
  stp x3, x4, [sp, #256]
  str x5, [sp, #272]
  mov x1, sp
  bl guest_exception
  ldp x30, x2, [sp, #240]
  ldr x3, [sp, #256]
  msr elr_el1, x2
  msr spsr_el1, x3
  ldp x2, x3, [sp, #16]
  ldp x4, x5, [sp, #32]
  ldp x6, x7, [sp, #48]
  ldp x8, x9, [sp, #64]
  ldp x10, x11, [sp, #80]
  ldp x12, x13, [sp, #96]
  ldp x14, x15, [sp, #112]
  ldp x16, x17, [sp, #128]
  ldp x18, x19, [sp, #144]
  ldp x20, x21, [sp, #160]
  ldp x22, x23, [sp, #176]
  ldp x24, x25, [sp, #192]
  ldp x26, x27, [sp, #208]
  ldp x28, x29, [sp, #224]
  ldp x0, x1, [sp]
  add sp, sp, #288
  eret

#endif
