// The arm64 image as an EFI application: from the firmware's hands to the entry code, as if a loader of Linux's boot protocol had been there.
// Runs with the firmware's MMU, caches and stack at whatever address it loaded us to, so nothing here may need a relocation but the GOT,
// which efi.S takes care of. Sections of the UEFI specification are those of 2.10.

#if defined(__aarch64__)

#include <libfdt.h>
#include <stdint.h>

// Once, and rarely: small is what counts.
#pragma clang attribute push(__attribute__((minsize)), apply_to = function)

typedef uintptr_t status;
typedef uint16_t wide;
#define WORKS(status) ((intptr_t)(status) >= 0)  // errors have the highest bit (appendix D)
#define LOAD_ERROR (INTPTR_MIN + 1)
#define PAGE 4096ul

struct guid { uint32_t a; uint16_t b, c; uint8_t d[8]; };

static const struct guid tree_guid = {0xb1b621d5, 0xf19c, 0x41a5, {0x83, 0x0b, 0xd9, 0x15, 0x2c, 0x69, 0xaa, 0xe0}};
static const struct guid image_guid = {0x5b1b31a1, 0x9562, 0x11d2, {0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b}};
static const struct guid volume_guid = {0x964e5b22, 0x6459, 0x11d2, {0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b}};
static const struct guid load_file2_guid = {0x4006c0c1, 0xfcb3, 0x403e, {0x99, 0x6d, 0x4a, 0x6c, 0x87, 0x24, 0xe0, 0x6d}};

// LINUX_EFI_INITRD_MEDIA_GUID as a vendor's media device path, and the path's end (10.3.5.3): where newer loaders have the initial RAM disk.
static const struct {
  uint8_t type, subtype;
  uint16_t length;
  struct guid guid;
  uint8_t end[4];
} initrd_path = {4, 3, 20, {0x5568e427, 0x68fc, 0x4f3d, {0xac, 0x74, 0xca, 0x55, 0x52, 0x31, 0xcc, 0x68}}, {0x7f, 0xff, 4, 0}};

// What we call and read of the firmware's tables: 4.3, 4.4, 9.1, 12.4, 13.2, 13.4 and 13.5.
struct console {
  void *reset;
  status (*write)(struct console *, const wide *);
};

struct boot_services {
  uint8_t header[24];
  void *levels[2];
  status (*allocate_pages)(unsigned kind, unsigned type, uintptr_t count, uint64_t *address);
  void *free_pages;
  status (*memory_map)(uintptr_t *size, void *map, uintptr_t *key, uintptr_t *stride, uint32_t *version);
  void *pools_events_and_protocols[11];
  status (*protocol)(void *handle, const struct guid *, void **interface);
  void *lookups[3];
  status (*locate_path)(const struct guid *, const void **path, void **handle);
  void *tables_and_images[5];
  status (*exit)(void *image, uintptr_t key);
  void *next_monotonic_count;
  status (*stall)(uintptr_t microseconds);
};

struct system_table {
  uint8_t header[24];
  void *vendor;
  uint64_t revision;
  void *input[2], *output_handle;
  struct console *console;
  void *error_output[2], *run_time;
  const struct boot_services *boot;
  uintptr_t table_count;
  const struct { struct guid guid; const void *table; } *tables;
};

struct loaded_image {
  uint64_t revision;
  void *parent, *system, *device, *path, *reserved;
  uint32_t options_size;
  const wide *options;
};

struct file {
  uint64_t revision;
  status (*open)(struct file *, struct file **, const wide *name, uint64_t mode, uint64_t attributes);
  status (*close)(struct file *);
  void *remove;
  status (*read)(struct file *, uintptr_t *size, void *bytes);
  void *write;
  status (*position)(struct file *, uint64_t *);
  status (*seek)(struct file *, uint64_t);
};

struct volume {
  uint64_t revision;
  status (*open)(struct volume *, struct file **);
};

struct load_file2 {
  status (*load)(struct load_file2 *, const void *path, uint8_t isBoot, uintptr_t *size, void *bytes);
};

struct memory { uint32_t type; uint64_t start, virtual_start, page_count, attributes; };

struct bytes { uint64_t start, size; };

// Numbers of the tree are big-endian, and lie anywhere.
typedef uint32_t __attribute__((aligned(1), may_alias)) unaligned_cell, *cells;

static uint32_t cell(const void *at) { return __builtin_bswap32(*(const unaligned_cell *)at); }

struct start {
  const struct system_table *system;
  const struct boot_services *boot;
  const struct loaded_image *image;
  // What the loader said, but for the files' names.
  char *arguments;
  uint64_t arguments_size;
  const wide *bundle_name, *tree_name;
  struct bytes tree, bundle, map;
  uintptr_t map_size, map_stride;
};

_Noreturn void tvisor_leave_efi(uint64_t tree);

