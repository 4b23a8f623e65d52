// The AArch64 image's first instructions: from the loader's hands to Swift, with the MMU and the caches on.
//
// In: x0 the physical address of the flattened device tree; MMU off; the image at any multiple of 4 KiB (the Linux arm64 boot
// protocol, Documentation/arch/arm64/booting.rst, has 2 MiB, and not every loader keeps to it). Meant for EL2. At EL1 or EL3, where the same
// descriptors work, we go just far enough to say on the console that this is the wrong level.
//
// Virtual addresses (48 bits, one table base): the image where it was linked; all physical memory that Swift maps later
// at its physical address + 2^47; and, for the few instructions around the switch, the image's first page at its own
// physical address.

#if defined(__aarch64__)

// Where EL2 can have HCR_EL2.E2H = 1 (FEAT_VHE) it gets it here, before its tables and registers are made, whose layouts
// depend on that. Swift reads the command line, and enters the image once more where that declines it.

// Descriptors (DDI 0487, D8.3). In a regime of one privilege level AP[1] is RES1; at EL1 it makes nothing that we run
// writable and executable. With E2H = 1 it would let EL0 in, and PSTATE.PAN, which a guest leaves as it likes, keep us out:
// clear there. Bit 54 is XN; with E2H = 1 it is EL0's (UXN), and 53 is ours (PXN).
#define TABLE 0x3
#define PAGE 0x3
#define BLOCK 0x1
#define NORMAL (1 << 2)       // MAIR index 1
#define ACCESSED (1 << 10)
#define SHARED (3 << 8)       // inner shareable
#define AP1 (1 << 6)
#define READ_ONLY (1 << 7)
#define CODE (PAGE | NORMAL | ACCESSED | SHARED | AP1 | READ_ONLY)
#define AP1_BIT 6
#define NO_EXECUTE_BIT 54
#define PRIVILEGED_NO_EXECUTE_BIT 53
// The root; levels 1 to 3 of the image where it was linked, and of its first page at its physical address; and of the image in the
// linear map two of level 3, and where it lies across a multiple of 1 GiB or of 512 GiB two of those above.
#define TABLE_COUNT 13

// The trap frame (TrapFrame.byteCount) lies at the very top of a stack, above all that we use ourselves.
#define FRAME_SIZE 256

  // The package manager links an executable's `main` to this name.
  .global Boot_main
  .set Boot_main, tvisor_start

  .section .text.header, "ax"
  .global tvisor_start
tvisor_start:
  ccmp x18, #0, #13, pl            // does nothing, and its first bytes are "MZ", as an EFI application's have to be (efi.S)
  b enter
  .quad 0                          // text_offset: any multiple of 2 MiB
  .quad tvisor_image_size          // with bss, stacks and the arena
  .quad 0xa                        // little-endian, 4 KiB pages, anywhere in memory
  .quad 0, 0, 0
  .ascii "ARM\x64"
  .long 64                         // where the PE header is, which follows

  .section .text.entry, "ax"
enter:
  mov x25, #1
// In: x25 0 where E2H = 1 is declined.
reenter:
  msr daifset, #15
  mov x20, x0                      // x20: device tree
  adrp x21, tvisor_image_start     // x21: where we are loaded
  mrs x22, currentel
  ubfx x22, x22, #2, #2            // x22: exception level
  mov x23, x30
  // x25: what E2H shall be. Only EL2 has it, and only with FEAT_VHE (ID_AA64MMFR1_EL1.VH).
  mrs x0, id_aa64mmfr1_el1
  tst x0, #0xf00
  ccmp x22, #2, #0, ne
  csel x25, x25, xzr, eq

  // Tables were never zeroed, and a loader may have left stale lines over them: drop those, then write with the MMU off.
  adrp x24, tvisor_tables          // x24: the root table
  mov x0, x24
  bl drop_cached_tables
  mov x26, x24                     // x26: the next table that nobody has
  bl new_table

  // The image where it was linked, which is one table of pages, the fourth of all: `tvisor_secondary_entry` looks into it.
  ldr x9, =tvisor_image_start
  bl leaf_slot
  mov x7, x0

  // Its first page where it was loaded, for the MMU to be switched on in it: read-only and executable, taken away again by Swift.
  mov x9, x21
  bl leaf_slot
  mov x5, #CODE
  sub x5, x5, x25, lsl #AP1_BIT
  orr x1, x21, x5
  str x1, [x0]

  // All its pages, there and in the linear map: code (never executable in the linear map), then constants, then data; the guard
  // page in neither. What follows the image, the boot arena, is in the linear map only, where the pages may have two tables.
  adrp x11, tvisor_text_end
  adrp x12, tvisor_rodata_end
  adrp x13, tvisor_stack_guard
  adrp x14, tvisor_image_end
  mov x6, #1
  lsl x6, x6, #NO_EXECUTE_BIT
  orr x6, x6, x25, lsl #PRIVILEGED_NO_EXECUTE_BIT
  mov x10, x21
  add x16, x21, #0x200000
