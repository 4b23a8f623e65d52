// The first instructions of a guest: Supervisor mode with the MMU off and a device tree's address, or zero, in r2, as
// Linux's boot protocol for Arm has it (r0 = 0, r1 = the machine's number or ~0).
#if defined(__arm__)
  .syntax unified

  .section .text.guest_start, "ax"
  .global guest_start
  .type guest_start, %function
guest_start:
  cpsid aif, #0x13
  mov r8, r2
  ldr sp, =guest_stack_start
  ldr r0, =guest_vectors
  mcr p15, 0, r0, c12, c0, 0

  // Caches and translation come before any compiled code: unaligned and exclusive accesses want normal memory.
  // MAIR0, index 0: normal, write-back; index 1: device.
  ldr r0, =0x04ff
  mcr p15, 0, r0, c10, c2, 0
  // TTBCR: long descriptors (EAE), 32-bit addresses through TTBR0, write-back inner-shareable walks.
  ldr r0, =(1 << 8 | 1 << 10 | 3 << 12 | 1 << 31)
  mcr p15, 0, r0, c2, c0, 2
  ldr r0, =guest_tables
  mov r1, #0
  mcrr p15, 0, r0, r1, c2
  isb
  // TLBIALL, ICIALLU, BPIALL.
  mcr p15, 0, r1, c8, c7, 0
  mcr p15, 0, r1, c7, c5, 0
  mcr p15, 0, r1, c7, c5, 6
  dsb nsh
  isb
  // SCTLR: the bits that are one in every Armv7-A implementation with the Virtualization Extensions, with M, C, Z and I.
  ldr r0, =0x00c5187d
  mcr p15, 0, r0, c1, c0, 0
  isb

  // Through the caches from here on, so that nothing is written past them.
  // The linker script aligns both ends of the section to 64 bytes.
  ldr r0, =guest_bss_start
  ldr r1, =guest_bss_end
  mov r2, #0
  mov r3, #0
0:
  cmp r0, r1
  bhs 1f
  strd r2, r3, [r0], #8
  // An emulator that runs its CPUs in turn passes the turn on here: others' time would stand still meanwhile.
  yield
  b 0b
1:

  mov r11, #0
  mov lr, #0
  mov r0, r8
  mov r1, #0
  // The package manager names a program's entry after its module, and `main` after that.
  bl main
2:
  wfi
  b 2b
  .ltorg

// The identity mapping: 1 GiB blocks of long descriptors. 0 to 1 GiB holds the devices, 1 to 2 GiB the RAM; the rest is
// device memory that a guest may poke at to see it refused. A guest may rewrite entries (guest_map_gigabyte).
  .section .data.guest_tables, "aw"
  .balign 4096
  .global guest_tables
guest_tables:
  // Block, index 1, access flag, not executable.
  .quad 0x0060000000000405
  // Block, index 0, access flag, inner-shareable.
  .quad 0x40000000 | 0x701
  .quad 0x80000000 | 0x0060000000000405
  .quad 0xc0000000 | 0x0060000000000405

#endif