// MARK: Words

static void say(const struct start *s, const char *text) {
  wide piece[2] = {0, 0};
  for (; *text; text++) {
    piece[0] = (unsigned char)*text;
    s->system->console->write(s->system->console, piece);
  }
}

// Says why this does not go on, and leaves it on the screen for a while: a boot manager may clear it for what it tries next.
static status refuse(const struct start *s, const char *what, const wide *name, const char *how) {
  say(s, "\r\nTVisor: ");
  say(s, what);
  if (name) s->system->console->write(s->system->console, name);
  say(s, how);
  say(s, "\r\n");
  s->boot->stall(3000000);
  return LOAD_ERROR;
}

// MARK: Memory and files

static int allocate(const struct start *s, uint64_t size, struct bytes *bytes) {
  bytes->size = size;
  // AllocateAnyPages of EfiLoaderData (7.2.1).
  return WORKS(s->boot->allocate_pages(0, 2, (size + PAGE - 1) / PAGE, &bytes->start));
}

// Reads a file of the volume that we were started from.
static int read_file(const struct start *s, const wide *name, struct bytes *bytes) {
  struct volume *volume;
  struct file *root, *file;
  uint64_t size;
  // Its size is where one is that goes to its end (13.5, SetPosition()).
  return WORKS(s->boot->protocol(s->image->device, &volume_guid, (void **)&volume)) && WORKS(volume->open(volume, &root))
    && WORKS(root->open(root, &file, name, 1, 0)) && WORKS(file->seek(file, UINT64_MAX))
    && WORKS(file->position(file, &size)) && WORKS(file->seek(file, 0)) && allocate(s, size, bytes)
    && WORKS(file->read(file, &bytes->size, (void *)bytes->start)) && bytes->size == size;
}

// What the loader serves as the initial RAM disk.
static int load_bundle(struct start *s) {
  const void *path = &initrd_path;
  void *handle;
  struct load_file2 *disk;
  uintptr_t size = 0;
  if (!WORKS(s->boot->locate_path(&load_file2_guid, &path, &handle))
    || !WORKS(s->boot->protocol(handle, &load_file2_guid, (void **)&disk))) return 0;
  // EFI_BUFFER_TOO_SMALL, with the size.
  disk->load(disk, path, 0, &size, 0);
  return allocate(s, size, &s->bundle) && WORKS(disk->load(disk, path, 0, &s->bundle.size, (void *)s->bundle.start));
}

// MARK: The loader's words

// True where the text begins with a word, whose rest is then a file's name.
static int takes(const wide *text, const char *word) {
  while (*word) if (*text++ != *word++) return 0;
  return 1;
}

// Splits the load options at their spaces: `initrd=` and `dtb=` name files, as for Linux; the rest is the command line.
static int read_options(struct start *s) {
  struct bytes memory;
  uint32_t count = s->image->options ? s->image->options_size / sizeof(wide) : 0;
  if (!allocate(s, 3 * (count + 1), &memory)) return 0;
  wide *word = (wide *)memory.start;
  char *to = s->arguments = (char *)(word + count + 1);
  for (uint32_t i = 0, length = 0; i <= count; i++) {
    wide c = i < count ? s->image->options[i] : 0;
    // Above are those that the command line cannot have.
    word[length++] = c > '~' ? '?' : c;
    if (c > ' ') continue;
    word[length - 1] = 0;
    const wide **name = takes(word, "initrd=") ? &s->bundle_name : takes(word, "dtb=") ? &s->tree_name : 0;
    if (name) {
      *name = word + (name == &s->tree_name ? 4 : 7);
      for (wide *at = word; *at; at++) if (*at == '/') *at = '\\';
    } else {
      for (const wide *at = word; *at; at++) *to++ = (char)*at;
      if (length > 1) *to++ = ' ';
    }
    word += length;
    length = 0;
    if (c == 0) break;
  }
  if (to > s->arguments) to--;
  *to = 0;
  s->arguments_size = (uint64_t)(to - s->arguments);
  return 1;
}

// MARK: The given tree

static const char *name_of(const void *tree, int node) { return fdt_offset_ptr(tree, node + (int)sizeof(fdt32_t), 1); }

static const char *name_of_property(const void *tree, const struct fdt_property *property) {
  return (const char *)tree + fdt_off_dt_strings(tree) + cell(&property->nameoff);
}

static const struct fdt_property *property(const void *tree, int node, const char *name) {
  int next;
  fdt_next_tag(tree, node, &next);
  for (;;) {
    int offset = next;
    uint32_t tag = fdt_next_tag(tree, offset, &next);
    if (tag == FDT_NOP) continue;
    if (tag != FDT_PROP) return 0;
    const struct fdt_property *found = fdt_offset_ptr(tree, offset, sizeof *found);
    if (strcmp(name_of_property(tree, found), name) == 0) return found;
  }
}

