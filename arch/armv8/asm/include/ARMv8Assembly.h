// The border between Swift and AArch64 at EL2: system registers, TLB and cache maintenance, and the entry to a guest.
// See ArmRegisters.h for why the functions exist on a host too.

#ifndef TVISOR_ARMV8_ASSEMBLY_H
#define TVISOR_ARMV8_ASSEMBLY_H

#include <stdbool.h>
#include <stdint.h>

// Always: what is one instruction must not become a call where the two languages' target flags differ in a detail.
#ifndef INLINE
#define INLINE static inline __attribute__((always_inline))
#endif

#if defined(__aarch64__)
#define ARMV8_REGISTER(name)                                                                        \
  INLINE uint64_t read_##name(void) {                                                        \
    uint64_t value;                                                                                 \
    __asm__ volatile("mrs %0, " #name : "=r"(value));                                               \
    return value;                                                                                   \
  }                                                                                                 \
  INLINE void write_##name(uint64_t value) { __asm__ volatile("msr " #name ", %0" ::"r"(value)); }
#define ARMV8_MAINTENANCE(name, text)                                                               \
  INLINE void name(void) { __asm__ volatile(text ::: "memory"); }
#define ARMV8_MAINTENANCE_AT(name, text)                                                            \
  INLINE void name(uint64_t argument) { __asm__ volatile(text ::"r"(argument) : "memory"); }
/// Registers that assemblers know only with their features: HCRX_EL2, MPAM2_EL2, MPAMHCR_EL2, MPAMIDR_EL1.
INLINE void write_hcrx(uint64_t value) { __asm__ volatile("msr S3_4_C1_C2_2, %0" ::"r"(value)); }
INLINE void write_mpam2(uint64_t value) { __asm__ volatile("msr S3_4_C10_C5_0, %0" ::"r"(value)); }
INLINE void write_mpamhcr(uint64_t value) { __asm__ volatile("msr S3_4_C10_C4_0, %0" ::"r"(value)); }
INLINE uint64_t read_mpamidr(void) {
  uint64_t value;
  __asm__ volatile("mrs %0, S3_0_C10_C4_4" : "=r"(value));
  return value;
}
/// HFGRTR_EL2, HFGWTR_EL2, HFGITR_EL2, HDFGRTR_EL2, HDFGWTR_EL2: all zero.
INLINE void clear_fine_grained_traps(void) {
  __asm__ volatile(
      "msr S3_4_C1_C1_4, xzr\n\tmsr S3_4_C1_C1_5, xzr\n\tmsr S3_4_C1_C1_6, xzr\n\t"
      "msr S3_4_C3_C1_4, xzr\n\tmsr S3_4_C3_C1_5, xzr");
}
/// HDFGRTR2_EL2, HDFGWTR2_EL2, HFGRTR2_EL2, HFGWTR2_EL2, HFGITR2_EL2: all zero.
INLINE void clear_fine_grained_traps_2(void) {
  __asm__ volatile(
      "msr S3_4_C3_C1_0, xzr\n\tmsr S3_4_C3_C1_1, xzr\n\tmsr S3_4_C3_C1_2, xzr\n\t"
      "msr S3_4_C3_C1_3, xzr\n\tmsr S3_4_C3_C1_7, xzr");
}
/// VDISR_EL2 (S3_4_C12_C1_1), which assemblers know only with RAS.
INLINE uint64_t read_vdisr(void) {
  uint64_t value;
  __asm__ volatile("mrs %0, S3_4_C12_C1_1" : "=r"(value));
  return value;
}
INLINE void write_vdisr(uint64_t value) { __asm__ volatile("msr S3_4_C12_C1_1, %0" ::"r"(value)); }
struct random_number {
  uint64_t number;
  bool is_valid;
};
/// RNDR (S3_3_C2_C4_0), which assemblers know only with its feature: PSTATE.Z says that there was none in time.
INLINE struct random_number read_random_number(void) {
  struct random_number answer;
  uint64_t is_valid;
  __asm__ volatile("mrs %0, S3_3_C2_C4_0\n\tcset %1, ne" : "=r"(answer.number), "=r"(is_valid)::"cc");
  answer.is_valid = is_valid != 0;
  return answer;
}
#else
struct random_number {
  uint64_t number;
  bool is_valid;
};
INLINE struct random_number read_random_number(void) { return (struct random_number){0, false}; }
INLINE void write_hcrx(uint64_t value) { (void)value; }
INLINE void write_mpam2(uint64_t value) { (void)value; }
INLINE void write_mpamhcr(uint64_t value) { (void)value; }
INLINE uint64_t read_mpamidr(void) { return 0; }
INLINE void clear_fine_grained_traps(void) {}
INLINE void clear_fine_grained_traps_2(void) {}
INLINE uint64_t read_vdisr(void) { return 0; }
INLINE void write_vdisr(uint64_t value) { (void)value; }
#define ARMV8_REGISTER(name)                                                                        \
  INLINE uint64_t read_##name(void) { return 0; }                                            \
  INLINE void write_##name(uint64_t value) { (void)value; }
