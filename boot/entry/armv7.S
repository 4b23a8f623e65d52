// The ARMv7 image's first instructions: from the loader's hands to Swift, with the MMU and the caches on.
//
// In: r2 the physical address of the flattened device tree; MMU off; the image at any multiple of 4 KiB (the Linux arm
// boot protocol, Documentation/arch/arm/booting.rst), but where physical addresses and the image's window overlap only in
// part. Meant for Hyp mode. Secure SVC mode leads there through Monitor mode (armv7-secure.S). In Non-secure SVC mode,
// where the same descriptors work on a CPU with LPAE, we go just far enough to say on the console that this is the wrong
// mode.
//
// Virtual addresses (32 bits): the image where it was linked; everything else at its physical address, as Swift maps it
// later, or 32 MiB above it if that is below the image (AddressSpaceLayout). The image's first page is executable where
// it was loaded, too: the MMU is switched on in it.

#if defined(__arm__)

  .syntax unified
  .arch armv7-a
  .arch_extension virt
  .arm

// Descriptors (DDI 0406C, B3.6). AP[1] is one in Hyp mode; in SVC mode it makes nothing that we run writable and
// executable.
#define TABLE 0x3
#define PAGE 0x3
#define NORMAL (1 << 2)       // HMAIR0 index 1
#define ACCESSED (1 << 10)
#define SHARED (3 << 8)       // inner shareable
#define AP1 (1 << 6)
#define READ_ONLY (1 << 7)
#define CODE (PAGE | NORMAL | ACCESSED | SHARED | AP1 | READ_ONLY)
#define NO_EXECUTE (1 << 22)  // bit 54, in the upper word
#define TABLE_COUNT 8
// AddressSpaceLayout: what is below the image's window lies 32 MiB higher than its physical address says.
#define LOW_SHIFT 0x2000000
#define LOW_END 0x16000000

// The trap frame (TrapFrame.byteCount) lies at the very top of a stack, above all that we use ourselves.
#define FRAME_SIZE 64

// The physical address of \symbol, with r7 the way from virtual to physical addresses of the image.
.macro physical register, symbol
  ldr \register, =\symbol
  add \register, \register, r7
.endm

  // The package manager links an executable's `main` to this name.
  .global Boot_main
  .set Boot_main, tvisor_start

  .section .text.header, "ax", %progbits
  .global tvisor_start
  .type tvisor_start, %function
tvisor_start:
  .rept 8
  mov r0, r0
  .endr
  b 1f
  .word 0x016f2818                 // zImage
  .word 0                          // runs anywhere
  .word tvisor_image_size          // with bss, stacks and the arena
  .word 0x04030201                 // little-endian
1:
  adr r6, tvisor_start             // r6: where we are loaded
  b enter

  .section .text.entry, "ax", %progbits
enter:
  cpsid aif
  mov r5, r2                       // r5: device tree
  ldr r0, =tvisor_image_start
  sub r7, r6, r0
  mrs r0, cpsr
  and r0, r0, #0x1f
  cmp r0, #0x13
  bleq climb
  mrs r0, cpsr
  and r0, r0, #0x1f
  cmp r0, #0x1a
  mov r8, #1
  moveq r8, #2                     // r8: privilege level
  physical r4, tvisor_tables       // r4: tables
  // Without LPAE there is no Hyp mode either, and nothing to say it with (ID_MMFR0.VMSA).
  mrc p15, 0, r0, c0, c1, 4
  and r0, r0, #15
  cmp r0, #5
  blo stop

  // Tables were never zeroed, and a loader may have left stale lines over them: drop those, then write with the MMU off.
  bl drop_cached_tables
  mov r0, r4
  add r1, r4, #(TABLE_COUNT * 4096)
  mov r2, #0
  mov r3, #0
