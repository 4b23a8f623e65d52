// The border between Swift and ARMv7-A at PL2 (Hyp mode): CP15 and CP14 registers, banked registers, TLB and cache
// maintenance, and the entry to a guest. See ArmRegisters.h for why the functions exist on a host too.

#ifndef TVISOR_ARMV7_ASSEMBLY_H
#define TVISOR_ARMV7_ASSEMBLY_H

#include <stdint.h>

// Always: what is one instruction must not become a call where the two languages' target flags differ in a detail.
#ifndef INLINE
#define INLINE static inline __attribute__((always_inline))
#endif

// Three kinds of register: ARMV7_REGISTER(Swift's name, coprocessor, opc1, CRn, CRm, opc2) by MRC and MCR,
// ARMV7_WIDE_REGISTER(name, opc1, CRm) by MRRC and MCRR of CP15, ARMV7_BANKED_REGISTER(name, the assembler's name to read it,
// and to write all of it) by MRS and MSR. The "memory" clobbers keep accesses in program order: many have effects on one another.
#if defined(__arm__)
__asm__(".arch_extension virt\n\t.arch_extension sec");
#define ARMV7_REGISTER(name, coprocessor, opc1, crn, crm, opc2)                                     \
  INLINE uint32_t read_##name(void) {                                                               \
    uint32_t value;                                                                                 \
    __asm__ volatile("mrc " #coprocessor ", " #opc1 ", %0, " #crn ", " #crm ", " #opc2              \
                     : "=r"(value)::"memory");                                                      \
    return value;                                                                                   \
  }                                                                                                 \
  INLINE void write_##name(uint32_t value) {                                                        \
    __asm__ volatile("mcr " #coprocessor ", " #opc1 ", %0, " #crn ", " #crm ", " #opc2 ::"r"(value) \
                     : "memory");                                                                   \
  }
#define ARMV7_WIDE_REGISTER(name, opc1, crm)                                                        \
  INLINE uint64_t read_##name(void) {                                                               \
    uint64_t value;                                                                                 \
    __asm__ volatile("mrrc p15, " #opc1 ", %Q0, %R0, " #crm : "=r"(value)::"memory");               \
    return value;                                                                                   \
  }                                                                                                 \
  INLINE void write_##name(uint64_t value) {                                                        \
    __asm__ volatile("mcrr p15, " #opc1 ", %Q0, %R0, " #crm ::"r"(value) : "memory");               \
  }
#define ARMV7_BANKED_REGISTER(name, text, all)                                                      \
  INLINE uint32_t read_##name(void) {                                                               \
    uint32_t value;                                                                                 \
    __asm__ volatile("mrs %0, " #text : "=r"(value)::"memory");                                     \
    return value;                                                                                   \
  }                                                                                                 \
  INLINE void write_##name(uint32_t value) { __asm__ volatile("msr " #all ", %0" ::"r"(value) : "memory"); }
#define ARMV7_MAINTENANCE(name, text)                                                               \
  INLINE void name(void) { __asm__ volatile(text ::"r"(0) : "memory"); }
#define ARMV7_MAINTENANCE_AT(name, text)                                                            \
  INLINE void name(uint32_t argument) { __asm__ volatile(text ::"r"(argument) : "memory"); }
#else
#define ARMV7_REGISTER(name, coprocessor, opc1, crn, crm, opc2)                                     \
  INLINE uint32_t read_##name(void) { return 0; }                                                   \
  INLINE void write_##name(uint32_t value) { (void)value; }
#define ARMV7_WIDE_REGISTER(name, opc1, crm)                                                        \
  INLINE uint64_t read_##name(void) { return 0; }                                                   \
  INLINE void write_##name(uint64_t value) { (void)value; }
#define ARMV7_BANKED_REGISTER(name, text, all)                                                      \
  INLINE uint32_t read_##name(void) { return 0; }                                                   \
  INLINE void write_##name(uint32_t value) { (void)value; }
#define ARMV7_MAINTENANCE(name, text)                                                               \
  INLINE void name(void) {}
#define ARMV7_MAINTENANCE_AT(name, text)                                                            \
  INLINE void name(uint32_t argument) { (void)argument; }
#endif

