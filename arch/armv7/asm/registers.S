// What a vCPU owns of CP15, CP14 and of the banked registers, out of the hardware and into it: `struct guest_registers`, eight
// words at a time.

#if defined(__arm__)

  .syntax unified
  .arch armv7-a
  .arch_extension virt
  .arch_extension sec
  .arm

  .text
// void save_guest_registers(struct guest_registers *registers)
  .global save_guest_registers
  .type save_guest_registers, %function
save_guest_registers:
  push {r4-r8, lr}
  mrc p15, 0, r1, c1, c0, 0
  mrc p15, 0, r2, c1, c0, 2
  mrc p15, 0, r3, c2, c0, 2
  mrc p15, 0, r4, c3, c0, 0
  mrc p15, 0, r5, c5, c0, 0
  mrc p15, 0, r6, c5, c0, 1
  mrc p15, 0, r7, c6, c0, 0
  mrc p15, 0, r8, c6, c0, 2
  stm r0!, {r1-r8}
  mrc p15, 0, r1, c10, c2, 0
  mrc p15, 0, r2, c10, c2, 1
  mrc p15, 0, r3, c12, c0, 0
  mrc p15, 0, r4, c13, c0, 1
  mrc p15, 0, r5, c13, c0, 2
  mrc p15, 0, r6, c13, c0, 3
  mrc p15, 0, r7, c13, c0, 4
  mrc p15, 2, r8, c0, c0, 0
  stm r0!, {r1-r8}
  mrrc p15, 0, r1, r2, c2
  mrrc p15, 1, r3, r4, c2
  mrrc p15, 0, r5, r6, c7
  mrrc p15, 3, r7, r8, c14
  stm r0!, {r1-r8}
  mrc p15, 0, r1, c14, c3, 1
  mrc p15, 0, r2, c14, c1, 0
  mrs r3, elr_hyp
  mrs r4, spsr
  mrs r5, sp_usr
  mrs r6, sp_svc
  mrs r7, lr_svc
  mrs r8, spsr_svc
  stm r0!, {r1-r8}
  mrs r1, sp_abt
  mrs r2, lr_abt
  mrs r3, spsr_abt
  mrs r4, sp_und
  mrs r5, lr_und
  mrs r6, spsr_und
  mrs r7, sp_irq
  mrs r8, lr_irq
  stm r0!, {r1-r8}
  mrs r1, spsr_irq
  mrs r2, r8_fiq
  mrs r3, r9_fiq
  mrs r4, r10_fiq
  mrs r5, r11_fiq
  mrs r6, r12_fiq
  mrs r7, sp_fiq
  mrs r8, lr_fiq
  stm r0!, {r1-r8}
  mrs r1, spsr_fiq
  mrc p14, 0, r2, c0, c2, 2
  mrc p15, 0, r3, c13, c0, 0
  stm r0, {r1-r3}
  // The timer is off while its vCPU is not loaded.
  mov r1, #0
  mcr p15, 0, r1, c14, c3, 1
  pop {r4-r8, pc}
  .size save_guest_registers, . - save_guest_registers

// void load_guest_registers(const struct guest_registers *registers): the timer's compare value before its control.
  .global load_guest_registers
  .type load_guest_registers, %function
load_guest_registers:
  push {r4-r8, lr}
  ldm r0!, {r1-r8}
  mcr p15, 0, r1, c1, c0, 0
  mcr p15, 0, r2, c1, c0, 2
  mcr p15, 0, r3, c2, c0, 2
  mcr p15, 0, r4, c3, c0, 0
  mcr p15, 0, r5, c5, c0, 0
  mcr p15, 0, r6, c5, c0, 1
  mcr p15, 0, r7, c6, c0, 0
  mcr p15, 0, r8, c6, c0, 2
  ldm r0!, {r1-r8}
  mcr p15, 0, r1, c10, c2, 0
  mcr p15, 0, r2, c10, c2, 1
  mcr p15, 0, r3, c12, c0, 0
  mcr p15, 0, r4, c13, c0, 1
  mcr p15, 0, r5, c13, c0, 2
  mcr p15, 0, r6, c13, c0, 3
  mcr p15, 0, r7, c13, c0, 4
  mcr p15, 2, r8, c0, c0, 0
  ldm r0!, {r1-r8}
  mcrr p15, 0, r1, r2, c2
  mcrr p15, 1, r3, r4, c2
  mcrr p15, 0, r5, r6, c7
  mcrr p15, 3, r7, r8, c14
  ldm r0!, {r1-r8}
  mcr p15, 0, r1, c14, c3, 1
  mcr p15, 0, r2, c14, c1, 0
  msr elr_hyp, r3
  msr spsr_fsxc, r4
  msr sp_usr, r5
  msr sp_svc, r6
  msr lr_svc, r7
  msr spsr_svc, r8
  ldm r0!, {r1-r8}
  msr sp_abt, r1
  msr lr_abt, r2
  msr spsr_abt, r3
  msr sp_und, r4
  msr lr_und, r5
  msr spsr_und, r6
  msr sp_irq, r7
  msr lr_irq, r8
  ldm r0!, {r1-r8}
  msr spsr_irq, r1
  msr r8_fiq, r2
  msr r9_fiq, r3
  msr r10_fiq, r4
  msr r11_fiq, r5
  msr r12_fiq, r6
  msr sp_fiq, r7
  msr lr_fiq, r8
  ldm r0, {r1-r3}
  msr spsr_fiq, r1
  mcr p14, 0, r2, c0, c2, 2
  mcr p15, 0, r3, c13, c0, 0
  pop {r4-r8, pc}
  .size load_guest_registers, . - load_guest_registers

#endif
