# shellcheck shell=bash disable=SC2034
# common.sh - where the tree is, and an environment without surprises; sourced by every script
set -eu -o pipefail
unset CDPATH
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)

# CMake looks for nvcc on the path only.
if ! command -v nvcc >/dev/null && [ -x /usr/local/cuda/bin/nvcc ]; then
    PATH=$PATH:/usr/local/cuda/bin
fi

# What the program is made of, without the plugin for GPUs, which takes long to build.
targets=(lacuna)
if [ -e "$root/lua/worker.c" ]; then targets+=(worker); fi

has_gpu() { [ -e /dev/nvidiactl ] || [ -e /dev/dxg ]; }

# The folder that builds go to; LACUNA_BUILD may name another, relative to the caller.
build_folder() {
    case ${LACUNA_BUILD:-} in
        '') printf '%s\n' "$root/build" ;;
        /*) printf '%s\n' "$LACUNA_BUILD" ;;
        *) printf '%s\n' "$PWD/$LACUNA_BUILD" ;;
    esac
}

# Points Lua at this tree and at the build in folder $1; what the user set comes after.
use_build() {
    export LACUNA_LIB=$1/lib/liblacuna.so
    export LUA_PATH="$root/lua/?.lua;$root/lua/?/init.lua;${LUA_PATH:+$LUA_PATH;};"
    export LUA_CPATH="$1/lib/?.so;${LUA_CPATH:+$LUA_CPATH;};"
}
