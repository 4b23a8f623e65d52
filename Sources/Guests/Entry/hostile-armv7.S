// Instructions that the compiler would never choose, for the hostile guest. Each faulting instruction stands alone, so that
// skipping it leaves the registers as they were.
#if defined(__arm__)
  .syntax unified
  .fpu neon

  .macro function name
  .section .text.\name, "ax"
  .global \name
  .type \name, %function
\name:
  .endm

// Lets the guest use VFP and NEON: CPACR for coprocessors 10 and 11, and FPEXC.EN.
function hostile_allow_vectors
  mrc p15, 0, r0, c1, c0, 2
  orr r0, r0, #(15 << 20)
  mcr p15, 0, r0, c1, c0, 2
  isb
  mov r0, #(1 << 30)
  vmsr fpexc, r0
  bx lr

// Patterns for d0 to d31, made from r0 and r1.
function hostile_fill_vectors
  push {r4-r7}
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  add r4, r0, #\n
  eor r5, r1, r4
  vmov d\n, r4, r5
  .endr
  pop {r4-r7}
  bx lr

// 0 if d0 to d31 hold the patterns made from r0 and r1.
function hostile_compare_vectors
  push {r4-r7}
  mov r6, #0
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  add r4, r0, #\n
  eor r5, r1, r4
  vmov r7, r12, d\n
  eor r7, r7, r4
  orr r6, r6, r7
  eor r12, r12, r5
  orr r6, r6, r12
  .endr
  mov r0, r6
  mov r1, #0
  pop {r4-r7}
  bx lr

// Fills d0 to d31 with patterns made from r0 and r1, spins until the virtual counter reaches r2 and r3, and answers 0 if
// every register still holds its pattern.
function hostile_vectors_survive
  push {r4-r7, lr}
  bl hostile_fill_vectors
0:
  yield
  isb
  mrrc p15, 1, r4, r5, c14
  cmp r4, r2
  sbcs r6, r5, r3
  blo 0b
  bl hostile_compare_vectors
  pop {r4-r7, pc}

// Loads 16 bytes at r0 through a vector register; the low half, or r2 and r3 where the load was skipped.
function hostile_load_vector
  vmov d0, r2, r3
  vmov d1, r2, r3
  vld1.32 {d0, d1}, [r0]
  vmov r0, r1, d0
  bx lr

// Stores 16 bytes of zero at r0 from a vector register.
function hostile_store_vector
  vmov.i32 q0, #0
  vst1.32 {d0, d1}, [r0]
  bx lr

// The code that hostile_execute rewrites: one instruction on r0 and r1, then back.
  .section .data.hostile_patch, "awx"
  .balign 64
  .global hostile_patch
  .type hostile_patch, %function
hostile_patch:
  nop
  bx lr

// Stores and loads, at the address r0, through the registers that the mode r1 has for itself: how many loads did not give what
// was stored, which is r2, and that rotated by eight bits more each time.
  .macro transfer from, to
  ror r2, r2, #8
  mov \from, r2
  str \from, [r0]
  mov \to, #0
  ldr \to, [r0]
  cmp \to, r2
  addne r4, r4, #1
  .endm
  .arm
function hostile_banked_transfers
  push {r4-r11, lr}
  mrs r3, cpsr
  mov r4, #0
  orr r7, r1, #0xc0
  msr cpsr_c, r7
  mov r5, sp
  mov r6, lr
  transfer sp, lr
  transfer lr, sp
  cmp r1, #0x11                    // only FIQ mode has more
  bne 0f
  transfer r8, r9
  transfer r9, r10
  transfer r10, r11
  transfer r11, r12
  transfer r12, r8
0:
  mov sp, r5
  mov lr, r6
  msr cpsr_c, r3
  mov r0, r4
  pop {r4-r11, pc}

// Loads from r0 within an IT block of T32, twice, by 2 and by 4 bytes: what it loaded in r0, and in r1 ten if both were the same
// and each instruction beside them was executed whose condition holds, and no other.
  .thumb
function hostile_load_in_block
  movs r1, #0
  cmp r1, #0
  ittet eq
  ldreq r2, [r0]
  ldreq.w r3, [r0]
  movne r1, #1
  addeq r1, r1, #2
  ite ne
  ldrne r2, [r1]
  addeq r1, r1, #8
  subs r3, r3, r2
  add r1, r1, r3
  mov r0, r2
  bx lr

#endif