1:
  orr x9, x10, #(1 << 47)
  bl leaf_slot
2:
  cmp x10, x11
  b.ne 3f
  orr x5, x5, x6
3:
  cmp x10, x12
  b.ne 4f
  bic x5, x5, #READ_ONLY
4:
  orr x17, x10, x5
  cmp x10, x14
  csel x4, x17, xzr, lo
  orr x17, x17, x6
  cmp x10, x13
  csel x4, xzr, x4, eq
  csel x17, xzr, x17, eq
  str x4, [x7], #8
  str x17, [x0], #8
  add x10, x10, #4096
  cmp x10, x16
  b.hs 5f
  tst x10, #0x1ff000
  b.ne 2b
  b 1b
5:
  mov x0, x24
  bl drop_cached_tables
  ldr x6, =high

enable_mmu:
  // In: x6 where to go on, x22 the exception level, x24 the root table, x25 E2H. Memory types: 0 device nGnRE, 1 normal
  // write-back. The table walks are cacheable and inner shareable.
  ldr x0, =0xff04
  ldr x1, =0x3510                  // T0SZ 16, IRGN0 and ORGN0 write-back, SH0 inner
  mrs x2, id_aa64mmfr0_el1
  and x2, x2, #7                   // 48 bits at the most: 52 needs another granule or descriptor form
  cmp x2, #5
  mov x3, #5
  csel x2, x2, x3, lo
  ldr x5, =0x30cd183d              // M, C, SA, I, WXN and the RES1 bits
  cmp x22, #2
  b.eq el2
  cmp x22, #1
  b.eq el1

el3:
  orr x1, x1, x2, lsl #16
  ldr x3, =0x80800000
  orr x1, x1, x3
  msr mair_el3, x0
  msr tcr_el3, x1
  msr ttbr0_el3, x24
  isb
  tlbi alle3
  ic iallu
  dsb sy
  isb
  msr sctlr_el3, x5
  isb
  br x6

el1:
  orr x1, x1, x2, lsl #32
  orr x1, x1, #(1 << 23)           // no walks by TTBR1
  msr mair_el1, x0
  msr tcr_el1, x1
  msr ttbr0_el1, x24
  isb
  tlbi vmalle1
  ic iallu
  dsb sy
  isb
  // EL1 keeps its own RES1 bits; WXN would take execution from pages that EL0 may not even see.
  ldr x5, =0x30d0180d
  msr sctlr_el1, x5
  isb
  br x6

el2:
  // Whoever was here before may have left traps: start from AArch64 guests (RW), nothing else but E2H.
  mov x3, #(1 << 31)
  orr x3, x3, x25, lsl #34
  msr hcr_el2, x3
  isb
  // A CPU that cannot do as the first one does stays out.
  mrs x4, hcr_el2
  eor x4, x4, x3
  tbnz x4, #34, 2f
  // With E2H = 1 TCR_EL2 has TCR_EL1's layout, and a second table base, which stays unused (EPD1).
  orr x3, x1, x2, lsl #32
  orr x3, x3, #(1 << 23)
  orr x1, x1, x2, lsl #16
  ldr x4, =0x80800000
  orr x1, x1, x4
  cmp x25, #0
  csel x1, x1, x3, eq
  msr mair_el2, x0
  msr tcr_el2, x1
  msr ttbr0_el2, x24
  isb
  tlbi alle2
  ic iallu
  dsb sy
  isb
  // The same in both: what E2H = 1 adds is about EL0, under TGE, but for RES1 bits.
  msr sctlr_el2, x5
  isb
  br x6
2:
  wfi
  b 2b

