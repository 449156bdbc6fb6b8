# shellcheck shell=bash disable=SC2034
# stages.sh - what a test script is made of: stages that are counted, none of which ends the run
#
# Sourcing it promises the last line of all: `N passed, N failed, N skipped`.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
set +e
unset LUA_INIT LACUNA_ISA LACUNA_THREADS LACUNA_TEST_DEVICE LACUNA_TEST_GC LACUNA_TEST_JIT
plain=$(build_folder)
export LACUNA_BUILD=$plain
cd "$root" || exit 1
exec 2>&1 </dev/null

passed=0 failed=0 skipped=0 whole='' began=$SECONDS
work=$(mktemp -d)
close() {
    trap '' INT TERM HUP
    rm -rf "$work"
    if [ -z "$whole" ]; then
        echo "FAILED: $0 stopped before its end, in stage '${stage:-none}'"
        failed=$((failed + 1))
    fi
    printf '\n%d s in all\n%d passed, %d failed, %d skipped\n' \
        $((SECONDS - began)) "$passed" "$failed" "$skipped"
    exit $((failed > 0))
}
trap close EXIT
trap 'exit 1' INT TERM HUP

# What a sanitizer ends with; one of its own tells it from a failed spec.
sanitizer_status=99
export ASAN_OPTIONS=exitcode=$sanitizer_status:detect_leaks=1:allocator_may_return_null=1
export UBSAN_OPTIONS=exitcode=$sanitizer_status:print_stacktrace=1
export LSAN_OPTIONS=exitcode=$sanitizer_status
export TSAN_OPTIONS=exitcode=$sanitizer_status:allocator_may_return_null=1

heading() {
    stage=$1 stage_began=$SECONDS
    printf '\n== %s\n' "$stage"
}

told() { printf '   %s, %d s\n' "$1" $((SECONDS - stage_began)); }

# skip NAME REASON: a stage that this machine cannot run.
skip() {
    heading "$1"
    skipped=$((skipped + 1))
    told "skipped: $2"
}

# check NAME COMMAND...: a stage that passes or fails; shows what it printed if it fails.
check() {
    heading "$1"
    shift
    if "$@" >"$work/output" 2>&1; then
        passed=$((passed + 1))
        told passed
    else
        tail -n 80 "$work/output"
        failed=$((failed + 1))
        told "FAILED '$stage'"
        return 1
    fi
}

# specs NAME PROGRAM BUILD DEVICE [BUSTED-ARGUMENT]...: a stage of specs in `luajit` or the build's
# `host`, counted from the log that spec/support/ci.lua keeps, so that a run that dies loses neither
# its count nor the name of the spec that it died in.
specs() {
    local program=$2 build=$3 device=$4 log=$work/log status=0 p f s ended last
    heading "$1"
    shift 4
    if [ "$program" = host ]; then program=$build/bin/lacuna; fi
    : >"$log"
    # The shell's own word on a killed program is left out; stage and spec are told below.
    { (
        use_build "$build"
        export LACUNA_TEST_LOG=$log LACUNA_TEST_DEVICE=$device
        exec timeout --foreground -k 10 "${LACUNA_TEST_TIMEOUT:-1800}" \
            "$program" spec/support/busted.lua --ignore-lua "$@"
    ) 2>&1 || status=$?; } 2>/dev/null
    read -r p f s ended last <<<"$(awk '
        /^> / { last = substr($0, 3) }
        /^[+]/ { p++; last = "" }
        /^- / { f++; last = "" }
        /^! / { p--; f++ }
        /^[.]/ { s++; last = "" }
        /^end/ { ended = 1 }
        END { print p + 0, f + 0, s + 0, ended + 0, last }' "$log")"
    if [ "$ended" = 0 ]; then
        f=$((f + 1))
        echo "FAILED: stage '$stage' died${last:+ in $last} ($(meaning $status))"
    elif [ $status -gt 1 ] || { [ $status = 1 ] && [ "$f" = 0 ]; }; then
        f=$((f + 1))
        echo "FAILED: stage '$stage' went wrong after its specs ($(meaning $status))"
    elif [ $((p + f + s)) = 0 ]; then
        f=1
        echo "FAILED: stage '$stage' ran no spec"
    fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    told "$p passed, $f failed, $s skipped"
}

meaning() {
    case $1 in
        "$sanitizer_status") echo 'a sanitizer stopped it' ;;
        124 | 137) echo 'it ran out of time or was killed' ;;
        12[89] | 1[3-9]?) echo "signal $(kill -l $(($1 - 128)))" ;;
        *) echo "exit status $1" ;;
    esac
}

# build_in NAME FOLDER [ARGUMENT]...: a stage that runs scripts/build.
build_in() {
    local name=$1 folder=$2
    shift 2
    check "build: $name" env LACUNA_BUILD="$folder" scripts/build "$@"
}

# build_sanitized FOLDER SANITIZERS.  Under them gcc takes more for uninitialised than there is.
build_sanitized() {
    build_in "$2 sanitizer" "$1" -DLACUNA_SANITIZE="$2" -DLACUNA_DEBUG=ON -DLACUNA_CUDA=OFF \
        -DCMAKE_C_FLAGS=-Wno-error=maybe-uninitialized
}

# The plugin for GPUs, beside the plain program; nothing of it is run here.
build_plugin() {
    if ! command -v nvcc >/dev/null; then
        skip 'build: the CUDA plugin' 'there is no nvcc'
    elif grep -qs '^LACUNA_CUDA:[A-Z]*=OFF' "$plain/CMakeCache.txt"; then
        build_in 'the CUDA plugin' "$root/build-cuda" -DLACUNA_CUDA=ON lacuna_cuda
    else
        build_in 'the CUDA plugin' "$plain" lacuna_cuda
    fi
}

# The plugin's kernels for the processor, in a folder that was configured with a C++ compiler.
build_emulated() {
    if command -v c++ g++ clang++ >/dev/null; then
        build_in 'the CUDA kernels, emulated' "$emulated" lacuna_emulated
    else
        skip 'build: the CUDA kernels, emulated' 'there is no C++ compiler'
        return 1
    fi
}

has_plugin_and_gpu() { has_gpu && [ -e "$plain/lib/lacuna_cuda.so" ]; }

# The sanitized host must die of fault number $2 with a report of it that says $3.
dies_of() {
    local text
    if text=$(use_build "$1"; "$1/bin/lacuna" spec/support/planted_fault.lua "$2" 2>&1); then
        echo "the sanitized host survived fault $2"
        return 1
    fi
    printf '%s\n' "$text" | grep "AddressSanitizer: $3" || { echo "$text"; return 1; }
}

planted_faults() {
    check 'planted: one float past a block is caught' dies_of "$1" 0 heap-buffer-overflow
    check 'planted: a read after release is caught' dies_of "$1" 1 heap-use-after-free
}

# What else must hold of the tree, whatever the specs say.
tree() {
    check lint scripts/lint
    if command -v clang >/dev/null; then
        build_in clang "$root/build-clang" -DCMAKE_C_COMPILER=clang -DLACUNA_CUDA=OFF
    else
        skip 'build: clang' 'there is no clang'
    fi
}

# Of the paths, those that are there.
existing() {
    local path
    for path; do if [ -e "$path" ]; then printf '%s ' "$path"; fi; done
}