// PL2's own (DDI 0406C, B3.17.1 and B8.2).
ARMV7_REGISTER(hsr, p15, 4, c5, c2, 0)
ARMV7_REGISTER(hdfar, p15, 4, c6, c0, 0)
ARMV7_REGISTER(hifar, p15, 4, c6, c0, 2)
ARMV7_REGISTER(hpfar, p15, 4, c6, c0, 4)
ARMV7_REGISTER(hcr, p15, 4, c1, c1, 0)
ARMV7_REGISTER(hdcr, p15, 4, c1, c1, 1)
ARMV7_REGISTER(hcptr, p15, 4, c1, c1, 2)
ARMV7_REGISTER(hstr, p15, 4, c1, c1, 3)
ARMV7_REGISTER(vtcr, p15, 4, c2, c1, 2)
ARMV7_REGISTER(vpidr, p15, 4, c0, c0, 0)
ARMV7_REGISTER(vmpidr, p15, 4, c0, c0, 5)
ARMV7_REGISTER(htpidr, p15, 4, c13, c0, 2)
ARMV7_REGISTER(cnthctl, p15, 4, c14, c1, 0)
ARMV7_WIDE_REGISTER(vttbr, 6, c2)
ARMV7_WIDE_REGISTER(cntvoff, 4, c14)
ARMV7_WIDE_REGISTER(cntv_cval, 3, c14)
ARMV7_BANKED_REGISTER(elr_hyp, elr_hyp, elr_hyp)
/// SPSR_hyp, which Hyp mode names so. Without the fields' names MSR leaves its middle alone: IT[7:2], GE, E and A.
ARMV7_BANKED_REGISTER(spsr_hyp, spsr, spsr_fsxc)

// What a vCPU takes along when it leaves the CPU, as far as it is looked at one by one.
ARMV7_REGISTER(sctlr, p15, 0, c1, c0, 0)
ARMV7_REGISTER(ttbcr, p15, 0, c2, c0, 2)
ARMV7_REGISTER(dfsr, p15, 0, c5, c0, 0)
ARMV7_REGISTER(ifsr, p15, 0, c5, c0, 1)
ARMV7_REGISTER(adfsr, p15, 0, c5, c1, 0)
ARMV7_REGISTER(aifsr, p15, 0, c5, c1, 1)
ARMV7_REGISTER(dfar, p15, 0, c6, c0, 0)
ARMV7_REGISTER(ifar, p15, 0, c6, c0, 2)
ARMV7_REGISTER(amair0, p15, 0, c10, c3, 0)
ARMV7_REGISTER(amair1, p15, 0, c10, c3, 1)
ARMV7_REGISTER(vbar, p15, 0, c12, c0, 0)
ARMV7_REGISTER(fcseidr, p15, 0, c13, c0, 0)
ARMV7_REGISTER(cntv_ctl, p15, 0, c14, c3, 1)
ARMV7_REGISTER(teecr, p14, 6, c0, c0, 0)
ARMV7_REGISTER(teehbr, p14, 6, c1, c0, 0)
ARMV7_WIDE_REGISTER(par, 0, c7)
ARMV7_BANKED_REGISTER(sp_usr, sp_usr, sp_usr)
ARMV7_BANKED_REGISTER(sp_svc, sp_svc, sp_svc)
ARMV7_BANKED_REGISTER(lr_svc, lr_svc, lr_svc)
ARMV7_BANKED_REGISTER(sp_abt, sp_abt, sp_abt)
ARMV7_BANKED_REGISTER(lr_abt, lr_abt, lr_abt)
ARMV7_BANKED_REGISTER(spsr_abt, spsr_abt, spsr_abt)
ARMV7_BANKED_REGISTER(sp_und, sp_und, sp_und)
ARMV7_BANKED_REGISTER(lr_und, lr_und, lr_und)
ARMV7_BANKED_REGISTER(spsr_und, spsr_und, spsr_und)
ARMV7_BANKED_REGISTER(sp_irq, sp_irq, sp_irq)
ARMV7_BANKED_REGISTER(lr_irq, lr_irq, lr_irq)
ARMV7_BANKED_REGISTER(r8_fiq, r8_fiq, r8_fiq)
ARMV7_BANKED_REGISTER(r9_fiq, r9_fiq, r9_fiq)
ARMV7_BANKED_REGISTER(r10_fiq, r10_fiq, r10_fiq)
ARMV7_BANKED_REGISTER(r11_fiq, r11_fiq, r11_fiq)
ARMV7_BANKED_REGISTER(r12_fiq, r12_fiq, r12_fiq)
ARMV7_BANKED_REGISTER(sp_fiq, sp_fiq, sp_fiq)
ARMV7_BANKED_REGISTER(lr_fiq, lr_fiq, lr_fiq)

