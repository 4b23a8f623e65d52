// The first instructions: EL1 with the MMU off and the device tree's address in x0. Then the vectors.

  .section .text.start, "ax"
  .global start
start:
  msr daifset, #0xf
  ldr x1, =stack_top
  mov sp, x1
  ldr x1, =vectors
  msr vbar_el1, x1
  // Floating point and SIMD are there for code that wants them.
  mov x1, #(3 << 20)
  msr cpacr_el1, x1

  // Translation and caches come before compiled code, which takes memory for normal: unaligned and exclusive accesses.
  // Index 0: normal, write-back. Index 1: device.
  mov x1, #0x04ff
  msr mair_el1, x1
  // 39-bit addresses, 4 KiB granule, walks through the caches; 40-bit physical addresses.
  ldr x1, =(25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 2 << 32)
  msr tcr_el1, x1
  ldr x1, =tables
  msr ttbr0_el1, x1
  isb
  tlbi vmalle1
  dsb nsh
  isb
  // The bits that are one in Armv8.0, with M, C and I.
  ldr x1, =0x30d01805
  msr sctlr_el1, x1
  isb

  // The linker script aligns both ends to 16 bytes.
  ldr x1, =zeroed_start
  ldr x2, =zeroed_end
1:
  cmp x1, x2
  b.hs 2f
  stp xzr, xzr, [x1], #16
  b 1b
2:
  bl machine_start
  bl guest_main
  b machine_off

// An interrupt saves what C functions may change. The handler is built for general registers, so that the others stay.
  .macro vector target
  .balign 128
  b \target
  .endm

  .section .text.vectors, "ax"
  .balign 2048
vectors:
  .rept 5
  vector unexpected
  .endr
  vector interrupt                 // IRQ at EL1, with EL1's stack
  .rept 10
  vector unexpected
  .endr

interrupt:
  stp x0, x1, [sp, #-176]!
  stp x2, x3, [sp, #16]
  stp x4, x5, [sp, #32]
  stp x6, x7, [sp, #48]
  stp x8, x9, [sp, #64]
  stp x10, x11, [sp, #80]
  stp x12, x13, [sp, #96]
  stp x14, x15, [sp, #112]
  stp x16, x17, [sp, #128]
  stp x18, x30, [sp, #144]
  bl machine_interrupt
  ldp x18, x30, [sp, #144]
  ldp x16, x17, [sp, #128]
  ldp x14, x15, [sp, #112]
  ldp x12, x13, [sp, #96]
  ldp x10, x11, [sp, #80]
  ldp x8, x9, [sp, #64]
  ldp x6, x7, [sp, #48]
  ldp x4, x5, [sp, #32]
  ldp x2, x3, [sp, #16]
  ldp x0, x1, [sp], #176
  eret

unexpected:
  mrs x0, esr_el1
  mrs x1, elr_el1
  b machine_fault

// The mapping: addresses stay what they are. 0 to 1 GiB are devices, 1 to 2 GiB the RAM.
  .section .data.tables, "aw"
  .balign 4096
tables:
  .quad 0x0060000000000405
  .quad 0x40000000 | 0x701
  .fill 510, 8, 0
