// The first instructions: Supervisor mode with the MMU off and the device tree's address in r2. Then the vectors.

  .syntax unified
  .section .text.start, "ax"
  .global start
start:
  cpsid aif, #0x13
  ldr sp, =stack_top
  ldr r0, =vectors
  mcr p15, 0, r0, c12, c0, 0

  // Translation and caches come before compiled code, which takes memory for normal: unaligned and exclusive accesses.
  // MAIR0, index 0: normal, write-back; index 1: device.
  ldr r0, =0x04ff
  mcr p15, 0, r0, c10, c2, 0
  // TTBCR: long descriptors, walks through the caches.
  ldr r0, =(1 << 8 | 1 << 10 | 3 << 12 | 1 << 31)
  mcr p15, 0, r0, c2, c0, 2
  ldr r0, =tables
  mov r1, #0
  mcrr p15, 0, r0, r1, c2
  isb
  // TLBIALL, ICIALLU, BPIALL.
  mcr p15, 0, r1, c8, c7, 0
  mcr p15, 0, r1, c7, c5, 0
  mcr p15, 0, r1, c7, c5, 6
  dsb nsh
  isb
  // SCTLR: the bits that are one with the Virtualization Extensions, with M, C, Z and I.
  ldr r0, =0x00c5187d
  mcr p15, 0, r0, c1, c0, 0
  isb

  // The linker script aligns both ends to 16 bytes.
  ldr r0, =zeroed_start
  ldr r1, =zeroed_end
  mov r2, #0
  mov r3, #0
1:
  cmp r0, r1
  bhs 2f
  strd r2, r3, [r0], #8
  b 1b
2:
  bl machine_start
  bl guest_main
  b machine_off

  .section .text.vectors, "ax"
  .balign 32
vectors:
  b unexpected
  b unexpected
  b unexpected
  b unexpected
  b unexpected
  b unexpected
  b interrupt
  b unexpected

// An interrupt saves what C functions may change. The handler is built for general registers, so that the others stay.
interrupt:
  sub lr, lr, #4
  srsdb sp!, #0x13
  cps #0x13
  push {r0-r4, r12, lr}
  // It may come while the stack is not at a multiple of eight, as compiled code wants it.
  mov r4, sp
  bic sp, sp, #7
  bl machine_interrupt
  mov sp, r4
  clrex
  pop {r0-r4, r12, lr}
  rfeia sp!

unexpected:
  mov r1, lr
  cps #0x13
  mrc p15, 0, r0, c5, c0, 0        // DFSR
  b machine_fault

// The mapping: addresses stay what they are. 0 to 1 GiB are devices, 1 to 2 GiB the RAM.
  .section .data.tables, "aw"
  .balign 4096
tables:
  .quad 0x0060000000000405
  .quad 0x40000000 | 0x701
  .quad 0
  .quad 0