#define ARMV8_MAINTENANCE(name, text)                                                               \
  INLINE void name(void) {}
#define ARMV8_MAINTENANCE_AT(name, text)                                                            \
  INLINE void name(uint64_t argument) { (void)argument; }
#endif

// EL2's own.
ARMV8_REGISTER(currentel)
ARMV8_REGISTER(esr_el2)
ARMV8_REGISTER(elr_el2)
ARMV8_REGISTER(spsr_el2)
ARMV8_REGISTER(far_el2)
ARMV8_REGISTER(hpfar_el2)
ARMV8_REGISTER(hcr_el2)
ARMV8_REGISTER(hstr_el2)
ARMV8_REGISTER(cptr_el2)
ARMV8_REGISTER(mdcr_el2)
ARMV8_REGISTER(vtcr_el2)
ARMV8_REGISTER(vttbr_el2)
ARMV8_REGISTER(vpidr_el2)
ARMV8_REGISTER(vmpidr_el2)
ARMV8_REGISTER(cnthctl_el2)
ARMV8_REGISTER(cntvoff_el2)
ARMV8_REGISTER(tpidr_el2)

// What a vCPU takes along when it leaves the CPU, and EL2 has one name for; GuestRegisterNames.h has the others.
ARMV8_REGISTER(tpidr_el0)
ARMV8_REGISTER(tpidrro_el0)
ARMV8_REGISTER(tpidr_el1)
ARMV8_REGISTER(par_el1)
ARMV8_REGISTER(csselr_el1)
ARMV8_REGISTER(mdscr_el1)
ARMV8_REGISTER(sp_el0)
ARMV8_REGISTER(sp_el1)
/// Of EL1's own virtual timer with E2H = 0, of EL2's with E2H = 1 (CNTHV_CTL_EL2).
ARMV8_REGISTER(cntv_ctl_el0)

#include "GuestRegisterNames.h"

// What only a guest whose EL1 is in AArch32 has.
ARMV8_REGISTER(spsr_abt)
ARMV8_REGISTER(spsr_und)
ARMV8_REGISTER(spsr_irq)
ARMV8_REGISTER(spsr_fiq)
ARMV8_REGISTER(ifsr32_el2)
ARMV8_REGISTER(dacr32_el2)
ARMV8_REGISTER(fpexc32_el2)
ARMV8_REGISTER(dbgvcr32_el2)

// Identification.
ARMV8_REGISTER(mpidr_el1)
ARMV8_REGISTER(midr_el1)
ARMV8_REGISTER(id_aa64pfr0_el1)
ARMV8_REGISTER(id_aa64mmfr0_el1)
ARMV8_REGISTER(id_aa64mmfr1_el1)
ARMV8_REGISTER(id_aa64dfr0_el1)
ARMV8_REGISTER(pmuserenr_el0)
ARMV8_REGISTER(revidr_el1)
ARMV8_REGISTER(ctr_el0)
ARMV8_REGISTER(aidr_el1)

#if defined(__aarch64__)
/// Locks and unlocks this CPU's OS lock (OSLAR_EL1, which cannot be read).
INLINE void write_oslar_el1(uint64_t value) { __asm__ volatile("msr oslar_el1, %0" ::"r"(value)); }
#else
INLINE void write_oslar_el1(uint64_t value) { (void)value; }
#endif
/// DBGBVR<n>_EL1, DBGBCR<n>_EL1, DBGWVR<n>_EL1 or DBGWCR<n>_EL1, which must exist: `index` is 4n + 0, 1, 2 or 3.
uint64_t read_debug_register(uint64_t index);
void write_debug_register(uint64_t index, uint64_t value);
/// Writes both of each breakpoint or watchpoint, from number `last` down to 0; or only switches each off. `registers` are all of
/// them in the order of `index`.
void load_breakpoints(const uint64_t *registers, uint64_t last);
void load_watchpoints(const uint64_t *registers, uint64_t last);
void clear_breakpoints(uint64_t last);
void clear_watchpoints(uint64_t last);

