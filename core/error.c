/* error.c - the sentence that a failing call leaves behind, one per thread */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>

static _Thread_local char sentence[512];

int lac_fail(int status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    return status;
}

const char *lac_error(void) { return sentence; }
