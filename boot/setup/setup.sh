#!/bin/sh
# Prepares a Debian machine to build, run and test TVisor. Run it as often as you like: what is there stays.
#
#   boot/setup/setup.sh            what building and running needs
#   boot/setup/setup.sh --tests    that, and what only the tests need
#   boot/setup/setup.sh --manual   what building needs, and what renders the manual
#   boot/setup/setup.sh --trees PACKAGE   all device trees of one of Debian's kernel packages, such as linux-image-arm64
#   boot/setup/setup.sh --guests   only the downloads that need no root (libraries for the images, the guests)
#
# Downloads are kept in $TVISOR_CACHE (default ~/.cache/tvisor) and unpacked into .build-setup/ of this checkout.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/.build-setup
# A release has its guests and trees beside its tool.
[ ! -f "$root/VERSION" ] || out=$root
cache=${TVISOR_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/tvisor}

. "$here/packages.sh"
. "$here/unpack.sh"
. "$here/linux.sh"
. "$here/rust.sh"

if [ "${1:-}" = --trees ]; then
  case "${2:-}" in
    linux-image-*arm64) unpack_trees arm64 "$2" ;;
    linux-image-armmp*) unpack_trees armhf "$2" ;;
    *) fail "name one of Debian's kernel packages: --trees linux-image-arm64, or --trees linux-image-armmp-lpae" ;;
  esac
  exit 0
fi
if [ -f "$root/VERSION" ]; then
  # Nothing is built there.
  unpack_linux arm64 cloud-arm64 Image
  unpack_linux armhf armmp-lpae zImage
  unpack_uboot
  exit 0
fi
case "${1:-}" in
  --guests) ;;
  --tests | --manual) install_machine_packages cmark-gfm ;;
  *) install_machine_packages ;;
esac
unpack_libfdt arm64
unpack_libfdt armhf
unpack_libgcc
unpack_linux arm64 cloud-arm64 Image
unpack_linux armhf armmp-lpae zImage
unpack_trees armhf linux-image-armmp-lpae
unpack_uboot
if [ "${1:-}" = --tests ]; then
  make_stress arm64
  make_stress armhf
  make_disk arm64 cloud-arm64
  unpack_efi
  unpack_trees arm64 linux-image-arm64
  unpack_rust
fi
say "ready"
