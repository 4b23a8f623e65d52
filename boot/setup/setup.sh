#!/bin/sh
# Prepares a Debian machine to build, run and test TVisor. Run it as often as you like: what is there stays.
#
#   boot/setup/setup.sh            what building and running needs
#   boot/setup/setup.sh --tests    that, and what only the tests need
#   boot/setup/setup.sh --trees    the device trees of all boards, where others than the tests' need another download
#   boot/setup/setup.sh --guests   only the downloads that need no root (libraries for the images, the guests)
#
# Downloads are kept in $TVISOR_CACHE (default ~/.cache/tvisor) and unpacked into .build-setup/ of this checkout.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/.build-setup
cache=${TVISOR_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/tvisor}

. "$here/packages.sh"
. "$here/unpack.sh"
. "$here/linux.sh"

if [ "${1:-}" = --trees ]; then
  unpack_trees arm64 linux-image-arm64
  unpack_trees armhf linux-image-armmp-lpae
  exit 0
fi
[ "${1:-}" = --guests ] || install_machine_packages
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
  unpack_trees arm64 linux-image-arm64
  unpack_all_trees arm64 linux-image-arm64
  unpack_all_trees armhf linux-image-armmp-lpae
  make_disk arm64 cloud-arm64
fi
say "ready"
