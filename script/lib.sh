# Shared by the scripts: words to the user, and where the repository is. Sourced, not run.
SCRIPT=$(realpath "$0")
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
ROOT=$PWD

say() { printf '== %s\n' "$*" >&2; }
# wrong WHAT: ends the script for what is wrong on its command line; exit code 2, as of the binaries.
wrong() {
  printf '%s: %s; script/%s --help shows what it takes\n' "$(basename "$0")" "$*" "$(basename "$0")" >&2
  exit 2
}
# needs WHAT "$@": the option, $1 of the caller's, is followed by a value.
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
    die "configuring failed, see above. After a change of machine or packages: rm -rf build/$preset"
  fi
  rm -f "$log"
  say "building (preset $preset; minutes the first time, seconds after)"
  cmake --build --preset "$preset" ${1:+--target "$@"} >&2 ||
    die "the build failed, see above"
}

# port_is_free PORT: nobody listens there on this machine.
port_is_free() {
  ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# free_port: a port that nobody uses now.
free_port() {
  python3 - <<'PY'
import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])
PY
}

# Every script shows its head, and does nothing.
for word in "$@"; do
  case $word in
    --help | -h)
      sed -n '2,/^set -/{/^#/s/^# \{0,1\}//p}' "$SCRIPT"
      exit 0
      ;;
  esac
done
