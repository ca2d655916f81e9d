# Shared by the scripts: messages to the user, and the path of the repository. Sourced, not run.
SCRIPT=$(realpath "$0")
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
ROOT=$PWD

say() { printf '== %s\n' "$*" >&2; }
# wrong WHAT: ends the script because of an error on its command line, with exit code 2, as the binaries do.
wrong() {
  printf '%s: %s; see script/%s --help\n' "$(basename "$0")" "$*" "$(basename "$0")" >&2
  exit 2
}
# needs WHAT "$@": checks that the option, the caller's $1, has a value.
needs() { (($# > 2)) || wrong "$2 needs $1"; }
die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# build PRESET [TARGET...]: configures once and builds; ninja shows its progress.
build() {
  local preset=$1
  shift
  say "configuring (preset $preset)"
  local log
  log=$(mktemp)
  if ! cmake --preset "$preset" >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    die "configuring failed, see above. If the machine or its packages have changed, run: rm -rf build/$preset"
  fi
  rm -f "$log"
  say "building (preset $preset; minutes the first time, seconds after)"
  cmake --build --preset "$preset" ${1:+--target "$@"} >&2 ||
    die "the build failed, see above"
}

# port_is_free PORT: whether no program on this machine listens there.
port_is_free() {
  ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# free_port: prints an unused port.
free_port() {
  python3 - <<'PY'
import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])
PY
}

# With --help, every script prints its head and exits.
for word in "$@"; do
  case $word in
    --help | -h)
      sed -n '2,/^set -/{/^#/s/^# \{0,1\}//p}' "$SCRIPT"
      exit 0
      ;;
  esac
done