// A number of one cell or two.
static uint64_t number(const void *tree, int node, const char *name, uint64_t otherwise) {
  const struct fdt_property *found = property(tree, node, name);
  if (!found) return otherwise;
  uint64_t high = cell(found->data);
  return cell(&found->len) == 8 ? high << 32 | cell(found->data + 4) : high;
}

static int child(const void *tree, const char *name) {
  int node = fdt_first_subnode(tree, 0);
  while (node >= 0 && strcmp(name_of(tree, node), name) != 0) node = fdt_next_subnode(tree, node);
  return node;
}

static int is_memory(const void *tree, int node) {
  const struct fdt_property *type = property(tree, node, "device_type");
  return type && strcmp(type->data, "memory") == 0;
}

// MARK: The tree that we hand over

// True for what is ours when boot services have ended (7.2, "Memory Type Usage after ExitBootServices()"): the loader's, the boot services', what
// is free, and ACPI's tables, which nobody reads; and that only where it can be cached.
static int is_free(const struct memory *memory) {
  return (0x29e >> (memory->type & 31) & 1) && memory->type < 32 && memory->attributes & 8;
}

// The lowest piece of free memory from an address on: maps need not be in order.
static const struct memory *free_memory(const struct start *s, uint64_t from) {
  const struct memory *found = 0;
  for (uintptr_t at = 0; at < s->map_size; at += s->map_stride) {
    const struct memory *memory = (const struct memory *)(s->map.start + at);
    if (is_free(memory) && memory->start >= from && (!found || memory->start < found->start)) found = memory;
  }
  return found;
}

static cells put(cells to, uint64_t value, uint64_t cell_count) {
  if (cell_count == 2) *to++ = __builtin_bswap32((uint32_t)(value >> 32));
  *to++ = __builtin_bswap32((uint32_t)value);
  return to;
}

// Memory is what the firmware's map says; the tree's own nodes are to be ignored (Devicetree Specification 0.4, 3.4.1): they have what the
// firmware keeps for itself, too. Pieces that meet are one bank.
static int write_memory(const struct start *s, const void *tree, void *to) {
  uint64_t address_cells = number(tree, 0, "#address-cells", 2), size_cells = number(tree, 0, "#size-cells", 1);
  // The map's memory has twice its size.
  cells bank = (cells)(s->map.start + s->map.size / 2), at = bank, first = bank;
  const struct memory *memory;
  for (uint64_t start = 0, end = 0; (memory = free_memory(s, end)); ) {
    if (address_cells == 1 && memory->start >> 32) break;
    if (memory->start != end || at == first) start = memory->start, bank = put(at, start, address_cells);
    end = memory->start + memory->page_count * PAGE;
    at = put(bank, size_cells == 1 && (end - start) >> 32 ? 0xfffff000 : end - start, size_cells);
  }
  return fdt_begin_node(to, "memory") | fdt_property_string(to, "device_type", "memory")
    | fdt_property(to, "reg", first, (int)((char *)at - (char *)first)) | fdt_end_node(to);
}

static int write_chosen(const struct start *s, void *to) {
  int result = fdt_property_u64(to, "linux,initrd-start", s->bundle.start)
    | fdt_property_u64(to, "linux,initrd-end", s->bundle.start + s->bundle.size);
  return s->arguments_size ? result | fdt_property_string(to, "bootargs", s->arguments) : result;
}

static int is_ours(const struct start *s, const char *name) {
  return strcmp(name, "linux,initrd-start") == 0 || strcmp(name, "linux,initrd-end") == 0
    || (s->arguments_size && strcmp(name, "bootargs") == 0);
}

// Copies the tree, with the memory and /chosen as they are now. The writer of trees is in the image anyway; libfdt's functions that change
// one would be as much code again as all of this.
static int write_tree(const struct start *s, void *to, int room) {
  const void *tree = (const void *)s->tree.start;
  int result = fdt_create(to, room);
  const struct fdt_reserve_entry *entry = (const void *)(s->tree.start + fdt_off_mem_rsvmap(tree));
  for (; entry->size; entry++)
    result |= fdt_add_reservemap_entry(to, __builtin_bswap64(entry->address), __builtin_bswap64(entry->size));
  result |= fdt_finish_reservemap(to);
  int depth = 0, is_chosen = 0, has_chosen = 0, skipped = 0, next = 0;
  for (;;) {
    int offset = next;
    uint32_t tag = fdt_next_tag(tree, offset, &next);
    if (tag == FDT_BEGIN_NODE) {
      depth++;
      if (depth == 2 && is_memory(tree, offset)) skipped = 1;
      if (skipped) continue;
      const char *name = name_of(tree, offset);
      result |= fdt_begin_node(to, name);
      if (depth == 2) is_chosen = strcmp(name, "chosen") == 0;
      if (depth != 2 || !is_chosen) continue;
      result |= write_chosen(s, to);
      has_chosen = 1;
    } else if (tag == FDT_PROP) {
      const struct fdt_property *given = fdt_offset_ptr(tree, offset, sizeof *given);
      const char *name = name_of_property(tree, given);
      if (skipped || (depth == 2 && is_chosen && is_ours(s, name))) continue;
      result |= fdt_property(to, name, given->data, (int)cell(&given->len));
    } else if (tag == FDT_END_NODE) {
      if (depth == 1) {
        if (!has_chosen) result |= fdt_begin_node(to, "chosen") | write_chosen(s, to) | fdt_end_node(to);
        result |= write_memory(s, tree, to);
      }
      if (!skipped) result |= fdt_end_node(to);
      if (depth-- == 2) skipped = 0;
    } else if (tag == FDT_END) {
      return next < 0 ? next : result | fdt_finish(to);
    }
  }
}

