// EL2's exception vectors and the way into a guest (DDI 0487, D1.3 and D1.4).
//
// While a guest runs, SP_EL2 points at the trap frame, which lies at the top of this CPU's stack: saving needs no
// scratch register and no arithmetic. ELR_EL2 and SPSR_EL2 stay where they are until the vCPU changes.

#if defined(__aarch64__)

#define FRAME_SIZE 256

// What functions may change, and x19 beside x18.
.macro save_scratch_registers
  stp x0, x1, [sp, #0]
  stp x2, x3, [sp, #16]
  stp x4, x5, [sp, #32]
  stp x6, x7, [sp, #48]
  stp x8, x9, [sp, #64]
  stp x10, x11, [sp, #80]
  stp x12, x13, [sp, #96]
  stp x14, x15, [sp, #112]
  stp x16, x17, [sp, #128]
  stp x18, x19, [sp, #144]
  str x30, [sp, #240]
.endm

.macro save_other_registers
  stp x20, x21, [sp, #160]
  stp x22, x23, [sp, #176]
  stp x24, x25, [sp, #192]
  stp x26, x27, [sp, #208]
  stp x28, x29, [sp, #224]
.endm

.macro save_general_registers
  save_scratch_registers
  save_other_registers
.endm

// One of the sixteen entries: 128 bytes each. `way` names the way back to the guest.
.macro guest_entry handler, way
  .balign 128
  save_general_registers
  mov x0, sp
  bl \handler
  b restore_and_return\way
.endm

// An interrupt: most of them are answered by a function that, as every function, keeps x19 to x29 as they are. What it
// cannot answer goes, with all registers saved, to another that takes what it returned.
.macro interrupt_entry way
  .balign 128
  save_scratch_registers
  bl tvisor_answer_interrupt
  cbz x0, restore_scratch_and_return\way
  b other_interrupt\way
.endm

// An exception that EL2 took from itself. The stack may have run into its guard page: stacks are 32 KiB at an odd
// multiple of 32 KiB, so bit 15 of the stack pointer says whether it is still inside, found without touching memory.
.macro own_entry kind
  .balign 128
  sub sp, sp, #FRAME_SIZE
  add sp, sp, x0
  sub x0, sp, x0
  tbz x0, #15, 1f
  sub x0, sp, x0
  sub sp, sp, x0
  save_general_registers
  mov x1, #\kind
  b own_exception
1:
  mov x1, #\kind
  b stack_overflow
.endm

// The sixteen.
.macro vectors name, way
  .balign 2048
  .global \name
\name:
  // From EL2 with SP_EL0: we never run so.
  own_entry 0
  own_entry 1
  own_entry 2
  own_entry 3
  // From EL2 with SP_EL2.
  own_entry 4
  own_entry 5
  own_entry 6
  own_entry 7
  // From a guest in AArch64.
  guest_entry tvisor_handle_synchronous, \way
  interrupt_entry \way
  interrupt_entry \way
  guest_entry tvisor_handle_system_error, \way
  // From a guest in AArch32.
  guest_entry tvisor_handle_synchronous, \way
  interrupt_entry \way
  interrupt_entry \way
  guest_entry tvisor_handle_system_error, \way
.endm

// On its way to AArch32 a core with erratum 845719 (Cortex-A53) must have written CONTEXTIDR_EL1 since AArch64 loaded something:
// what it loads next from an address with the same lower 32 bits is that otherwise. Such cores have vectors of their own, so
// that the others do nothing for it. None of them can have E2H = 1, with which the name would mean EL2's.
.macro write_context
  mrs x0, spsr_el2
  tbz x0, #4, 1f
  mrs x0, contextidr_el1
  msr contextidr_el1, x0
1:
.endm

  .section .text.vectors, "ax"
  vectors tvisor_vectors
  vectors tvisor_vectors_writing_context, _writing_context

  .text
restore_and_return_writing_context:
  write_context
  b restore_and_return

restore_scratch_and_return_writing_context:
  write_context
  b restore_scratch_and_return

  .global enter_guest
  .type enter_guest, %function
enter_guest:
  mov sp, x0
  // What runs but once need not know the core; with E2H = 1 it is EL2's own, which nobody uses.
  mrs x0, contextidr_el1
  msr contextidr_el1, x0
restore_and_return:
  ldp x20, x21, [sp, #160]
  ldp x22, x23, [sp, #176]
  ldp x24, x25, [sp, #192]
  ldp x26, x27, [sp, #208]
  ldp x28, x29, [sp, #224]
restore_scratch_and_return:
  ldp x2, x3, [sp, #16]
  ldp x4, x5, [sp, #32]
  ldp x6, x7, [sp, #48]
  ldp x8, x9, [sp, #64]
  ldp x10, x11, [sp, #80]
  ldp x12, x13, [sp, #96]
  ldp x14, x15, [sp, #112]
  ldp x16, x17, [sp, #128]
  ldp x18, x19, [sp, #144]
  ldr x30, [sp, #240]
  ldp x0, x1, [sp, #0]
  eret
  // Nothing behind an ERET may be run ahead of it.
  dsb nsh
  isb
  .size enter_guest, . - enter_guest

// x0: what the first function returned. It has used the scratch registers only.
.macro other_interrupt way
other_interrupt\way:
  save_other_registers
  mov x1, x0
  mov x0, sp
  bl tvisor_handle_interrupt
  b restore_and_return\way
.endm
  other_interrupt
  other_interrupt _writing_context

// x1: which vector. The frame is on this CPU's stack. The Swift function returns the trap frame to go on with where it
// could stop just the VM that was being served, and does not return otherwise.
own_exception:
  adrp x0, call_secure_monitor
  add x0, x0, :lo12:call_secure_monitor
  mrs x2, elr_el2
  sub x0, x2, x0
  cmp x0, #(daring_end - call_secure_monitor)
  b.lo 1f
  adrp x0, take_system_error
  add x0, x0, :lo12:take_system_error
  sub x0, x2, x0
  cmp x0, #(taking_end - take_system_error)
  b.lo 2f
  mov x0, sp
  bl tvisor_handle_own_exception
  b enter_guest
  // An SMC that is undefined has nobody to answer it, nor has a load where nothing is: either ends with -1, in a function that may
  // change x0 to x3.
1:
  add x2, x2, #4
  msr elr_el2, x2
  mov x0, #-1
  add sp, sp, #FRAME_SIZE
  eret
  dsb nsh
  isb
  // The system error that somebody wanted to have: the function ends with its syndrome, and with SErrors masked.
2:
  adrp x2, taking_end
  add x2, x2, :lo12:taking_end
  sub x2, x2, #4
  msr elr_el2, x2
  mrs x2, spsr_el2
  orr x2, x2, #(1 << 8)
  msr spsr_el2, x2
  mrs x0, esr_el2
  add sp, sp, #FRAME_SIZE
  eret
  dsb nsh
  isb

// Nothing can be saved where the stack pointer points: take this CPU's emergency stack, the first 8 KiB of the 64 KiB that
// the stack lies in. x0 held the stack pointer less the frame; the guest's thread registers are given up, because nobody
// goes on after this.
stack_overflow:
  msr tpidr_el0, x0
  bic x0, x0, #0xffff
  add x0, x0, #0x2000
  mov sp, x0
  sub sp, sp, #FRAME_SIZE
  save_general_registers
  mov x0, sp
  orr x1, x1, #16
  bl tvisor_handle_own_exception
0:
  wfi
  b 0b

// void save_floating_point(void *state)
  .arch_extension fp
  .arch_extension simd
  .global save_floating_point
  .type save_floating_point, %function
save_floating_point:
  stp q0, q1, [x0, #0]
  stp q2, q3, [x0, #32]
  stp q4, q5, [x0, #64]
  stp q6, q7, [x0, #96]
  stp q8, q9, [x0, #128]
  stp q10, q11, [x0, #160]
  stp q12, q13, [x0, #192]
  stp q14, q15, [x0, #224]
  stp q16, q17, [x0, #256]
  stp q18, q19, [x0, #288]
  stp q20, q21, [x0, #320]
  stp q22, q23, [x0, #352]
  stp q24, q25, [x0, #384]
  stp q26, q27, [x0, #416]
  stp q28, q29, [x0, #448]
  stp q30, q31, [x0, #480]
  mrs x1, fpsr
  mrs x2, fpcr
  str x1, [x0, #512]
  str x2, [x0, #520]
  ret
  .size save_floating_point, . - save_floating_point

// void load_floating_point(const void *state)
  .global load_floating_point
  .type load_floating_point, %function
load_floating_point:
  ldp q0, q1, [x0, #0]
  ldp q2, q3, [x0, #32]
  ldp q4, q5, [x0, #64]
  ldp q6, q7, [x0, #96]
  ldp q8, q9, [x0, #128]
  ldp q10, q11, [x0, #160]
  ldp q12, q13, [x0, #192]
  ldp q14, q15, [x0, #224]
  ldp q16, q17, [x0, #256]
  ldp q18, q19, [x0, #288]
  ldp q20, q21, [x0, #320]
  ldp q22, q23, [x0, #352]
  ldp q24, q25, [x0, #384]
  ldp q26, q27, [x0, #416]
  ldp q28, q29, [x0, #448]
  ldp q30, q31, [x0, #480]
  ldr x1, [x0, #512]
  ldr x2, [x0, #520]
  msr fpsr, x1
  msr fpcr, x2
  ret
  .size load_floating_point, . - load_floating_point

// uint64_t read_identification(uint64_t crm, uint64_t op2): a table of two-instruction answers, S3_0_C0_C1_0 first.
  .global read_identification
  .type read_identification, %function
read_identification:
  sub x0, x0, #1
  cmp x0, #7
  b.hs 1f
  and x1, x1, #7
  add x0, x1, x0, lsl #3
  adr x1, 2f
  add x1, x1, x0, lsl #3
  br x1
1:
  mov x0, xzr
  ret
2:
  .irp crm, 1, 2, 3, 4, 5, 6, 7
  .irp op2, 0, 1, 2, 3, 4, 5, 6, 7
  mrs x0, S3_0_C0_C\crm\()_\op2
  ret
  .endr
  .endr
  .size read_identification, . - read_identification

// uint64_t read_debug_register(uint64_t index): likewise, S2_0_C0_C0_4 first, op2 from 4 to 7 for each CRm.
  .global read_debug_register
  .type read_debug_register, %function
read_debug_register:
  and x0, x0, #63
  adr x1, 1f
  add x1, x1, x0, lsl #3
  br x1
1:
  .irp crm, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  .irp op2, 4, 5, 6, 7
  mrs x0, S2_0_C0_C\crm\()_\op2
  ret
  .endr
  .endr
  .size read_debug_register, . - read_debug_register

// void write_debug_register(uint64_t index, uint64_t value)
  .global write_debug_register
  .type write_debug_register, %function
write_debug_register:
  and x0, x0, #63
  adr x2, 1f
  add x2, x2, x0, lsl #3
  br x2
1:
  .irp crm, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  .irp op2, 4, 5, 6, 7
  msr S2_0_C0_C\crm\()_\op2, x1
  ret
  .endr
  .endr
  .size write_debug_register, . - write_debug_register

// Both of each breakpoint or watchpoint, from `last` down to the first: what it compares with, then what enables it. Unrolled,
// because a switch to a vCPU that uses them waits for all of them.
.macro LOAD_PAIR n, value, control, offset
  ldp x1, x2, [x0, #\n * 32 + \offset]
  msr S2_0_C0_C\n\()_\value, x1
  msr S2_0_C0_C\n\()_\control, x2
.endm
.macro CLEAR_CONTROL n, control
  msr S2_0_C0_C\n\()_\control, xzr
.endm
.macro DEBUG_REGISTERS kind, value, control, offset
// void load_{break,watch}points(const uint64_t registers[64], uint64_t last)
  .global load_\kind
  .type load_\kind, %function
load_\kind:
  mvn x1, x1
  and x1, x1, #15
  add x1, x1, x1, lsl #1
  adr x2, 1f
  add x2, x2, x1, lsl #2
  br x2
1:
  .irp n, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0
  LOAD_PAIR \n, \value, \control, \offset
  .endr
  ret
  .size load_\kind, . - load_\kind

// void clear_{break,watch}points(uint64_t last)
  .global clear_\kind
  .type clear_\kind, %function
clear_\kind:
  mvn x0, x0
  and x0, x0, #15
  adr x1, 1f
  add x1, x1, x0, lsl #2
  br x1
1:
  .irp n, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0
  CLEAR_CONTROL \n, \control
  .endr
  ret
  .size clear_\kind, . - clear_\kind
.endm
DEBUG_REGISTERS breakpoints, 4, 5, 0
DEBUG_REGISTERS watchpoints, 6, 7, 16

// uint64_t call_secure_monitor(uint64_t function, uint64_t first, uint64_t second, uint64_t third)
  .global call_secure_monitor
  .type call_secure_monitor, %function
call_secure_monitor:
  smc #0
  ret
  .size call_secure_monitor, . - call_secure_monitor

// uint32_t dare_load32(uintptr_t address)
  .global dare_load32
  .type dare_load32, %function
dare_load32:
  ldr w0, [x0]
  dsb sy
  ret
  .size dare_load32, . - dare_load32
daring_end:

// uint64_t take_system_error(void): the vectors give x0 its syndrome, and go on at its RET, which stays the last instruction.
  .global take_system_error
  .type take_system_error, %function
take_system_error:
  mov x0, xzr
  msr daifclr, #4
  isb
  msr daifset, #4
  ret
  .size take_system_error, . - take_system_error
taking_end:

#endif
