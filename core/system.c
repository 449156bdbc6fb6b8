/* system.c - what Lua lacks of the system */
#include "error.h"

#include <time.h>
#include <unistd.h>

double lac_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int lac_is_terminal(int descriptor) { return isatty(descriptor); }
