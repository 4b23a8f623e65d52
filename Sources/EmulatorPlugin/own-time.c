// A plug-in for QEMU: how late the loop comes in instructions of its own CPU's.
//
// Where QEMU counts instructions its CPUs run in turn and share one count, so that the counter that the loop reads goes on
// while another CPU has its turn. The loop tells how late it came by that counter (`guest_tell`); this keeps which CPU had its
// turn when, and finds out how many of those instructions were the teller's. Whose turn it is the hypervisor's own pointer to
// its CPU's record says, TPIDR_EL2: the number that QEMU gives a plug-in is, where CPUs take turns, that of the CPU that
// translated the code.
//
//   -plugin own-time.so,report=FILE     the file says `own-most=N`; nothing, where the loop has told nothing
//
// The few declarations are those of QEMU's plug-in interface, version 4, which Debian packages without its header.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define EXPORTED __attribute__((visibility("default")))

struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef struct {
  int type;  // log2 of the bytes
  union {
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    struct {
      uint64_t low, high;
    } u128;
  } data;
} qemu_plugin_mem_value;

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*call)(uint64_t id, struct qemu_plugin_tb *block));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
void qemu_plugin_register_vcpu_insn_exec_cb(
    struct qemu_plugin_insn *instruction, void (*call)(unsigned cpu, void *data), int flags, void *data);
void qemu_plugin_register_vcpu_mem_cb(
    struct qemu_plugin_insn *instruction, void (*call)(unsigned cpu, uint32_t info, uint64_t address, void *data), int flags,
    int access, void *data);
qemu_plugin_mem_value qemu_plugin_mem_get_value(uint32_t info);
void qemu_plugin_register_vcpu_tb_exec_cb(
    struct qemu_plugin_tb *block, void (*call)(unsigned cpu, void *data), int flags, void *data);
void qemu_plugin_register_vcpu_init_cb(uint64_t id, void (*call)(uint64_t id, unsigned cpu));

// Arrays of GLib's, as far as they are looked into.
typedef struct {
  void *data;
  unsigned length;
} glib_array;
typedef struct {
  void *handle;
  const char *name;
  const char *feature;
} qemu_plugin_reg_descriptor;
glib_array *qemu_plugin_get_registers(void);
int qemu_plugin_read_register(void *handle, glib_array *bytes);
glib_array *g_byte_array_new(void);
glib_array *g_byte_array_set_size(glib_array *array, unsigned length);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *instruction);

EXPORTED int qemu_plugin_version = 4;

// The turns that CPUs had, a ring: from which instruction on, and whose. All CPUs run in one thread where QEMU counts.
#define TURNS (1u << 16)
static struct {
  uint64_t start;
  uint64_t cpu;
} turns[TURNS];
static uint64_t turn_count;
static uint64_t now;

// What `guest_tell` writes first.
static const uint32_t mark = 0x7e11c0de;
static bool is_marked;
static uint64_t marked_by;
static void *pointer;
static glib_array *bytes;
static uint64_t current;
static uint64_t most;
static bool has_told;
static char report[4096];

static void write_report(void) {
  FILE *file = fopen(report, "w");
  if (file == NULL) return;
  if (has_told) fprintf(file, "own-most=%llu\n", (unsigned long long)most);
  fclose(file);
}

static void initialized(uint64_t id, unsigned cpu) {
  if (pointer != NULL) return;
  glib_array *registers = qemu_plugin_get_registers();
  const qemu_plugin_reg_descriptor *all = registers->data;
  for (unsigned index = 0; index < registers->length; index++) {
    if (strcmp(all[index].name, "TPIDR_EL2") == 0) pointer = all[index].handle;
  }
  bytes = g_byte_array_new();
}

static void block(unsigned cpu, void *data) {
  g_byte_array_set_size(bytes, 0);
  uint64_t read = 0;
  int count = qemu_plugin_read_register(pointer, bytes);
  if (count > 0) memcpy(&read, bytes->data, count < 8 ? count : 8);
  if (turn_count > 0 && read == current) return;
  current = read;
  turns[turn_count % TURNS].start = now;
  turns[turn_count % TURNS].cpu = current;
  turn_count++;
}

static void instruction(unsigned cpu, void *data) { now++; }

// How many of the last `count` instructions were the CPU's.
static uint64_t own(uint64_t cpu, uint64_t count) {
  uint64_t begin = count < now ? now - count : 0, end = now, sum = 0;
  for (uint64_t n = turn_count; n > 0 && turn_count - n < TURNS && end > begin; n--) {
    uint64_t start = turns[(n - 1) % TURNS].start;
    if (turns[(n - 1) % TURNS].cpu == cpu) sum += end - (start > begin ? start : begin);
    end = start;
  }
  return sum;
}

static void store(unsigned cpu, uint32_t info, uint64_t address, void *data) {
  qemu_plugin_mem_value value = qemu_plugin_mem_get_value(info);
  // A turn may end between the two.
  if (is_marked && marked_by != current) return;
  bool was_marked = is_marked;
  is_marked = false;
  // Where whose turn it is can't be known nothing is reported, and the run fails.
  if (value.type != 2 || pointer == NULL) return;
  if (!was_marked) {
    is_marked = value.data.u32 == mark;
    marked_by = current;
    return;
  }
  uint64_t count = own(current, value.data.u32);
  if (has_told && count <= most) return;
  has_told = true;
  most = count;
  write_report();
}

static void translated(uint64_t id, struct qemu_plugin_tb *code) {
  size_t count = qemu_plugin_tb_n_insns(code);
  if (pointer != NULL) qemu_plugin_register_vcpu_tb_exec_cb(code, block, 1, NULL);  // which reads registers
  for (size_t index = 0; index < count; index++) {
    struct qemu_plugin_insn *each = qemu_plugin_tb_get_insn(code, index);
    qemu_plugin_register_vcpu_insn_exec_cb(each, instruction, 0, NULL);
    // Guests of ours lie in the first MiB of their RAM but one; elsewhere nobody tells anything.
    if (qemu_plugin_insn_vaddr(each) >> 20 == 0x401) qemu_plugin_register_vcpu_mem_cb(each, store, 0, 2, NULL);
  }
}

EXPORTED int qemu_plugin_install(uint64_t id, const void *machine, int count, char **arguments) {
  for (int index = 0; index < count; index++) {
    if (strncmp(arguments[index], "report=", 7) == 0) snprintf(report, sizeof report, "%s", arguments[index] + 7);
  }
  write_report();  // What another run has left there is not ours.
  qemu_plugin_register_vcpu_init_cb(id, initialized);
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  return 0;
}
