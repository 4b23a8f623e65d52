#!/bin/sh
# Prepares a Debian machine to build, run and test TVisor. Run it as often as you like: what is there stays.
#
#   boot/setup/setup.sh            everything
#   boot/setup/setup.sh --guests   only the downloads that need no root (libfdt for the images, the guests)
#
# Downloads are kept in $TVISOR_CACHE (default ~/.cache/tvisor) and unpacked into .build-setup/ of this checkout.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/.build-setup
cache=${TVISOR_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/tvisor}

. "$here/packages.sh"
. "$here/unpack.sh"

[ "${1:-}" = --guests ] || install_machine_packages
unpack_libfdt
unpack_linux
unpack_uboot
say "ready"
