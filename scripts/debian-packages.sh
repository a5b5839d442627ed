# Sourced: what a script needs of Debian's or Ubuntu's packages.

missing=()

# need COMMAND-OR-FILE PACKAGE
need() {
    command -v "$1" >/dev/null 2>&1 || missing+=("$2")
}

has_apt() {
    command -v apt-get >/dev/null 2>&1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Installs packages, and nothing that they only recommend.
apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "$@" >/dev/null
}

apt_update() {
    as_root apt-get update -qq
}