1:
  strd r2, r3, [r0], #8
  cmp r0, r1
  blo 1b

  // Eight tables: the root; four at level 2, one for each GiB, side by side; at level 3 one for the window, and two side
  // by side for the 2 MiB, or a part of two, where the image was loaded.
  mov r0, r4
  add r1, r4, #4096
  orr r1, r1, #TABLE
  mov r2, #4
1:
  str r1, [r0], #8
  add r1, r1, #4096
  subs r2, r2, #1
  bne 1b

  add r9, r4, #4096                // r9: level 2
  add r10, r4, #(5 * 4096)         // r10: the window's pages
  add r11, r4, #(6 * 4096)         // r11: the same pages where they were loaded
  lsr r0, r6, #21
  add r0, r9, r0, lsl #3
  orr r1, r11, #TABLE
  str r1, [r0]
  cmp r6, #LOW_END
  strlo r1, [r0, #(LOW_SHIFT >> 21 << 3)]
  lsls r2, r6, #11                 // a multiple of 2 MiB?
  beq 1f
  add r1, r1, #4096
  str r1, [r0, #8]
  cmp r6, #LOW_END
  strlo r1, [r0, #(LOW_SHIFT >> 21 << 3) + 8]
1:
  ldr r0, =tvisor_image_start
  lsr r0, r0, #21
  add r0, r9, r0, lsl #3
  orr r1, r10, #TABLE
  str r1, [r0]

  // The image's pages, in both maps: code (beside the first page never executable where it was loaded), then constants,
  // then data; the guard page in neither. What follows the image, the boot arena, is at its physical address only.
  ubfx r0, r6, #12, #9
  add r11, r11, r0, lsl #3
  mov r0, r6                       // r0: page
  ldr r1, =CODE
  mov r2, #0                       // r1, r2: its attributes
  mov r3, #0                       // r3: the same where it was loaded
1:
  physical r12, tvisor_text_end
  cmp r0, r12
  moveq r2, #NO_EXECUTE
  physical r12, tvisor_rodata_end
  cmp r0, r12
  biceq r1, r1, #READ_ONLY
  orr r9, r0, r1
  physical r12, tvisor_stack_guard
  cmp r0, r12
  moveq r9, #0
  str r9, [r11], #4
  str r3, [r11], #4
  physical r12, tvisor_image_end
  cmp r0, r12
  movhs r9, #0
  str r9, [r10], #4
  str r2, [r10], #4
  mov r3, #NO_EXECUTE
  add r0, r0, #4096
  add r12, r6, #0x200000
  cmp r0, r12
  bne 1b
  dsb
  bl drop_cached_tables
  ldr r3, =high

enable_mmu:
  // In: r3 where to go on, r4 the root table, r8 the privilege level. Memory types: 0 device nGnRE, 1 normal write-back. The
  // table walks are cacheable and inner shareable. 4 GiB by one table base.
  ldr r0, =0xff04
  mov r1, #0
  cmp r8, #2
  beq hyp

svc:
  ldr r2, =0x80803500              // EAE, no walks by TTBR1
  mcr p15, 0, r0, c10, c2, 0       // MAIR0
  mcr p15, 0, r1, c10, c2, 1       // MAIR1
  mcr p15, 0, r2, c2, c0, 2        // TTBCR
  mcrr p15, 0, r4, r1, c2          // TTBR0
  isb
  mcr p15, 0, r1, c8, c7, 0        // TLBIALL
  mcr p15, 0, r1, c7, c5, 0        // ICIALLU
  mcr p15, 0, r1, c7, c5, 6        // BPIALL
  dsb
  isb
  mrc p15, 0, r0, c1, c0, 0
  bic r0, r0, #(1 << 30)           // TE
  bic r0, r0, #(1 << 25)           // EE
  bic r0, r0, #(1 << 1)            // A
  orr r0, r0, #(1 << 12)           // I
  orr r0, r0, #(1 << 2 | 1 << 0)   // C, M
  mcr p15, 0, r0, c1, c0, 0
  isb
  bx r3

hyp:
  // Whoever was here before may have left traps.
  mcr p15, 4, r1, c1, c1, 0        // HCR
  ldr r2, =0x80803500
  mcr p15, 4, r0, c10, c2, 0       // HMAIR0
  mcr p15, 4, r1, c10, c2, 1       // HMAIR1
  mcr p15, 4, r2, c2, c0, 2        // HTCR
  mcrr p15, 4, r4, r1, c2          // HTTBR
  isb
  mcr p15, 4, r1, c8, c7, 0        // TLBIALLH
  mcr p15, 0, r1, c7, c5, 0        // ICIALLU
  mcr p15, 0, r1, c7, c5, 6        // BPIALL
  dsb
  isb
  ldr r0, =0x30cd187d              // M, C, CP15BEN, I, WXN and the bits that are one
  mcr p15, 4, r0, c1, c0, 0        // HSCTLR
  isb
  bx r3

// Another CPU than the first, started by it: the tables are there, and tvisor_starting says the rest.
  .global tvisor_secondary_entry
  .type tvisor_secondary_entry, %function
tvisor_secondary_entry:
  cpsid aif
  adr r7, tvisor_secondary_entry
  ldr r0, =tvisor_secondary_entry
  sub r7, r7, r0
  mrs r0, cpsr
  and r0, r0, #0x1f
  cmp r0, #0x13
  bleq climb
  mov r8, #2
  physical r4, tvisor_tables
  ldr r3, =high_secondary
  b enable_mmu

// r4: the tables' start. Invalidates their lines to the point of coherency (DCIMVAC). Uses r0 to r3.
drop_cached_tables:
  dmb
  mrc p15, 0, r1, c0, c0, 1        // CTR.DminLine
  ubfx r1, r1, #16, #4
  mov r2, #4
  lsl r2, r2, r1
  mov r0, r4
  add r3, r4, #(TABLE_COUNT * 4096)
1:
  mcr p15, 0, r0, c7, c6, 1
  add r0, r0, r2
  cmp r0, r3
  blo 1b
  dsb
  bx lr

// From here on at the linked address, cached.
high:
  ldr r0, =tvisor_stack_end
  sub sp, r0, #FRAME_SIZE
  cmp r8, #2
  ldreq r0, =tvisor_vectors
  mcreq p15, 4, r0, c12, c0, 0     // HVBAR
  moveq r0, #0
  mcreq p15, 4, r0, c13, c0, 2     // HTPIDR: no record of this CPU yet
  ldr r0, =tvisor_bss_start
  ldr r1, =tvisor_bss_end
  mov r2, #0
  mov r3, #0
1:
  cmp r0, r1
  strdlo r2, r3, [r0], #8
  blo 1b
  isb
  mov r7, #0
  mov lr, #0
  mov r0, r5
  mov r1, r6
  mov r2, r8
  bl tvisor_main
stop:
  wfi
  b stop

high_secondary:
  mov r0, #0
  mcr p15, 4, r0, c13, c0, 2       // HTPIDR: no record of this CPU yet
  // Several CPUs may come by at once, or one after its time: only the one that is being started goes on.
  mrc p15, 0, r3, c0, c0, 5        // MPIDR
  bic r3, r3, #0xff000000
  ldr r0, =tvisor_starting
6:
  ldr r1, [r0, #8]
  cmp r1, r3
  beq 7f
  yield
  b 6b
7:
  dmb ish
  ldm r0, {r1, r2}
  sub sp, r1, #FRAME_SIZE
  ldr r0, =tvisor_vectors
  mcr p15, 4, r0, c12, c0, 0       // HVBAR
  isb
  mov r7, #0
  mov lr, #0
  mov r0, r2
  bl tvisor_secondary_main
  b stop

  .ltorg

  .data
  .balign 8
  .global tvisor_starting
tvisor_starting:
  .word 0, 0, -1

#endif
