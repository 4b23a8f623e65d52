# A Rust compiler for the tutorial's guest: Debian's, with Debian's core library for arm64 beside it. It is not installed.

rust_version=1.63

# unpack_rust: leaves `.build-setup/rust/bin/rustc`, which finds its own libraries.
unpack_rust() {
  host=$(dpkg --print-architecture)
  recipe="1 $host $rust_version"
  is_done rust "$recipe" && return 0
  fetch_packages "rustc libstd-rust-$rust_version libllvm14 libz3-4" "$host"
  fetch_packages libstd-rust-dev arm64
  say "unpacking a Rust compiler, and its core library for arm64"
  rust=$out/rust
  rm -rf "$rust"
  mkdir -p "$rust/bin" "$rust/lib"
  for name in rustc "libstd-rust-$rust_version" libllvm14 libz3-4; do
    unpack "$name" "$host"
    find "$unpacked/usr/lib" -name '*.so*' -exec cp -a {} "$rust/lib/" \;
    [ "$name" != rustc ] || cp "$unpacked/usr/bin/rustc" "$rust/bin/rustc-itself"
  done
  # Of the core library's package only what `no_std` takes.
  unpack libstd-rust-dev arm64
  libraries=lib/rustlib/aarch64-unknown-linux-gnu/lib
  mkdir -p "$rust/$libraries"
  for name in core alloc compiler_builtins rustc_std_workspace_core; do
    cp "$unpacked/usr/$libraries/lib$name-"*.rlib "$rust/$libraries/"
  done
  printf '#!/bin/sh\nhere=$(cd "$(dirname "$0")/.." && pwd)\nLD_LIBRARY_PATH=$here/lib exec "$here/bin/rustc-itself" --sysroot "$here" "$@"\n' \
    > "$rust/bin/rustc"
  chmod 755 "$rust/bin/rustc"
  rm -rf "$out/unpack"
  mark_done rust "$recipe"
}
