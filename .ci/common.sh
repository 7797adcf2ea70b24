# Shared by the scripts of this folder: where things live, how to speak, how to install.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

# One target folder for clippy, tests and e2e, outside the clone, so that a fresh clone is warm.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/vestibule-target}
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-never}
tools=${XDG_CACHE_HOME:-$HOME/.cache}/vestibule-tools
PATH=$tools/bin:$PATH

say() { printf '\n==> %s\n' "$*"; }

fail() {
  echo "error: $*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "this needs root or sudo: $*"
  fi
}

# install_missing COMMAND:PACKAGE… : Debian packages for the commands that are not there.
install_missing() {
  local missing=() pair command package
  for pair in "$@"; do
    command=${pair%%:*} package=${pair#*:}
    [ -e "$command" ] || command -v "$command" >/dev/null || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || fail "please install: ${missing[*]}"
  say "installing ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}
