# The Linux guests: Debian's kernels, with initial file systems of one static busybox and our init.

# unpack_linux ARCHITECTURE FLAVOUR NAME: the kernel, under the name that such a file has, and its initial file system.
unpack_linux() {
  recipe="2 $2 $(cat "$here/init" "$here/profile" | cksum)"
  is_done "linux-$1" "$recipe" && return 0
  kernel_package "$2" "$1"
  fetch_packages "$kernel busybox-static" "$1"
  say "unpacking $kernel and making its initial file system"
  guest=$out/guests/debian-$1
  mkdir -p "$guest"
  unpack "$kernel" "$1"
  cp "$unpacked"/boot/vmlinuz-* "$guest/$3"
  unpack busybox-static "$1"
  cp "$unpacked/bin/busybox" "$guest/busybox"
  begin_initramfs "$guest/busybox"
  end_initramfs "$guest/initramfs.cpio.gz"
  rm -rf "$out/unpack"
  mark_done "linux-$1" "$recipe"
}

# begin_initramfs BUSYBOX: a fresh file system in the folder `$tree`.
begin_initramfs() {
  tree=$out/unpack/initramfs
  rm -rf "$tree"
  mkdir -p "$tree/bin" "$tree/dev" "$tree/etc" "$tree/lib" "$tree/proc" "$tree/sys" "$tree/tmp" "$tree/root"
  install -m 755 "$1" "$tree/bin/busybox"
  install -m 755 "$here/init" "$tree/init"
  install -m 644 "$here/profile" "$tree/etc/profile"
}

# end_initramfs OUTPUT: packs `$tree`; the same bytes each time (sorted names, no owners, no times).
end_initramfs() {
  find "$tree" -exec touch -h -d @0 {} +
  (cd "$tree" && find . | LC_ALL=C sort | cpio --quiet --reproducible -o -H newc -R 0:0) | gzip -n9 > "$1"
}

# What stresses a Linux guest, the packages of the shared libraries that it is linked with, and those libraries. The
# packages' own lists of dependencies would bring graphics drivers of 100 MB, which are only loaded where there is a GPU.
stress_programs="usr/bin/stress-ng usr/bin/hackbench usr/bin/cyclictest"
stress_packages="stress-ng rt-tests libapparmor1 libbsd0 libc6 libcrypt1 libdrm2 libegl1 libexpat1 libffi8 libgbm1
  libgcc-s1 libgles2 libglvnd0 libjpeg62-turbo libjudydebian1 libkmod2 liblzma5 libmd0 libnuma1 libsctp1 libssl3
  libwayland-server0 libxxhash0 libzstd1 zlib1g"
stress_libraries="ld-linux-*.so.? libc.so.6 libm.so.6 libpthread.so.0 librt.so.1 libEGL.so.1 libGLESv2.so.2
  libGLdispatch.so.0 libJudy.so.1 libapparmor.so.1 libbsd.so.0 libcrypt.so.1 libcrypto.so.3 libdrm.so.2 libexpat.so.1
  libffi.so.8 libgbm.so.1 libgcc_s.so.1 libjpeg.so.62 libkmod.so.2 liblzma.so.5 libmd.so.0 libnuma.so.1 libsctp.so.1
  libwayland-server.so.0 libxxhash.so.0 libz.so.1 libzstd.so.1"

# make_stress ARCHITECTURE: the same initial file system, with stress-ng, hackbench and cyclictest in it.
make_stress() {
  recipe="1 $(cat "$here/init" "$here/profile" "$here/linux.sh" | cksum)"
  is_done "stress-$1" "$recipe" && return 0
  fetch_packages "$stress_packages" "$1"
  say "making the initial file system with the stress tests ($1)"
  all=$out/unpack/all
  rm -rf "$all"
  mkdir -p "$all"
  for name in $stress_packages; do dpkg-deb -x "$(cached_package "$name" "$1")" "$all"; done
  begin_initramfs "$out/guests/debian-$1/busybox"
  for program in $stress_programs; do install -m 755 "$all/$program" "$tree/bin/"; done
  for name in $stress_libraries; do
    # The link's name with the file's bytes, so that no links have to come along.
    library=$(find "$all/lib" "$all/usr/lib" -name "$name" | head -n 1)
    [ -n "$library" ] || fail "no package of the stress tests holds $name ($1)"
    install -m 755 "$library" "$tree/lib/${library##*/}"
  done
  end_initramfs "$out/guests/debian-$1/initramfs-stress.cpio.gz"
  rm -rf "$out/unpack"
  mark_done "stress-$1" "$recipe"
}

# The kernel's modules for a disk behind a virtio transport, each after those that it needs.
disk_modules="virtio virtio_ring virtio_mmio virtio_blk"

# make_disk ARCHITECTURE FLAVOUR: the same initial file system, with those modules in it.
make_disk() {
  recipe="1 $(cat "$here/init" "$here/profile" "$here/linux.sh" | cksum)"
  is_done "disk-$1" "$recipe" && return 0
  kernel_package "$2" "$1"
  fetch_packages "$kernel" "$1"
  say "making the initial file system with the modules for a disk ($1)"
  unpack "$kernel" "$1"
  begin_initramfs "$out/guests/debian-$1/busybox"
  mkdir "$tree/lib/modules"
  for name in $disk_modules; do
    module=$(find "$unpacked" -name "$name.ko" | head -n 1)
    [ -n "$module" ] || fail "$kernel holds no $name.ko"
    install -m 644 "$module" "$tree/lib/modules/$name.ko"
  done
  end_initramfs "$out/guests/debian-$1/initramfs-disk.cpio.gz"
  rm -rf "$out/unpack"
  mark_done "disk-$1" "$recipe"
}
