// Instructions that the compiler would never choose, for the hostile guest. Each faulting instruction stands alone, so that
// skipping it leaves the registers as they were.
#if defined(__aarch64__)
  .arch armv8-a+fp+simd

  .macro function name
  .section .text.\name, "ax"
  .global \name
  .type \name, %function
\name:
  .endm

// Patterns for q0 to q31, made from x0.
function hostile_fill_vectors
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  add x2, x0, #\n
  mvn x3, x2
  mov v\n\().d[0], x2
  mov v\n\().d[1], x3
  .endr
  ret

// 0 if q0 to q31 hold the patterns made from x0.
function hostile_compare_vectors
  mov x5, #0
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  add x2, x0, #\n
  mvn x3, x2
  mov x6, v\n\().d[0]
  mov x7, v\n\().d[1]
  eor x6, x6, x2
  eor x7, x7, x3
  orr x5, x5, x6
  orr x5, x5, x7
  .endr
  mov x0, x5
  ret

// Fills q0 to q31 with patterns made from x0, spins until the virtual counter reaches x1, and answers 0 if every register
// still holds its pattern.
function hostile_vectors_survive
  mov x8, x30
  bl hostile_fill_vectors
0:
  yield
  isb
  mrs x4, cntvct_el0
  cmp x4, x1
  b.lo 0b
  mov x30, x8
  b hostile_compare_vectors

// Loads 16 bytes at x0 through a vector register; the low half, or x1 where the load was skipped.
function hostile_load_vector
  mov v0.d[0], x1
  mov v0.d[1], x1
  ldr q0, [x0]
  mov x0, v0.d[0]
  ret

// Stores 16 bytes of zero at x0 from a vector register.
function hostile_store_vector
  movi v0.2d, #0
  str q0, [x0]
  ret

// The code that hostile_execute rewrites: one instruction on x0, then back, even where the way back is skipped.
  .section .data.hostile_patch, "awx"
  .balign 64
  .global hostile_patch
  .type hostile_patch, %function
hostile_patch:
  nop
  ret
  ret
  ret

#endif
