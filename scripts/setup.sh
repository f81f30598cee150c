# What scripts/demo and scripts/test share: Debian packages, the release build, the Python environment. Source it; it leaves
# the shell in the repository's root with $PYTHON set to the environment's interpreter.
set -euo pipefail
# One locale for both builds: Python sets LC_CTYPE where the machine has none, and ccache takes it for another compilation.
export LC_ALL=C.UTF-8
cd "$(dirname "${BASH_SOURCE[0]}")/.."

packages=(clang-19 lld-19 llvm-19 gcc-riscv64-unknown-elf libsystemc-dev libfmt-dev libspdlog-dev libyaml-cpp-dev libcli11-dev nlohmann-json3-dev libdw-dev libelf-dev
          libopenblas-dev pkg-config cmake ninja-build ccache g++ git python3-venv python3-dev)

say() { printf '\033[1m== %s\033[0m\n' "$*"; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# Catch2 v3 is in bookworm-backports; bookworm itself has v2.
has_catch2() { dpkg --compare-versions "$(dpkg-query -W -f '${Version}' catch2 2>/dev/null || echo 0)" ge 3; }

install_packages() {
  local missing=() package
  for package in "${packages[@]}"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  if [ ${#missing[@]} = 0 ] && has_catch2; then return; fi
  say "installing Debian packages: ${missing[*]} $(has_catch2 || echo catch2)"
  export DEBIAN_FRONTEND=noninteractive
  # A mirror that the machine already uses has backports too.
  if ! has_catch2 && ! grep -rqs bookworm-backports /etc/apt/sources.list /etc/apt/sources.list.d; then
    local mirror
    mirror=$(grep -rhsoE 'https?://[^ ]+/debian/?' /etc/apt/sources.list /etc/apt/sources.list.d | grep -v security | head -1)
    echo "deb ${mirror:-http://deb.debian.org/debian} bookworm-backports main" | as_root tee /etc/apt/sources.list.d/vitruvian-backports.list >/dev/null
  fi
  as_root apt-get update -qq
  if [ ${#missing[@]} -gt 0 ]; then as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; fi
  if ! has_catch2; then as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -t bookworm-backports catch2; fi
}

build_release() {
  say "building build/release"
  cmake --preset release >build-configure.log 2>&1 || { cat build-configure.log; rm -f build-configure.log; return 1; }
  rm -f build-configure.log
  ninja -C build/release "$@"
}

# Asks for the module only when sources are newer than the last installation.
install_python() {
  say "installing the Python package into .venv"
  [ -x .venv/bin/python ] || python3 -m venv .venv
  PYTHON=$PWD/.venv/bin/python
  local stamp=.venv/vitruvian-installed
  if [ -e $stamp ] && [ -z "$(find include isa src cube_unit vector_unit hbm_model python kernels chips cmake CMakeLists.txt pyproject.toml -newer $stamp -print -quit 2>/dev/null)" ]; then return; fi
  # The compiler by the name that build/release calls it, so that ccache knows its results again.
  CXX=$(sed -n 's/^CMAKE_CXX_COMPILER:[^=]*=//p' build/release/CMakeCache.txt) \
    "$PYTHON" -m pip install --quiet --disable-pip-version-check ".[test]"
  touch $stamp
}
