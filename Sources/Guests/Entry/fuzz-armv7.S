// How the fuzz guest fires a sequence and gets over it. Nothing here trusts a register, the stack, or a system register
// that a sequence may have changed; constants are made by instructions, because loads need what is being put right.
#if defined(__arm__)
  .syntax unified

  // Offsets in struct fuzz_context.
  .set saved, 0
  .set registers, 128
  .set armed, 384
  .set kind, 392
  .set entry, 424
  .set context_shift, 9

  .macro constant register, value
  movw \register, #((\value) & 0xffff)
  movt \register, #((\value) >> 16 & 0xffff)
  .endm

  .section .text.fuzz_vectors, "ax"
  .balign 32
  .global fuzz_vectors
fuzz_vectors:
  b fuzz_odd
  b fuzz_undefined
  b fuzz_call
  b fuzz_prefetch_abort
  b fuzz_data_abort
  b fuzz_odd
  b fuzz_irq
  // FIQ.
  mov r0, #6
  b 0f
fuzz_odd:
  mov r0, #7
  b 0f
fuzz_irq:
  mov r0, #5
0:
  mov r2, #0
  mov r3, #0
  mov r4, lr
  b fuzz_recover
fuzz_undefined:
  mov r0, #4
  mov r2, #0
  mov r3, #0
  mov r4, lr
  b fuzz_recover
fuzz_call:
  mov r0, #4
  mov r2, #(0x11 << 26)
  mov r3, #0
  mov r4, lr
  b fuzz_recover
fuzz_prefetch_abort:
  mov r0, #4
  mov r4, lr
  mrc p15, 0, r2, c5, c0, 1
  and r2, r2, #0x3f
  orr r2, r2, #(0x21 << 26)
  mrc p15, 0, r3, c6, c0, 2
  b fuzz_recover
fuzz_data_abort:
  mov r0, #4
  mov r4, lr
  mrc p15, 0, r2, c5, c0, 0
  and r2, r2, #0x3f
  orr r2, r2, #(0x25 << 26)
  mrc p15, 0, r3, c6, c0, 0
  b fuzz_recover

  // r0 = the context.
  .section .text.fuzz_fire, "ax"
  .global fuzz_fire
  .type fuzz_fire, %function
fuzz_fire:
  add r1, r0, #saved
  stm r1, {r4-r11}
  str sp, [r0, #saved + 32]
  str lr, [r0, #saved + 36]
  mov r1, #1
  str r1, [r0, #armed]
  // Entry and state move to where a sequence that writes through its LR does no harm.
  movw r2, :lower16:fuzz_return
  movt r2, :upper16:fuzz_return
  ldr r3, [r0, #entry]
  ldr r4, [r0, #entry + 8]
  mrc p15, 0, r1, c0, c0, 5
  and r1, r1, #3
  add r2, r2, r1, lsl #3
  str r3, [r2]
  str r4, [r2, #4]
  ldr sp, [r0, #registers + 8 * 31]
  mov lr, r2
  .irp n, 1,2,3,4,5,6,7,8,9,10,11,12
  ldr r\n, [r0, #registers + 8 * \n]
  .endr
  ldr r0, [r0, #registers]
  rfeia lr

  // CPU_ON enters with nothing set up: as if it had recovered from something outside of a sequence.
  .section .text.fuzz_recover, "ax"
  .balign 64
  .global fuzz_second_start
  .type fuzz_second_start, %function
fuzz_second_start:
  mov r0, #17
  b 0f
  .global fuzz_landing
  .type fuzz_landing, %function
fuzz_landing:
  mov r0, #16
0:
  mov r2, #0
  mov r3, #0
  mov r4, #0

// r0 = the kind, r2 = the syndrome, r3 = the address, r4 = the place.
fuzz_recover:
  setend le
  cpsid aif, #0x13
  // As start-armv7.S sets them. What is right already stays: to forget all translations is dear.
  constant r5, 0x00c5187d
  constant r6, (1 << 8 | 1 << 10 | 3 << 12 | 1 << 31)
  constant r7, 0x04ff
  movw r8, :lower16:guest_tables
  movt r8, :upper16:guest_tables
  mov r1, #0
  mrc p15, 0, r9, c2, c0, 2
  cmp r6, r9
  bne 1f
  mrc p15, 0, r9, c1, c0, 0
  cmp r5, r9
  mrceq p15, 0, r9, c10, c2, 0
  cmpeq r7, r9
  bne 1f
  mrrc p15, 0, r9, r10, c2
  cmp r8, r9
  cmpeq r1, r10
  beq 0f
1:
  mcr p15, 0, r7, c10, c2, 0
  mcr p15, 0, r6, c2, c0, 2
  mcrr p15, 0, r8, r1, c2
  isb
  // TLBIALL, ICIALLU, BPIALL.
  mcr p15, 0, r1, c8, c7, 0
  mcr p15, 0, r1, c7, c5, 0
  mcr p15, 0, r1, c7, c5, 6
  dsb nsh
  isb
  mcr p15, 0, r5, c1, c0, 0
  isb
0:
  movw r5, :lower16:fuzz_vectors
  movt r5, :upper16:fuzz_vectors
  mcr p15, 0, r5, c12, c0, 0
  mov r5, #(15 << 20)
  mcr p15, 0, r5, c1, c0, 2
  isb
  mrc p15, 0, r1, c0, c0, 5
  and r1, r1, #3
  movw r9, :lower16:fuzz_contexts
  movt r9, :upper16:fuzz_contexts
  add r9, r9, r1, lsl #context_shift
  mov r10, #0
  str r0, [r9, #kind]
  str r10, [r9, #kind + 4]
  str r2, [r9, #kind + 8]
  str r10, [r9, #kind + 12]
  str r3, [r9, #kind + 16]
  str r10, [r9, #kind + 20]
  str r4, [r9, #kind + 24]
  str r10, [r9, #kind + 28]
  ldr r5, [r9, #armed]
  str r10, [r9, #armed]
  cmp r0, #17
  cmpne r5, #0
  beq 1f
  ldr sp, [r9, #saved + 32]
  ldr lr, [r9, #saved + 36]
  add r1, r9, #saved
  ldm r1, {r4-r11}
  clrex
  bx lr
1:
  // Nobody fired: begin anew. r1 = which vCPU.
  movw r2, :lower16:fuzz_stacks
  movt r2, :upper16:fuzz_stacks
  add r3, r1, #1
  add sp, r2, r3, lsl #14
  mov r0, r1
  mov r1, #0
  mov r11, #0
  mov lr, #0
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
  // A page that sequences may write to as they like.
  .balign 4096
  .space 2048
fuzz_return:
  .space 2048

#endif
