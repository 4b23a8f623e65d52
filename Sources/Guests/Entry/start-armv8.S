// The first instructions of a guest: EL1h with the MMU off and a device tree's address, or zero, in x0.
#if defined(__aarch64__)

  .section .text.guest_start, "ax"
  .global guest_start
  .type guest_start, %function
guest_start:
  msr daifset, #0xf
  mov x19, x0
  ldr x0, =guest_stack_start
  mov sp, x0

  ldr x0, =guest_vectors
  msr vbar_el1, x0

  // Caches and translation come before any compiled code: unaligned and exclusive accesses want normal memory.
  // Index 0: normal, write-back. Index 1: device, nGnRE.
  mov x0, #0x04ff
  msr mair_el1, x0
  // 39-bit addresses below (T0SZ = 25), 4 KiB granule, write-back inner-shareable walks; nothing above (EPD1); a 40-bit
  // output range, which every core here has.
  ldr x0, =(25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 2 << 32)
  msr tcr_el1, x0
  ldr x0, =guest_tables
  msr ttbr0_el1, x0
  isb
  tlbi vmalle1
  ic iallu
  dsb nsh
  isb
  // RES1 bits of Armv8.0, with M, C and I.
  ldr x0, =0x30d01805
  msr sctlr_el1, x0
  isb

  // Through the caches from here on, so that nothing is written past them.
  // The linker script aligns both ends of the section to 64 bytes.
  ldr x0, =guest_bss_start
  ldr x1, =guest_bss_end
0:
  cmp x0, x1
  b.hs 1f
  stp xzr, xzr, [x0], #16
  // An emulator that runs its CPUs in turn passes the turn on here: others' time would stand still meanwhile.
  yield
  b 0b
1:

  mov x29, xzr
  mov x30, xzr
  mov x0, x19
  // The package manager names a program's entry after its module, and `main` after that.
  bl main
2:
  wfi
  b 2b
  .ltorg

// The identity mapping: 1 GiB blocks. 0 to 1 GiB holds the devices, 1 to 2 GiB the RAM; the rest is device memory that a
// guest may poke at to see it refused. A guest may rewrite entries (guest_map_gigabyte).
  .section .data.guest_tables, "aw"
  .balign 4096
  .global guest_tables
guest_tables:
  // Block, index 1, access flag, not executable.
  .quad 0x0060000000000405
  // Block, index 0, access flag, inner-shareable.
  .quad 0x40000000 | 0x701
  .set gigabyte, 2
  .rept 510
  .quad (gigabyte << 30) | 0x0060000000000405
  .set gigabyte, gigabyte + 1
  .endr

#endif
