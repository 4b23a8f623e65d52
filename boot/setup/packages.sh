# How packages reach us: what the machine itself needs, and packages of another architecture that are only unpacked.
# The machine's own apt sources and package lists are never changed: every call below names private ones.

guest_suite=bookworm

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { printf 'setup: error: %s\n' "$*" >&2; exit 1; }

# The Debian mirror that the machine already uses.
mirror() {
  for file in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do
    [ -r "$file" ] || continue
    found=$(grep -v '^[[:space:]]*#' "$file" | grep -oE '(https?|file):/[^] ]*' | grep -v security | head -n 1)
    [ -z "$found" ] || { printf '%s\n' "${found%/}"; return; }
  done
  printf 'http://deb.debian.org/debian\n'
}

# apt_private NAME ARCHITECTURE STATUS SUITES: writes the options of a private apt into the variable `apt_options`.
apt_private() {
  apt_state=$cache/apt-$1
  mkdir -p "$apt_state/lists/partial" "$apt_state/archives/partial"
  : > "$apt_state/sources.list"
  for suite in $4; do
    printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$(mirror)" "$suite" \
      >> "$apt_state/sources.list"
  done
  apt_options="-qq -o APT::Architecture=$2 -o APT::Architectures=$2 -o Dir::State::Lists=$apt_state/lists
    -o Dir::Cache=$apt_state -o Dir::State::status=$3 -o Dir::Etc::sourceparts=/dev/null
    -o Dir::Etc::sourcelist=$apt_state/sources.list -o Acquire::Languages=none -o APT::Sandbox::User=root"
}

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# QEMU 10 and later has every board and model that the tests use.
has_qemu() {
  command -v qemu-system-aarch64 > /dev/null && command -v qemu-system-arm > /dev/null || return 1
  major=$(qemu-system-aarch64 --version | sed -n 's/.*version \([0-9]*\).*/\1/p' | head -n 1)
  [ "${major:-0}" -ge 10 ]
}

# What building and running needs of the machine, beside QEMU.
machine_packages="libfdt-dev device-tree-compiler cpio gzip"

# install_machine_packages [FURTHER]: installs what is missing on the machine, QEMU and further packages included; without root,
# says in one message what that is.
install_machine_packages() {
  missing=
  for name in $machine_packages ${1:-}; do
    is_installed "$name" || missing="$missing $name"
  done
  has_qemu || missing="$missing qemu-system-arm"
  [ -n "$missing" ] || return 0

  command -v apt-get > /dev/null || fail "this machine is not a Debian; install yourself:$missing (QEMU 10 or later)"
  codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
  backports=; [ "$codename" = bookworm ] && backports=bookworm-backports
  [ "$(id -u)" = 0 ] || fail "install these packages as root, then run this again:$missing
       (QEMU must be version 10 or later${backports:+: Debian 12 has it in $backports}; or run \`make setup\` once as root)"

  say "installing$missing"
  apt_private machine "$(dpkg --print-architecture)" /var/lib/dpkg/status "$codename $backports"
  # shellcheck disable=SC2086  # the options are words
  apt-get $apt_options update || fail "cannot read the package lists of $(mirror)"
  for name in $missing; do
    target=; [ "$name" = qemu-system-arm ] && target=${backports:+-t $backports}
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get $apt_options install -y --no-install-recommends $target "$name" \
      > "$apt_state/install.log" 2>&1 < /dev/null || { tail -n 20 "$apt_state/install.log" >&2; fail "apt cannot install $name"; }
  done
  has_qemu || fail "qemu-system-aarch64 is older than version 10 even now; see \`qemu-system-aarch64 --version\`"
}

# cached_package NAME ARCHITECTURE: the path of a package in the cache, if it was downloaded before.
cached_package() {
  for file in "$cache/packages/$1"_*_"$2".deb "$cache/packages/$1"_*_all.deb; do
    [ -f "$file" ] && { printf '%s\n' "$file"; return; }
  done
}

architectures_read=
# read_guest_lists ARCHITECTURE: sets `apt_options` and reads the package lists, once a run. Some mirrors serve a stale
# index beside good packages: what counts is whether the packages arrive.
read_guest_lists() {
  apt_private "guests-$1" "$1" /dev/null "$guest_suite"
  case " $architectures_read " in *" $1 "*) return 0 ;; esac
  say "reading the $1 package lists"
  # shellcheck disable=SC2086
  apt-get $apt_options update || say "the mirror's lists are not all good; trying with what arrived"
  architectures_read="$architectures_read $1"
}

# fetch_packages NAMES ARCHITECTURE: downloads the packages that are not in the cache, in one go.
fetch_packages() {
  absent=
  for name in $1; do
    [ -n "$(cached_package "$name" "$2")" ] || absent="$absent $name"
  done
  [ -n "$absent" ] || return 0
  read_guest_lists "$2"
  say "downloading$absent ($2)"
  mkdir -p "$cache/packages/partial"
  # shellcheck disable=SC2086
  (cd "$cache/packages/partial" && apt-get $apt_options download $absent && mv -- ./*.deb ..) \
    || fail "cannot download$absent from $(mirror)"
  for name in $absent; do
    [ -n "$(cached_package "$name" "$2")" ] || fail "apt downloaded no $name"
  done
}

# kernel_package FLAVOUR ARCHITECTURE: sets `kernel` to the real package behind Debian's meta package, such as
# linux-image-6.1.0-40-cloud-arm64. No command substitution: what was read of the lists has to be remembered.
kernel_package() {
  # A digit before the flavour: `arm64` is not `cloud-arm64`.
  for file in "$cache"/packages/linux-image-*[0-9]-"$1"_*_"$2".deb; do
    [ -f "$file" ] && { file=${file##*/}; kernel=${file%%_*}; return; }
  done
  read_guest_lists "$2"
  # shellcheck disable=SC2086
  kernel=$(apt-cache $apt_options depends "linux-image-$1" | sed -n "s/.*Depends: \(linux-image-.*[0-9]-$1\)\$/\1/p" | head -n 1)
  [ -n "$kernel" ] || fail "cannot find the kernel behind linux-image-$1"
}