/// The hardware's identification register S3_0_C0_C<crm>_<op2>; zero outside CRm 1 to 7.
uint64_t read_identification(uint64_t crm, uint64_t op2);

// Maintenance (DDI 0487, D8.17 and D7.5).
/// Drops EL2's own translations on this CPU.
ARMV8_MAINTENANCE(invalidate_tlb_el2, "dsb ishst\n\ttlbi alle2\n\tdsb ish\n\tisb")
/// Wakes the CPUs that wait in WFE.
ARMV8_MAINTENANCE(signal_event, "dsb sy\n\tsev")
/// Drops every guest translation, stages 1 and 2 of all VMIDs, on all inner-shareable CPUs.
ARMV8_MAINTENANCE(invalidate_tlb_guests, "dsb ishst\n\ttlbi alle1is\n\tdsb ish\n\tisb")
/// Drops stages 1 and 2 of the VMID in VTTBR_EL2, and the instruction cache, on this CPU only.
ARMV8_MAINTENANCE(
    invalidate_current_guest_here, "isb\n\tdsb nshst\n\ttlbi vmalls12e1\n\tic iallu\n\tdsb nsh\n\tisb")
/// Everything before is complete, and its SErrors are there.
ARMV8_MAINTENANCE(await_system_errors, "dsb sy\n\tisb")
/// Drops all instruction caches of the inner-shareable domain.
ARMV8_MAINTENANCE(invalidate_instruction_caches, "ic ialluis\n\tdsb ish\n\tisb")
/// Cleans and invalidates the data cache line at a virtual address to the point of coherency.
ARMV8_MAINTENANCE_AT(clean_invalidate_data_line, "dc civac, %0")
/// Translates a guest-virtual address for an EL1 read; the answer is in PAR_EL1.
ARMV8_MAINTENANCE_AT(translate_el1_read, "at s1e1r, %0\n\tisb")

/// Saves FP and SIMD state (q0 to q31, FPSR, FPCR: 528 bytes, 16-byte aligned). CPTR_EL2.TFP must be clear.
void save_floating_point(void *state);
/// Loads what save_floating_point saved.
void load_floating_point(const void *state);

/// Calls the host's firmware by SMC (DEN 0028): the arguments in x0 to x3, the result in x0; -1 where SMC is undefined.
uint64_t call_secure_monitor(uint64_t function, uint64_t first, uint64_t second, uint64_t third);

/// Takes a pending SError: its syndrome, or 0 where none came.
uint64_t take_system_error(void);

/// Has this CPU go by the vectors that write CONTEXTIDR_EL1 on the way to an AArch32 guest.
INLINE void use_vectors_writing_context(void) {
#if defined(__aarch64__)
  extern char tvisor_vectors_writing_context[];
  __asm__ volatile("msr vbar_el2, %0\n\tisb" ::"r"(tvisor_vectors_writing_context));
#endif
}

/// Loads 32 bits from where there may be nothing: all ones where the load aborts.
uint32_t dare_load32(uintptr_t address);

/// Copies a trap frame, or what has its form: 256 bytes. In parts that the compiler moves by pairs of registers.
INLINE void copy_frame(void *to, const void *from) {
  for (int part = 0; part < 256; part += 64)
    __builtin_memcpy((char *)to + part, (const char *)from + part, 64);
}

/// Where the stack pointer is.
INLINE uintptr_t read_stack_pointer(void) {
#if defined(__aarch64__)
  uintptr_t value;
  __asm__ volatile("mov %0, sp" : "=r"(value));
  return value;
#else
  return 0;
#endif
}

/// The size in bytes of the smallest data cache line (CTR_EL0.DminLine).
INLINE uint64_t data_cache_line_size(void) {
#if defined(__aarch64__)
  uint64_t type;
  __asm__("mrs %0, ctr_el0" : "=r"(type));
  return 4u << (type >> 16 & 15);
#else
  return 64;
#endif
}

/// Restores the general registers from the trap frame at `frame`, makes it the stack pointer, and returns to the guest.
_Noreturn void enter_guest(void *frame);

#endif
