# What is made of the packages. Each step leaves a stamp with the recipe's number: raise it when the recipe changes.

is_done() { [ "$(cat "$out/.$1" 2>/dev/null)" = "$2" ]; }
mark_done() { printf '%s\n' "$2" > "$out/.$1"; }

# unpack NAME: sets `unpacked` to a fresh folder with the package's files.
unpack() {
  unpacked=$out/unpack/$1
  rm -rf "$unpacked"
  mkdir -p "$unpacked"
  dpkg-deb -x "$(cached_package "$1")" "$unpacked"
}

# libfdt for the images, with the few C headers that it and the compiler's freestanding set lack.
unpack_libfdt() {
  recipe="1 $(cat "$root"/boot/include/*.h | cksum)"
  is_done libfdt "$recipe" && return 0
  fetch_package libfdt-dev
  say "unpacking libfdt for the images"
  unpack libfdt-dev
  mkdir -p "$out/libfdt/include" "$out/libfdt/arm64"
  cp "$unpacked"/usr/include/*fdt*.h "$root"/boot/include/*.h "$out/libfdt/include/"
  find "$unpacked" -name libfdt.a -exec cp {} "$out/libfdt/arm64/" \;
  [ -f "$out/libfdt/arm64/libfdt.a" ] || fail "libfdt-dev holds no libfdt.a"
  rm -rf "$out/unpack"
  mark_done libfdt "$recipe"
}

# Debian's kernel, and an initial file system of one static busybox and our init.
unpack_linux() {
  recipe="1 $(cksum < "$here/init")"
  is_done linux "$recipe" && return 0
  kernel=$(kernel_package)
  [ -n "$kernel" ] || fail "cannot find the kernel behind linux-image-cloud-arm64"
  fetch_package "$kernel"
  fetch_package busybox-static
  say "unpacking $kernel and making its initial file system"
  guest=$out/guests/debian-arm64
  mkdir -p "$guest"
  unpack "$kernel"
  cp "$unpacked"/boot/vmlinuz-* "$guest/Image"
  unpack busybox-static
  cp "$unpacked/bin/busybox" "$guest/busybox"
  make_initramfs "$guest/busybox" "$guest/initramfs.cpio.gz"
  rm -rf "$out/unpack"
  mark_done linux "$recipe"
}

# make_initramfs BUSYBOX OUTPUT: the same bytes each time (sorted names, no owners, no times).
make_initramfs() {
  tree=$out/unpack/initramfs
  rm -rf "$tree"
  mkdir -p "$tree/bin" "$tree/dev" "$tree/etc" "$tree/proc" "$tree/sys" "$tree/tmp" "$tree/root"
  install -m 755 "$1" "$tree/bin/busybox"
  install -m 755 "$here/init" "$tree/init"
  install -m 644 "$here/profile" "$tree/etc/profile"
  find "$tree" -exec touch -h -d @0 {} +
  (cd "$tree" && find . | LC_ALL=C sort | cpio --quiet --reproducible -o -H newc -R 0:0) | gzip -n9 > "$2"
}

# U-Boot as Debian builds it for QEMU's virt machine.
unpack_uboot() {
  recipe=1
  is_done uboot "$recipe" && return 0
  fetch_package u-boot-qemu
  say "unpacking U-Boot"
  unpack u-boot-qemu
  mkdir -p "$out/guests/u-boot"
  cp "$unpacked/usr/lib/u-boot/qemu_arm64/u-boot.bin" "$out/guests/u-boot/qemu_arm64.bin"
  rm -rf "$out/unpack"
  mark_done uboot "$recipe"
}
