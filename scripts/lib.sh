# Shared by the scripts here; sourced, not run.

say() { printf '\033[1m%s\033[0m\n' "$*"; }
fail() { printf '%s\n' "error: $*" >&2; exit 1; }
took() { printf '%d min %02d s' $(($1 / 60)) $(($1 % 60)); }

# install_packages NAME...: installs those that are missing, and never removes what stands in the way.
install_packages() {
  [ -r /etc/os-release ] && . /etc/os-release
  [ "${ID:-}" = debian ] && [ "${VERSION_ID:-}" = 12 ] \
    || say "note: made for Debian 12; this is ${PRETTY_NAME:-an unknown system}"
  local missing=() name started=$SECONDS
  for name in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null || true)" = installed ] || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && { say "packages: all $# there"; return; }
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail "not root and no sudo; as root: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  say "packages: installing ${#missing[@]} of $#"
  export DEBIAN_FRONTEND=noninteractive
  "${as_root[@]}" apt-get update -qq
  if ! "${as_root[@]}" apt-get install -y -qq --no-install-recommends --no-remove "${missing[@]}" >/tmp/troupe-apt.log 2>&1; then
    tail -n 20 /tmp/troupe-apt.log >&2
    fail "apt-get could not install: ${missing[*]}
Boost 1.81 excludes Boost 1.74's headers: if libboost-dev or libboost1.74-dev is installed, remove it yourself first."
  fi
  say "packages: installed in $(took $((SECONDS - started)))"
}

# build_tree PRESET TARGET...: configures once, builds with progress.
build_tree() {
  local preset=$1 started=$SECONDS; shift
  say "build/$preset: building $*"
  [ -f "build/$preset/build.ninja" ] || cmake --preset "$preset" >"/tmp/troupe-cmake-$preset.log" 2>&1 \
    || { tail -n 20 "/tmp/troupe-cmake-$preset.log" >&2; fail "cmake --preset $preset failed"; }
  cmake --build "build/$preset" --target "$@"
  say "build/$preset: built in $(took $((SECONDS - started)))"
}
