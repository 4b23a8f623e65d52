#!/bin/sh
# Makes the archive of a release for this host: dist/tvisor-VERSION-HOST.tar.gz in the build's folder, the same bytes for the same commit.
#
#   boot/release/dist.sh            builds all of it and packs it
#   boot/release/dist.sh --check    that, and: it works from a folder of its own without a checkout or Swift, and another checkout
#                                   of the commit builds the same images, byte for byte, and the same ELFs but for debug information
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
out=$root/.build-dist
cd "$root"

say() { printf 'dist: %s\n' "$*" >&2; }
fail() { printf 'dist: error: %s\n' "$*" >&2; exit 1; }

# The tool with Swift's runtime and libfdt in it. The linker takes the first library of a name: here is only the static one.
build_tool() {
  say "building the tool"
  mkdir -p "$out/static"
  cp "$(dpkg -L libfdt-dev | grep '/libfdt\.a$')" "$out/static/"
  swift build --scratch-path "$out" -c release --static-swift-stdlib --product tvisor --quiet \
    -Xlinker "-L$out/static" -Xswiftc -file-prefix-map -Xswiftc "$root=."
  tool=$out/release/tvisor
  # Builds for bare metal, whose manifest names no packages, take it away.
  cp Package.resolved "$out/"
}

# The licences of what is linked, each under the name of what it is for.
collect_licences() {
  licences=$out/licences
  rm -rf "$licences"
  mkdir -p "$licences"
  for folder in "$out"/checkouts/*/; do
    cp "$folder"LICENSE* "$licences/$(basename "$folder").txt"
  done
  cp "$(dirname "$(readlink -f "$(command -v swift)")")/../share/swift/LICENSE.txt" "$licences/swift-runtime.txt"
  cp /usr/share/doc/libfdt-dev/copyright "$licences/libfdt.txt"
  cp /usr/share/doc/libgcc-12-dev/copyright "$licences/libgcc.txt"
}

pack() {
  rm -rf "$out/release-folder" && mkdir -p "$out/release-folder"
  manual=
  [ ! -f .build-manual/index.html ] || manual="--manual .build-manual"
  strip -o "$out/tvisor-stripped" "$tool"
  cp "$out/Package.resolved" .
  # shellcheck disable=SC2086  # the option is two words
  "$tool" release "$out/release-folder/tvisor" --tool "$out/tvisor-stripped" --licences "$licences" $manual \
    --swift "$(swift --version 2> /dev/null | sed -n 's/.*Swift version \([0-9.]*\).*/\1/p' | head -n 1)" \
    --libfdt "$(dpkg-query -W -f '${Version}' libfdt-dev)"
  name=tvisor-$(cat "$out/release-folder/tvisor/VERSION")-$(uname -s | tr 'A-Z' 'a-z')-$(uname -m)
  mv "$out/release-folder/tvisor" "$out/release-folder/$name"
  chmod -R u=rwX,go=rX "$out/release-folder/$name"
  mkdir -p "$out/dist"
  tar -C "$out/release-folder" --sort=name --owner=0 --group=0 --numeric-owner \
    --mtime="@$(git log -1 --format=%ct)" -cf - "$name" | gzip -n9 > "$out/dist/$name.tar.gz"
  say "$out/dist/$name.tar.gz: $(du -h "$out/dist/$name.tar.gz" | cut -f 1)"
}

# Nothing of ours or Swift's is within reach: neither this checkout, nor the toolchain.
check_archive() {
  place=$(mktemp -d)
  trap 'rm -rf "$place"' EXIT
  tar -C "$place" -xzf "$out/dist/$name.tar.gz"
  mkdir "$place/home" "$place/system"
  clean() { (cd "$place/system" && env -i PATH=/usr/bin:/bin HOME="$place/home" "$@"); }
  tool=$place/$name/bin/tvisor
  ! ldd "$tool" | grep -E 'swift|fdt|Foundation' || fail "the tool wants libraries of a toolchain"
  clean "$tool" --version | grep -qx "tvisor $(cat "$place/$name/VERSION")" || fail "--version is not the archive's"
  clean "$tool" boards > /dev/null
  for isa in armv8 armv7; do
    printf 'vms: [{name: m, memory: 16MiB, vcpus: [0], image: "@guests/%s/metronome.elf"}]\n' "$isa" > "$place/system/s.yaml"
    clean "$tool" check s.yaml --board qemu-virt-$isa --json | grep -q '"isSound": true' || fail "check finds mistakes ($isa)"
    clean "$tool" run s.yaml --board qemu-virt-$isa --headless --expect "memory=ok" > "$place/said" || fail "it does not boot ($isa)"
    grep -q "version $(cat "$place/$name/VERSION")" "$place/said" || fail "the banner has another version ($isa)"
  done
  clean "$tool" init own > /dev/null
  clean "$tool" boot-files qemu-virt-armv7 s.yaml -o files > /dev/null || fail "boot-files does not write them"
  say "the archive works from $place without a checkout or Swift"
}

# same FILE OTHER: all but debug information, in which the compiler names its cache of modules, whose name has the folder in it.
same() {
  for file in "$1" "$2"; do
    "$(dirname "$(readlink -f "$(command -v swift)")")/llvm-objcopy" --strip-debug "$file" "$file.plain"
  done
  cmp "$1.plain" "$2.plain" || fail "$1 and $2 differ"
  rm "$1.plain" "$2.plain"
}

# Another checkout in another folder, of whose path nothing may get into what it builds.
check_same() {
  other=$(mktemp -d)/elsewhere
  say "building the commit again in $other"
  git clone -q "$root" "$other"
  git -C "$other" checkout -q "$(git rev-parse HEAD)"
  mkdir "$other/.build-setup"
  cp -r .build-setup/libfdt .build-setup/libgcc "$other/.build-setup/"
  (cd "$other" && "$out/release/tvisor" build --quiet)
  for isa in armv8 armv7; do
    cmp ".build-$isa/tvisor-$isa.img" "$other/.build-$isa/tvisor-$isa.img" || fail "the images differ"
    for elf in ".build-$isa"/*/release/tvisor-$isa ".build-setup/guests/$isa"/*.elf; do same "$elf" "$other/$elf"; done
  done
  rm -rf "${other%/elsewhere}"
  say "another folder builds the same images, and the same ELFs but for debug information"
}

boot/setup/setup.sh
build_tool
"$tool" build --quiet
collect_licences
pack
if [ "${1:-}" = --check ]; then
  check_archive
  [ -z "$(git status --porcelain)" ] || fail "there are changes that are not committed: another checkout would not have them"
  check_same
fi
