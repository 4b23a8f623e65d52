# What is made of the packages. Each step leaves a stamp with the recipe's number: raise it when the recipe changes.

is_done() { [ "$(cat "$out/.$1" 2>/dev/null)" = "$2" ]; }
mark_done() { printf '%s\n' "$2" > "$out/.$1"; }

# unpack NAME ARCHITECTURE: sets `unpacked` to a fresh folder with the package's files.
unpack() {
  unpacked=$out/unpack/$1
  rm -rf "$unpacked"
  mkdir -p "$unpacked"
  dpkg-deb -x "$(cached_package "$1" "$2")" "$unpacked"
}

# unpack_libfdt ARCHITECTURE: libfdt for the images, with the few C headers that it and the compiler's freestanding set
# lack.
unpack_libfdt() {
  recipe="2 $(cat "$root"/boot/include/*.h | cksum)"
  is_done "libfdt-$1" "$recipe" && return 0
  fetch_packages libfdt-dev "$1"
  say "unpacking libfdt for the images ($1)"
  unpack libfdt-dev "$1"
  mkdir -p "$out/libfdt/include" "$out/libfdt/$1"
  cp "$unpacked"/usr/include/*fdt*.h "$root"/boot/include/*.h "$out/libfdt/include/"
  find "$unpacked" -name libfdt.a -exec cp {} "$out/libfdt/$1/" \;
  [ -f "$out/libfdt/$1/libfdt.a" ] || fail "libfdt-dev holds no libfdt.a"
  rm -rf "$out/unpack"
  mark_done "libfdt-$1" "$recipe"
}

# The compiler's helpers for 32-bit Arm (__aeabi_*: divisions, 64-bit shifts), which Swift's toolchain has for no bare
# metal.
unpack_libgcc() {
  recipe=1
  is_done libgcc "$recipe" && return 0
  fetch_packages libgcc-12-dev-armhf-cross armhf
  say "unpacking libgcc for the ARMv7 images"
  unpack libgcc-12-dev-armhf-cross armhf
  mkdir -p "$out/libgcc/armhf"
  cp "$unpacked"/usr/lib/gcc-cross/arm-linux-gnueabihf/12/libgcc.a "$out/libgcc/armhf/"
  rm -rf "$out/unpack"
  mark_done libgcc "$recipe"
}

# unpack_trees ARCHITECTURE PACKAGE: every device tree of a package. A board's file says which is its own.
unpack_trees() {
  kernel_package "${2#linux-image-}" "$1"
  is_done "all-trees-$1" "1 $kernel" && return 0
  fetch_packages "$kernel" "$1"
  say "unpacking all device trees of $kernel"
  rm -rf "$out/all-trees/$1"
  mkdir -p "$out/all-trees/$1"
  dpkg-deb --fsys-tarfile "$(cached_package "$kernel" "$1")" | tar -x -C "$out/all-trees/$1" --strip-components=4 \
    --wildcards '*.dtb'
  mark_done "all-trees-$1" "1 $kernel"
}

# U-Boot as Debian builds it for QEMU's virt machine.
unpack_uboot() {
  recipe=2
  is_done uboot "$recipe" && return 0
  fetch_packages u-boot-qemu arm64
  say "unpacking U-Boot"
  unpack u-boot-qemu arm64
  mkdir -p "$out/guests/u-boot"
  for board in qemu_arm64 qemu_arm; do
    cp "$unpacked/usr/lib/u-boot/$board/u-boot.bin" "$out/guests/u-boot/$board.bin"
  done
  rm -rf "$out/unpack"
  mark_done uboot "$recipe"
}

# EFI firmware for QEMU's virt machine (EDK2), and GRUB as an EFI application that looks for its menu in /boot/grub of where it starts from.
unpack_efi() {
  recipe=1
  is_done efi "$recipe" && return 0
  fetch_packages "qemu-efi-aarch64 grub-efi-arm64-bin" arm64
  say "unpacking EDK2 and GRUB"
  mkdir -p "$out/efi"
  unpack qemu-efi-aarch64 arm64
  cp "$unpacked/usr/share/qemu-efi-aarch64/QEMU_EFI.fd" "$out/efi/"
  unpack grub-efi-arm64-bin arm64
  cp "$unpacked/usr/lib/grub/arm64-efi/monolithic/gcdaa64.efi" "$out/efi/grub.efi"
  rm -rf "$out/unpack"
  mark_done efi "$recipe"
}