/// What a vCPU owns of CP15 and of the banked registers, ELR_hyp and SPSR_hyp among them, as save_guest_registers leaves it,
/// and DBGDSCRext, whose MOE says why its last debug exception came; what it sets in it, it sets by us.
/// LR_usr is in the trap frame, ACTLR is trapped.
struct guest_registers {
  uint32_t sctlr, cpacr, ttbcr, dacr, dfsr, ifsr, dfar, ifar, mair0, mair1, vbar, contextidr;
  uint32_t tpidrurw, tpidruro, tpidrprw, csselr;
  uint64_t ttbr0, ttbr1, par, cntv_cval;
  uint32_t cntv_ctl, cntkctl, elr_hyp, spsr_hyp, sp_usr, sp_svc, lr_svc, spsr_svc, sp_abt, lr_abt;
  uint32_t spsr_abt, sp_und, lr_und, spsr_und, sp_irq, lr_irq, spsr_irq, r8_fiq, r9_fiq, r10_fiq;
  uint32_t r11_fiq, r12_fiq, sp_fiq, lr_fiq, spsr_fiq, dbgdscr;
  /// Zero, and what is written is lost, on CPUs with the Multiprocessing Extensions (DDI 0406C, B4.1.50). An emulated CPU may
  /// keep it all the same, and move addresses by it: see `AddressSpaceLayout`.
  uint32_t fcseidr;
};
/// Takes them out of the hardware, and turns the virtual timer off.
void save_guest_registers(struct guest_registers *registers);
/// Puts them into the hardware.
void load_guest_registers(const struct guest_registers *registers);

// Identification.
ARMV7_REGISTER(midr, p15, 0, c0, c0, 0)
ARMV7_REGISTER(ctr, p15, 0, c0, c0, 1)
ARMV7_REGISTER(mpidr, p15, 0, c0, c0, 5)
ARMV7_REGISTER(revidr, p15, 0, c0, c0, 6)
ARMV7_REGISTER(id_pfr0, p15, 0, c0, c1, 0)
ARMV7_REGISTER(id_dfr0, p15, 0, c0, c1, 2)
ARMV7_REGISTER(id_mmfr0, p15, 0, c0, c1, 4)
ARMV7_REGISTER(pmuserenr, p15, 0, c9, c14, 0)

// Debug (DDI 0406C, C11.11): DBGDIDR, DBGVCR, DBGDSCRext, DBGOSLAR.
ARMV7_REGISTER(dbgdidr, p14, 0, c0, c0, 0)
ARMV7_REGISTER(dbgvcr, p14, 0, c0, c7, 0)
ARMV7_REGISTER(dbgdscr, p14, 0, c0, c2, 2)
ARMV7_REGISTER(dbgoslar, p14, 0, c1, c0, 4)
/// DBGBVR<n>, DBGBCR<n>, DBGWVR<n> or DBGWCR<n>, which must exist: `index` is 4n + 0, 1, 2 or 3.
uint32_t read_debug_register(uint32_t index);
void write_debug_register(uint32_t index, uint32_t value);
/// Writes both of each breakpoint or watchpoint, from number `last` down to 0; or only switches each off. `registers` are all of
/// them in the order of `index`.
void load_breakpoints(const uint32_t *registers, uint32_t last);
void load_watchpoints(const uint32_t *registers, uint32_t last);
void clear_breakpoints(uint32_t last);
void clear_watchpoints(uint32_t last);

/// The hardware's identification register at CP15 c0, opc1 0, CRm `crm` (1 or 2) and opc2 `op2`; for CRm 3 MVFR0 and MVFR1,
/// for which HCPTR must not trap FP; zero elsewhere.
uint32_t read_identification(uint32_t crm, uint32_t op2);