// _Noreturn void tvisor_reenter(uintptr_t tree, uintptr_t load): from Swift on the first CPU, before another is started.
// Enters the image as its loader did, E2H = 1 declined. What Swift has written since is written again: the tables here,
// the rest cached as before.
  .global tvisor_reenter
tvisor_reenter:
  adrp x2, tvisor_image_start
  adr x3, 1f
  sub x3, x3, x2
  add x3, x3, x1
  br x3
  // At the physical address, which is mapped too: nothing changes but the attributes when the MMU goes off.
1:
  mrs x4, sctlr_el2
  mov x5, #5                       // M and C
  bic x4, x4, x5
  msr sctlr_el2, x4
  isb
  tlbi alle2
  dsb sy
  isb
  mov x25, xzr
  b reenter

// Another CPU than the first, started by it: the tables are there, and tvisor_starting says the rest.
  .global tvisor_secondary_entry
tvisor_secondary_entry:
  msr daifset, #15
  mov x22, #2
  adrp x24, tvisor_tables
  // E2H as the tables were made for: by AP[1] of the image's first page, in memory since before the first MMU went on.
  ldr x25, [x24, #(3 * 4096)]
  ubfx x25, x25, #AP1_BIT, #1
  eor x25, x25, #1
  ldr x6, =high_secondary
  b enable_mmu

// x9: a virtual address. Out: x0, where its page's descriptor goes; tables that are missing on the way are made. Uses x1 to x3.
leaf_slot:
  mov x15, x30
  mov x2, x24
  mov x1, #39
1:
  lsr x3, x9, x1
  and x3, x3, #511
  add x0, x2, x3, lsl #3
  cmp x1, #12
  b.eq 3f
  ldr x2, [x0]
  and x2, x2, #~TABLE
  cbnz x2, 2f
  bl new_table
  orr x3, x2, #TABLE
  str x3, [x0]
2:
  sub x1, x1, #9
  b 1b
3:
  ret x15

// Out: x2, a table without an entry, the next of the pool in x26. Uses x3.
new_table:
  mov x2, x26
  add x26, x26, #4096
  mov x3, x2
1:
  stp xzr, xzr, [x3], #16
  cmp x3, x26
  b.lo 1b
  ret

// x0: the tables' start. Invalidates their lines to the point of coherency. Uses x1 to x3.
drop_cached_tables:
  dmb sy
  mrs x1, ctr_el0
  ubfx x1, x1, #16, #4
  mov x2, #4
  lsl x2, x2, x1
  add x3, x0, #(TABLE_COUNT * 4096)
1:
  dc ivac, x0
  add x0, x0, x2
  cmp x0, x3
  b.lo 1b
  dsb sy
  ret

// From here on at the linked address, cached.
high:
  ldr x0, =tvisor_stack_end
  cmp x22, #2
  msr spsel, #1
  sub sp, x0, #FRAME_SIZE
  b.ne 1f
  ldr x0, =tvisor_vectors
  msr vbar_el2, x0
  msr tpidr_el2, xzr               // no record of this CPU yet
1:
  ldr x0, =tvisor_bss_start
  ldr x1, =tvisor_bss_end
2:
  cmp x0, x1
  b.hs 3f
  stp xzr, xzr, [x0], #16
  b 2b
3:
  isb
  mov x29, xzr
  mov x30, xzr
  mov x0, x20
  mov x1, x21
  mov x2, x22
  bl tvisor_main
4:
  wfi
  b 4b

high_secondary:
  msr spsel, #1
  msr tpidr_el2, xzr
  // Several CPUs may come by at once, or one after its time: only the one that is being started goes on.
  mrs x2, mpidr_el1
  ldr x3, =0xff00ffffff
  and x2, x2, x3
  ldr x0, =tvisor_starting
6:
  ldr x3, [x0, #16]
  cmp x3, x2
  b.eq 7f
  yield
  b 6b
7:
  dmb ish
  ldp x1, x0, [x0]
  sub sp, x1, #FRAME_SIZE
  ldr x1, =tvisor_vectors
  msr vbar_el2, x1
  isb
  mov x29, xzr
  mov x30, xzr
  bl tvisor_secondary_main
5:
  wfi
  b 5b

  .ltorg

  .data
  .balign 16
  .global tvisor_starting
tvisor_starting:
  .quad 0, 0, -1

#endif
