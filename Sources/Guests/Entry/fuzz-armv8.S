// How the fuzz guest fires a sequence and gets over it. Nothing here trusts a register, the stack, or a system register
// that a sequence may have changed; constants are made by instructions, because loads need what is being put right.
#if defined(__aarch64__)

  // Offsets in struct fuzz_context.
  .set saved, 0
  .set registers, 128
  .set armed, 384
  .set kind, 392
  .set entry, 424
  .set context_shift, 9

  .macro constant register, value
  movz \register, #((\value) & 0xffff)
  movk \register, #((\value) >> 16 & 0xffff), lsl #16
  movk \register, #((\value) >> 32 & 0xffff), lsl #32
  .endm

  .section .text.fuzz_vectors, "ax"
  .balign 2048
  .global fuzz_vectors
fuzz_vectors:
  .set kind_number, 0
  .rept 16
  .balign 128
  mov x0, #kind_number
  b fuzz_recover
  .set kind_number, kind_number + 1
  .endr

  // x0 = the context.
  .section .text.fuzz_fire, "ax"
  .global fuzz_fire
  .type fuzz_fire, %function
fuzz_fire:
  stp x19, x20, [x0, #saved]
  stp x21, x22, [x0, #saved + 16]
  stp x23, x24, [x0, #saved + 32]
  stp x25, x26, [x0, #saved + 48]
  stp x27, x28, [x0, #saved + 64]
  stp x29, x30, [x0, #saved + 80]
  mov x1, sp
  str x1, [x0, #saved + 96]
  ldp x1, x2, [x0, #entry]
  msr elr_el1, x1
  msr spsr_el1, x2
  mov x1, #1
  str x1, [x0, #armed]
  mov x30, x0
  ldr x0, [x30, #registers + 248]
  mov sp, x0
  msr sp_el0, x0
  ldp x0, x1, [x30, #registers]
  ldp x2, x3, [x30, #registers + 16]
  ldp x4, x5, [x30, #registers + 32]
  ldp x6, x7, [x30, #registers + 48]
  ldp x8, x9, [x30, #registers + 64]
  ldp x10, x11, [x30, #registers + 80]
  ldp x12, x13, [x30, #registers + 96]
  ldp x14, x15, [x30, #registers + 112]
  ldp x16, x17, [x30, #registers + 128]
  ldp x18, x19, [x30, #registers + 144]
  ldp x20, x21, [x30, #registers + 160]
  ldp x22, x23, [x30, #registers + 176]
  ldp x24, x25, [x30, #registers + 192]
  ldp x26, x27, [x30, #registers + 208]
  ldp x28, x29, [x30, #registers + 224]
  ldr x30, [x30, #registers + 240]
  eret

  // CPU_ON enters with nothing set up: as if it had recovered from something outside of a sequence.
  .section .text.fuzz_recover, "ax"
  .balign 64
  .global fuzz_second_start
fuzz_second_start:
  mov x0, #17
  b fuzz_recover
  .global fuzz_landing
fuzz_landing:
  mov x0, #16

// x0 = the kind.
fuzz_recover:
  msr daifset, #0xf
  msr spsel, #1
  // As start-armv8.S sets them. What is right already stays: to forget all translations is dear.
  constant x1, 0x30d01805
  constant x2, (25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 2 << 32)
  constant x3, 0x04ff
  adrp x4, guest_tables
  add x4, x4, :lo12:guest_tables
  mrs x5, sctlr_el1
  mrs x6, tcr_el1
  mrs x7, mair_el1
  mrs x8, ttbr0_el1
  cmp x1, x5
  ccmp x2, x6, #0, eq
  ccmp x3, x7, #0, eq
  ccmp x4, x8, #0, eq
  b.eq 0f
  msr mair_el1, x3
  msr tcr_el1, x2
  msr ttbr0_el1, x4
  isb
  tlbi vmalle1
  ic iallu
  dsb nsh
  isb
  msr sctlr_el1, x1
  isb
0:
  adrp x1, fuzz_vectors
  add x1, x1, :lo12:fuzz_vectors
  msr vbar_el1, x1
  mov x1, #(3 << 20)
  msr cpacr_el1, x1
  isb
  mrs x1, mpidr_el1
  and x1, x1, #3
  adrp x9, fuzz_contexts
  add x9, x9, :lo12:fuzz_contexts
  add x9, x9, x1, lsl #context_shift
  mrs x2, esr_el1
  mrs x3, far_el1
  mrs x4, elr_el1
  stp x0, x2, [x9, #kind]
  stp x3, x4, [x9, #kind + 16]
  ldr x5, [x9, #armed]
  str xzr, [x9, #armed]
  cmp x0, #17
  ccmp x5, #0, #4, ne
  b.eq 1f
  ldr x1, [x9, #saved + 96]
  mov sp, x1
  ldp x19, x20, [x9, #saved]
  ldp x21, x22, [x9, #saved + 16]
  ldp x23, x24, [x9, #saved + 32]
  ldp x25, x26, [x9, #saved + 48]
  ldp x27, x28, [x9, #saved + 64]
  ldp x29, x30, [x9, #saved + 80]
  ret
1:
  // Nobody fired: begin anew. x1 = which vCPU.
  adrp x2, fuzz_stacks
  add x2, x2, :lo12:fuzz_stacks
  add x3, x1, #1
  add x2, x2, x3, lsl #14
  mov sp, x2
  mov x0, x1
  mov x29, xzr
  mov x30, xzr
  b fuzz_lost

  .bss
  .balign 512
  .global fuzz_contexts
fuzz_contexts:
  .space 2048
  .balign 16
  .global fuzz_code_base
fuzz_code_base:
  .space 16
fuzz_stacks:
  .space 4 << 14

#endif