// Maintenance (DDI 0406C, B4.2 and B3.10). Each ends complete.
/// Drops PL2's own translations on this CPU.
ARMV7_MAINTENANCE(invalidate_tlb_hyp, "dsb ishst\n\tmcr p15, 4, %0, c8, c7, 0\n\tdsb ish\n\tisb")
/// Wakes the CPUs that wait in WFE.
ARMV7_MAINTENANCE(signal_event, "dsb sy\n\tsev")
/// Drops every guest translation, stages 1 and 2 of all VMIDs, on all inner-shareable CPUs.
ARMV7_MAINTENANCE(invalidate_tlb_guests, "dsb ishst\n\tmcr p15, 4, %0, c8, c3, 4\n\tdsb ish\n\tisb")
/// Drops stages 1 and 2 of the VMID in VTTBR (TLBIALL, which in Hyp mode means the current VMID), the instruction cache
/// (ICIALLU) and the branch predictor (BPIALL), on this CPU only.
ARMV7_MAINTENANCE(
    invalidate_current_guest_here,
    "isb\n\tdsb nshst\n\tmcr p15, 0, %0, c8, c7, 0\n\tmcr p15, 0, %0, c7, c5, 0\n\tmcr p15, 0, %0, c7, c5, 6\n\tdsb nsh\n\tisb")
/// Everything before is complete, and its asynchronous aborts are there.
ARMV7_MAINTENANCE(await_system_errors, "dsb sy\n\tisb")
/// Drops all instruction caches and branch predictors of the inner-shareable domain.
ARMV7_MAINTENANCE(invalidate_instruction_caches, "mcr p15, 0, %0, c7, c1, 0\n\tmcr p15, 0, %0, c7, c1, 6\n\tdsb ish\n\tisb")
/// Cleans and invalidates the data cache line at a virtual address to the point of coherency (DCCIMVAC).
ARMV7_MAINTENANCE_AT(clean_invalidate_data_line, "mcr p15, 0, %0, c7, c14, 1")
/// Translates a guest-virtual address for a read at PL1; the answer is in PAR, in its 64-bit form (ATS1CPR).
ARMV7_MAINTENANCE_AT(translate_pl1_read, "mcr p15, 0, %0, c7, c8, 0\n\tisb")

/// FPEXC, which HCPTR must not trap.
uint32_t read_fpexc(void);
void write_fpexc(uint32_t value);

/// Saves d0 to d31 (d16 to d31 only where the CPU has them), FPEXC and FPSCR: 264 bytes, 8-byte aligned. HCPTR must not
/// trap them.
void save_floating_point(void *state);
/// Loads what save_floating_point saved.
void load_floating_point(const void *state);

/// Calls the host's firmware by SMC (DEN 0028): the arguments in r0 to r3, the result in r0; -1 where SMC is undefined.
uint32_t call_secure_monitor(uint32_t function, uint32_t first, uint32_t second, uint32_t third);

/// Takes a pending asynchronous abort: its syndrome, or 0 where none came.
uint32_t take_system_error(void);

/// Has this CPU go by the vectors that do not believe the register of a T32 store (HVBAR).
INLINE void use_vectors_distrusting_stores(void) {
#if defined(__arm__)
  extern char tvisor_vectors_distrusting_stores[];
  __asm__ volatile("mcr p15, 4, %0, c12, c0, 0\n\tisb" ::"r"(tvisor_vectors_distrusting_stores));
#endif
}

/// Loads 32 bits from where there may be nothing: all ones where the load aborts.
uint32_t dare_load32(uintptr_t address);

/// Copies a trap frame, or what has its form: 64 bytes.
INLINE void copy_frame(void *to, const void *from) {
  __builtin_memcpy(__builtin_assume_aligned(to, 4), __builtin_assume_aligned(from, 4), 64);
}

/// Where the stack pointer is.
INLINE uintptr_t read_stack_pointer(void) {
#if defined(__arm__)
  uintptr_t value;
  __asm__ volatile("mov %0, sp" : "=r"(value));
  return value;
#else
  return 0;
#endif
}

/// Restores the general registers from the trap frame at `frame`, makes it the stack pointer, and returns to the guest.
_Noreturn void enter_guest(void *frame);

#endif
