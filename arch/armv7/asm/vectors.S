// Hyp mode's exception vectors and the way into a guest (DDI 0406C, B1.8 and B1.9).
//
// While a guest runs, SP_hyp points at the trap frame, which lies at the top of this CPU's stack: saving needs no
// scratch register. Hyp mode has no link register of its own but uses User mode's, so that one is saved too. ELR_hyp,
// SPSR_hyp and the registers that are banked by mode stay where they are until the vCPU changes.

#if defined(__arm__)

  .syntax unified
  .arch armv7-a
  .arch_extension virt
  .arch_extension sec
  .arm

#define FRAME_SIZE 64
#define FRAME_SP 52
#define FRAME_LR 56

.macro save_general_registers
  stm sp, {r0-r12}
  str lr, [sp, #FRAME_LR]
.endm

.macro guest_entry name, handler
\name:
  save_general_registers
  mov r0, sp
  bl \handler
  b restore_and_return
.endm

// An interrupt: what the first function cannot answer goes to another, which takes what it returned.
.macro interrupt_entry name
\name:
  save_general_registers
  bl tvisor_answer_interrupt
  cmp r0, #0
  beq restore_and_return
  mov r1, r0
  mov r0, sp
  bl tvisor_handle_interrupt
  b restore_and_return
.endm

// An exception that Hyp mode took from itself. The stack may have run into its guard page: stacks are 32 KiB at an odd
// multiple of 32 KiB, so bit 15 of the stack pointer says whether it is still inside. The flags are in SPSR_hyp.
.macro own_entry name, kind
\name:
  sub sp, sp, #FRAME_SIZE
  tst sp, #0x8000
  beq stack_overflow
  save_general_registers
  add r0, sp, #FRAME_SIZE
  str r0, [sp, #FRAME_SP]
  mov r1, #\kind
  b own_exception
.endm

.macro vectors name, trap
  .balign 32
  .global \name
\name:
  b own_reset
  b own_undefined
  b own_call
  b own_prefetch_abort
  b own_data_abort
  b \trap
  b guest_interrupt
  b guest_interrupt
.endm

  .section .text.vectors, "ax", %progbits
  vectors tvisor_vectors, guest_trap
  vectors tvisor_vectors_distrusting_stores, guest_trap_distrusting_stores

  own_entry own_reset, 0
  own_entry own_undefined, 1
  own_entry own_call, 2
  own_entry own_prefetch_abort, 3
  own_entry own_data_abort, 4
  guest_entry guest_trap, tvisor_handle_synchronous
  interrupt_entry guest_interrupt

// A core with erratum 766422 (Cortex-A15 r0p4) may name another register for a T32 store than the one stored: its data abort (EC
// 0x24) with WnR does not describe the access (ISV), so that the guest's instruction is read. Only such a core comes by here.
guest_trap_distrusting_stores:
  save_general_registers
  mrc p15, 4, r0, c5, c2, 0
  lsr r1, r0, #26
  cmp r1, #0x24
  bne 1f
  mrs r1, spsr
  tst r1, #(1 << 5)
  tstne r0, #(1 << 6)
  bicne r0, r0, #(1 << 24)
  mcrne p15, 4, r0, c5, c2, 0
1:
  mov r0, sp
  bl tvisor_handle_synchronous
  b restore_and_return

  .global enter_guest
  .type enter_guest, %function
enter_guest:
  mov sp, r0
restore_and_return:
  // Unlike AArch64's, this exception return leaves the exclusive monitor as it is, and it may be our own.
  clrex
  ldr lr, [sp, #FRAME_LR]
  ldm sp, {r0-r12}
  eret
  // Nothing behind an ERET may be run ahead of it.
  dsb nsh
  isb
  .size enter_guest, . - enter_guest

// r1: which vector. The frame is on this CPU's stack. The Swift function returns the trap frame to go on with where it
// could stop just the VM that was being served, and does not return otherwise.
own_exception:
  ldr r0, =call_secure_monitor
  mrs r2, elr_hyp
  sub r0, r2, r0
  cmp r0, #(daring_end - call_secure_monitor)
  blo 1f
  ldr r0, =take_system_error
  sub r0, r2, r0
  cmp r0, #(taking_end - take_system_error)
  blo 2f
  mov r0, sp
  bl tvisor_handle_own_exception
  b enter_guest
  // An SMC that is undefined has nobody to answer it, nor has a load where nothing is: either ends with -1, in a function that may
  // change r0 to r3.
1:
  add r2, r2, #4
  msr elr_hyp, r2
  mvn r0, #0
  add sp, sp, #FRAME_SIZE
  eret
  dsb nsh
  isb
  // The abort that somebody wanted to have: the function ends with its syndrome, and with aborts masked.
2:
  ldr r2, =(taking_end - 4)
  msr elr_hyp, r2
  mrs r2, spsr
  orr r2, r2, #(1 << 8)
  msr spsr_fsxc, r2
  mrc p15, 4, r0, c5, c2, 0
  add sp, sp, #FRAME_SIZE
  eret
  dsb nsh
  isb

// Nothing can be saved where the stack pointer points: take this CPU's emergency stack, the first 8 KiB of the 64 KiB that
// the stack lies in. The guest's thread register is given up, because nobody goes on after this. Which vector this is
// matters no more: r1 says that the stack is to blame.
stack_overflow:
  mcr p15, 0, r0, c13, c0, 2
  mov r0, sp
  bfc r0, #0, #16
  add r0, r0, #0x2000
  sub sp, r0, #FRAME_SIZE
  mrc p15, 0, r0, c13, c0, 2
  save_general_registers
  mov r0, sp
  mov r1, #16
  bl tvisor_handle_own_exception
0:
  wfi
  b 0b
  .ltorg

  .text
// void save_floating_point(void *state)
  .fpu neon-vfpv4
  .global save_floating_point
  .type save_floating_point, %function
save_floating_point:
  vmrs r1, fpexc
  orr r2, r1, #(1 << 30)
  vmsr fpexc, r2
  isb
  vmrs r2, fpscr
  vmrs r3, mvfr0
  vstm r0!, {d0-d15}
  and r3, r3, #15
  cmp r3, #2
  bne 1f
  vstm r0, {d16-d31}
1:
  str r1, [r0, #128]
  str r2, [r0, #132]
  vmsr fpexc, r1
  bx lr
  .size save_floating_point, . - save_floating_point

  .global read_fpexc
  .type read_fpexc, %function
read_fpexc:
  vmrs r0, fpexc
  bx lr
  .size read_fpexc, . - read_fpexc

  .global write_fpexc
  .type write_fpexc, %function
write_fpexc:
  vmsr fpexc, r0
  bx lr
  .size write_fpexc, . - write_fpexc

// void load_floating_point(const void *state)
  .global load_floating_point
  .type load_floating_point, %function
load_floating_point:
  mov r2, #(1 << 30)
  vmsr fpexc, r2
  isb
  vmrs r3, mvfr0
  vldm r0!, {d0-d15}
  and r3, r3, #15
  cmp r3, #2
  bne 1f
  vldm r0, {d16-d31}
1:
  ldr r1, [r0, #128]
  ldr r2, [r0, #132]
  vmsr fpscr, r2
  vmsr fpexc, r1
  bx lr
  .size load_floating_point, . - load_floating_point

// uint32_t read_identification(uint32_t crm, uint32_t op2): a table of two-instruction answers, c0 c1 0 first.
  .global read_identification
  .type read_identification, %function
read_identification:
  sub r0, r0, #1
  cmp r0, #2
  beq 3f
  bhi 1f
  and r1, r1, #7
  add r0, r1, r0, lsl #3
  adr r1, 2f
  add pc, r1, r0, lsl #3
1:
  mov r0, #0
  bx lr
2:
  .irp crm, c1, c2
  .irp op2, 0, 1, 2, 3, 4, 5, 6, 7
  mrc p15, 0, r0, c0, \crm, \op2
  bx lr
  .endr
  .endr
3:
  cmp r1, #1
  bhi 1b
  vmrseq r0, mvfr1
  vmrsne r0, mvfr0
  bx lr
  .size read_identification, . - read_identification

// uint32_t read_debug_register(uint32_t index): likewise, p14 c0 c0 4 first, opc2 from 4 to 7 for each CRm.
  .global read_debug_register
  .type read_debug_register, %function
read_debug_register:
  and r0, r0, #63
  adr r1, 1f
  add pc, r1, r0, lsl #3
1:
  .irp crm, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15
  .irp op2, 4, 5, 6, 7
  mrc p14, 0, r0, c0, \crm, \op2
  bx lr
  .endr
  .endr
  .size read_debug_register, . - read_debug_register

// void write_debug_register(uint32_t index, uint32_t value)
  .global write_debug_register
  .type write_debug_register, %function
write_debug_register:
  and r0, r0, #63
  adr r2, 1f
  add pc, r2, r0, lsl #3
1:
  .irp crm, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15
  .irp op2, 4, 5, 6, 7
  mcr p14, 0, r1, c0, \crm, \op2
  bx lr
  .endr
  .endr
  .size write_debug_register, . - write_debug_register

// Both of each breakpoint or watchpoint, from `last` down to the first: what it compares with, then what enables it. Unrolled,
// because a switch to a vCPU that uses them waits for all of them.
.macro DEBUG_REGISTERS kind, value, control, offset
// void load_{break,watch}points(const uint32_t registers[64], uint32_t last)
  .global load_\kind
  .type load_\kind, %function
load_\kind:
  mvn r1, r1
  and r1, r1, #15
  add r1, r1, r1, lsl #1
  adr r2, 1f
  add pc, r2, r1, lsl #2
1:
  .irp n, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0
  ldrd r2, r3, [r0, #\n * 16 + \offset]
  mcr p14, 0, r2, c0, c\n, \value
  mcr p14, 0, r3, c0, c\n, \control
  .endr
  bx lr
  .size load_\kind, . - load_\kind

// void clear_{break,watch}points(uint32_t last)
  .global clear_\kind
  .type clear_\kind, %function
clear_\kind:
  mvn r0, r0
  and r0, r0, #15
  mov r2, #0
  adr r1, 1f
  add pc, r1, r0, lsl #2
1:
  .irp n, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0
  mcr p14, 0, r2, c0, c\n, \control
  .endr
  bx lr
  .size clear_\kind, . - clear_\kind
.endm
DEBUG_REGISTERS breakpoints, 4, 5, 0
DEBUG_REGISTERS watchpoints, 6, 7, 8

// uint32_t call_secure_monitor(uint32_t function, uint32_t first, uint32_t second, uint32_t third)
  .global call_secure_monitor
  .type call_secure_monitor, %function
call_secure_monitor:
  smc #0
  bx lr
  .size call_secure_monitor, . - call_secure_monitor

// uint32_t dare_load32(uintptr_t address)
  .global dare_load32
  .type dare_load32, %function
dare_load32:
  ldr r0, [r0]
  dsb
  bx lr
  .size dare_load32, . - dare_load32
daring_end:

// uint32_t take_system_error(void): the vectors give r0 its syndrome, and go on at its BX, which stays the last instruction.
  .global take_system_error
  .type take_system_error, %function
take_system_error:
  mov r0, #0
  cpsie a
  isb
  cpsid a
  bx lr
  .size take_system_error, . - take_system_error
taking_end:

#endif
