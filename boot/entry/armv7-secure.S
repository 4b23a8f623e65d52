// From Secure SVC mode, where the machine has no firmware, to Hyp mode: what a secure monitor would set up for it
// (DDI 0406C, B1.8.7 and B4.1.129; IHI 0048B §3.3 and §4.3.4). Every CPU takes this way for itself.

#if defined(__arm__)

  .syntax unified
  .arch armv7-a
  .arch_extension virt
  .arch_extension sec
  .arm

  .section .text.entry, "ax", %progbits

// In: SVC mode, all interrupts masked, MMU off. Out: Hyp mode, or unchanged where there is no way. Uses r0 to r3, r12.
  .global climb
  .type climb, %function
climb:
  mov r12, lr
  mrc p15, 0, r0, c0, c1, 1        // ID_PFR1: the Virtualization Extensions
  and r0, r0, #0xf000
  cmp r0, #0x1000
  bxne r12

  // SCR can be read in Secure state only: the attempt is undefined elsewhere, and our handler says so in r1.
  mrc p15, 0, r2, c1, c0, 0        // SCTLR: vectors where VBAR says, handlers in A32
  bic r2, r2, #(1 << 13)
  bic r2, r2, #(1 << 30)
  mcr p15, 0, r2, c1, c0, 0
  adr r2, probe_vectors
  mrc p15, 0, r3, c12, c0, 0       // VBAR
  mcr p15, 0, r2, c12, c0, 0
  isb
  mov r1, #1
  mrc p15, 0, r0, c1, c1, 0        // SCR
  mcr p15, 0, r3, c12, c0, 0
  isb
  cmp r1, #0
  bxeq r12

  // Interrupts of Group 1 are the Non-secure state's. On the cores with these extensions CBAR tells where their GIC is
  // (DDI 0438, 4.3.48): those named by Arm (0x41) of the parts 0xc07, 0xc0d, 0xc0e and 0xc0f.
  mrc p15, 0, r0, c0, c0, 0        // MIDR
  ldr r1, =0xff00fff0
  and r0, r0, r1
  ldr r1, =0x4100c070
  cmp r0, r1
  ldrne r1, =0x4100c0d0
  cmpne r0, r1
  ldrne r1, =0x4100c0e0
  cmpne r0, r1
  ldrne r1, =0x4100c0f0
  cmpne r0, r1
  bne 3f
  mrc p15, 4, r0, c15, c0, 0       // CBAR
  lsrs r0, r0, #15
  beq 3f
  lsl r0, r0, #15
  add r0, r0, #0x1000              // GICD
  // The BCM2836's cores have none: something else or nothing is there, memory perhaps. So all of what names a GICv2 is asked.
  mcr p15, 0, r2, c12, c0, 0
  isb
  ldr r1, [r0, #0xfe8]             // ICPIDR2.ArchRev
  and r1, r1, #0xf0
  cmp r1, #0x20
  ldr r1, [r0, #0xff0]             // ICCIDR0 and 3: 0x0d and 0xb1
  cmpeq r1, #0x0d
  ldr r1, [r0, #0xffc]
  cmpeq r1, #0xb1
  mcr p15, 0, r3, c12, c0, 0
  isb
  bne 3f
  ldr r1, [r0, #4]                 // GICD_TYPER.ITLinesNumber
  and r1, r1, #31
  add r2, r0, #0x80                // GICD_IGROUPR
  mvn r3, #0
2:
  str r3, [r2], #4
  subs r1, r1, #1
  bpl 2b
  add r0, r0, #0x1000              // GICC
  mov r1, #0xff
  str r1, [r0, #4]                 // GICC_PMR: let Non-secure priorities be masked by themselves
3:
  // NSACR: FP and SIMD (cp10, cp11), and ACTLR.SMP, for the Non-secure state.
  mrc p15, 0, r0, c1, c1, 2
  orr r0, r0, #(3 << 10)
  orr r0, r0, #(1 << 18)
  bic r0, r0, #(1 << 15)
  mcr p15, 0, r0, c1, c1, 2
  // The core takes part in coherency (ACTLR.SMP of these cores).
  mrc p15, 0, r0, c1, c0, 1
  orr r0, r0, #(1 << 6)
  mcr p15, 0, r0, c1, c0, 1

  // Monitor mode may return to Hyp mode once SCR.NS is set; HCE lets HVC work. No exception is routed to Monitor mode, and
  // SMC is undefined (SCD), because nobody would answer it.
  cps #0x16
  ldr r0, =0x181
  mcr p15, 0, r0, c1, c1, 0        // SCR
  isb
  mov r0, #0
  mcrr p15, 4, r0, r0, c14         // CNTVOFF
  ldr r0, =0x1da
  msr spsr_cxsf, r0
  mov lr, r12
  movs pc, lr

  .balign 32
probe_vectors:
  nop
  mov r1, #0                       // an undefined instruction: go on behind it
  movs pc, lr
  nop
  mov r1, #0                       // a load that nothing answers: likewise
  subs pc, lr, #4
  .size climb, . - climb
  .ltorg

#endif
