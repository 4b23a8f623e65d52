// What makes an EFI application of the AArch64 image, and the two ends of its way through efi.c.

#if defined(__aarch64__)

// The PE32+ header (PE Format, "Optional Header Image-Only"), behind Linux's, which has its offset at 0x3c. Sections in memory are as the linker
// made them, and the file is the same: no relocation, no import. The last ones go on to the end of the image's 2 MiB: the firmware allocates
// them, and we stay where it put us.
//
// Sections begin on pages, and the first page is the headers', of which a loader need not copy more than those (U-Boot does not). What is
// behind them there, the entry code, is one more section, into the last page, from which we put it in its place.
#define PAGE 0x1000
#define HEADERS 0x200
#define PE32_PLUS 0x20b
#define AARCH64 0xaa64
#define EXECUTABLE_IMAGE 0x2
#define LARGE_ADDRESS_AWARE 0x20
#define EFI_APPLICATION 10
#define NX_COMPATIBLE 0x100
#define CODE 0x60000020           // code, executable, readable
#define CONSTANTS 0x40000040      // data, readable
#define DATA 0xc0000040           // data, readable, writable

  .section .text.header.efi, "a"
tvisor_pe_header:
  .ascii "PE\0\0"
  .short AARCH64
  .short 4                         // sections
  .long 0, 0, 0
  .short 2f - 1f
  .short EXECUTABLE_IMAGE | LARGE_ADDRESS_AWARE
1:
  .short PE32_PLUS
  .byte 0, 0                       // linker's version
  .long tvisor_pe_text_size
  .long tvisor_pe_data_size
  .long 0
  .long tvisor_pe_entry
  .long PAGE                       // where code begins
  .quad 0                          // preferred address: none
  .long PAGE, 0x200                // alignment in memory and in the file
  .short 0, 0
  .short 1, 0                      // from 1 on, GRUB serves the initial RAM disk by EFI_LOAD_FILE2_PROTOCOL
  .short 0, 0
  .long 0
  .long tvisor_image_size
  .long HEADERS
  .long 0
  .short EFI_APPLICATION
  .short NX_COMPATIBLE
  .quad 0, 0, 0, 0                 // stack and heap
  .long 0
  .long 6                          // data directories, all empty
  .quad 0, 0, 0, 0, 0, 0
2:
  .ascii ".text\0\0\0"
  .long tvisor_pe_text_size, PAGE, tvisor_pe_text_size, PAGE, 0, 0, 0, CODE
  .ascii ".rodata\0"
  .long tvisor_pe_rodata_size, tvisor_pe_rodata, tvisor_pe_rodata_size, tvisor_pe_rodata, 0, 0, 0, CONSTANTS
  .ascii ".data\0\0\0"
  .long tvisor_pe_data_size, tvisor_pe_data, tvisor_pe_data_file_size, tvisor_pe_data, 0, 0, 0, DATA
  .ascii ".entry\0\0"
  .long PAGE - HEADERS, tvisor_pe_entry_code, PAGE - HEADERS, HEADERS, 0, 0, 0, CONSTANTS

// In: x0 the image's handle, x1 the system table; as a function of the firmware's.
  .section .text.efi, "ax"
  .global tvisor_efi_entry
tvisor_efi_entry:
  adrp x9, tvisor_image_start
  ldr x10, =tvisor_image_start
  sub x9, x9, x10
  mov x14, x30
  bl move_offsets
  mov x30, x14
  b tvisor_efi_main

// Adds x9 to the table of addresses by which libfdt, which is compiled for any place, finds its few variables. Uses x10 to x12.
move_offsets:
  adrp x10, tvisor_got_start
  add x10, x10, :lo12:tvisor_got_start
  adrp x11, tvisor_got_end
  add x11, x11, :lo12:tvisor_got_end
1:
  cmp x10, x11
  b.hs 2f
  ldr x12, [x10]
  add x12, x12, x9
  str x12, [x10], #8
  b 1b
2:
  ret

// _Noreturn void tvisor_leave_efi(uint64_t tree): after ExitBootServices. What the boot protocol wants (booting.rst): interrupts masked, the
// image in memory as it was linked, MMU and caches off. Tree and bundle are read through the caches, which are coherent.
  .global tvisor_leave_efi
tvisor_leave_efi:
  msr daifset, #15
  adrp x13, tvisor_image_start
  ldr x10, =tvisor_image_start
  sub x9, x10, x13
  bl move_offsets
  mrs x1, ctr_el0
  ubfx x1, x1, #16, #4
  mov x2, #4
  lsl x2, x2, x1
  ldr x3, =tvisor_image_size
  add x3, x3, x13
  mov x6, x13
1:
  dc civac, x6
  add x6, x6, x2
  cmp x6, x3
  b.lo 1b
  dsb sy
  mrs x4, sctlr_el2
  mov x5, #0x1005                  // M, C and I
  bic x4, x4, x5
  msr sctlr_el2, x4
  isb
  tlbi alle2
  // The entry code, to memory; and out of the caches what was speculated of the page meanwhile.
  sub x7, x3, #PAGE
  add x8, x13, #HEADERS
  add x10, x13, #PAGE
2:
  ldp x11, x12, [x7], #16
  stp x11, x12, [x8], #16
  cmp x8, x10
  b.lo 2b
  dsb sy
3:
  dc ivac, x13
  add x13, x13, x2
  cmp x13, x10
  b.lo 3b
  ic iallu
  dsb sy
  isb
  b tvisor_start

  .ltorg

#endif