// MARK: The way

static status find_tree(struct start *s) {
  const void *given = 0;
  for (uintptr_t i = 0; i < s->system->table_count; i++)
    if (memcmp(&s->system->tables[i].guid, &tree_guid, sizeof tree_guid) == 0) given = s->system->tables[i].table;
  s->tree.start = (uint64_t)given;
  // Where an older GRUB left the bundle, even if the tree is another.
  int chosen = given && fdt_check_header(given) == 0 ? child(given, "chosen") : -1;
  if (chosen >= 0) {
    s->bundle.start = number(given, chosen, "linux,initrd-start", 0);
    s->bundle.size = number(given, chosen, "linux,initrd-end", 0) - s->bundle.start;
  }
  if (s->tree_name && !read_file(s, s->tree_name, &s->tree)) s->tree.start = 0;
  const void *tree = (const void *)s->tree.start;
  // GRUB makes an empty one where there is none.
  if (tree && fdt_check_header(tree) == 0 && child(tree, "cpus") >= 0) return 0;
  if (s->tree_name) return refuse(s, "no device tree in ", s->tree_name, " on the volume that this was started from.");
  return refuse(
    s, "no device tree of the machine", 0,
    ". Have the firmware give one (for QEMU: -M virt,acpi=off), or name a file: dtb=\\board.dtb");
}

// As Linux's own stub looks for its initial RAM disk, and then for a file, with which the image starts by itself from a disk.
static status find_bundle(struct start *s) {
  static const wide usual[] = u"\\bundle.img";
  struct bytes given = s->bundle;
  if (load_bundle(s)) return 0;
  s->bundle = given;
  if (!s->bundle_name && given.start) return 0;
  const wide *name = s->bundle_name ? s->bundle_name : usual;
  if (read_file(s, name, &s->bundle)) return 0;
  return refuse(
    s, "no bundle in ", name,
    " on the volume that this was started from. Name its file, initrd=\\file, or use the loader's initrd command.");
}

// In: the image's handle and the system table. Out: why it did not go on.
status tvisor_efi_main(void *handle, const struct system_table *system) {
  struct start s = {.system = system, .boot = system->boot};
  uint64_t level;
  __asm__("mrs %0, currentel" : "=r"(level));
  if (level != 2 << 2)
    return refuse(&s, "not started at EL2, where a hypervisor runs", 0, " (for QEMU: -M virt,virtualization=on).");
  if (!WORKS(s.boot->protocol(handle, &image_guid, (void **)&s.image)) || !read_options(&s)) return LOAD_ERROR;
  if (find_tree(&s) || find_bundle(&s)) return LOAD_ERROR;

  // The map grows by what we allocate for it, and while boot services end; its second half is for what we make of it.
  uintptr_t key, size = 0;
  uint32_t version;
  struct bytes tree;
  s.boot->memory_map(&size, 0, &key, &s.map_stride, &version);
  size += 16 * s.map_stride;
  if (!allocate(&s, 2 * size, &s.map) || !allocate(&s, cell((void *)(s.tree.start + 4)) + s.arguments_size + size + PAGE, &tree))
    return refuse(&s, "not enough memory", 0, ".");
  // A map that has changed meanwhile is asked for once more (7.4.6). Nothing is said from there on: the console may be gone.
  for (int attempt = 0; attempt < 4; attempt++) {
    s.map_size = size;
    if (!WORKS(s.boot->memory_map(&s.map_size, (void *)s.map.start, &key, &s.map_stride, &version))) break;
    if (write_tree(&s, (void *)tree.start, (int)tree.size) != 0)
      return attempt ? LOAD_ERROR : refuse(&s, "the device tree is damaged", 0, ".");
    if (WORKS(s.boot->exit(handle, key))) tvisor_leave_efi(tree.start);
  }
  return LOAD_ERROR;
}

#pragma clang attribute pop

#endif
