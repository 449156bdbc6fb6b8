/* reader.c - a libFuzzer target: hands each input to a reader of the Lua library
 *
 * LACUNA_FUZZ_TARGET names the reader in spec/fuzz/readers.lua, LACUNA_FUZZ_FOLDER a
 * folder for its files.  Lua runs without its compiler and with a hook that counts each
 * pair of lines run one after the other where libFuzzer looks for counters, so that it
 * sees what is new in Lua as well as in C.  What the reader answers is counted too: a
 * parser in a library that was not instrumented shows itself in its sentences.
 */
#include <lauxlib.h>
#include <lua.h>
#include <luajit.h>
#include <lualib.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { COUNTERS = 1 << 16 };

__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t counters[COUNTERS];

static lua_State *lua;
static uint32_t last_line;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* FNV-1a. */
static uint32_t mix(uint32_t hash, uint32_t byte) { return (hash ^ byte) * 16777619u; }

static void count(uint32_t hash) {
    uint8_t *counter = &counters[(hash ^ hash >> 16) % COUNTERS];
    if (*counter < UINT8_MAX) ++*counter;
}

static void line(lua_State *L, lua_Debug *about) {
    uint32_t hash = 2166136261u;
    if (!lua_getinfo(L, "S", about)) return;
    for (const char *c = about->source; *c; c++) hash = mix(hash, (uint8_t)*c);
    hash = mix(mix(hash, about->currentline & 255), (uint32_t)about->currentline >> 8);
    count(hash * 3 ^ last_line);
    last_line = hash;
}

static void answer(const char *text) {
    uint32_t hash = 5381;
    for (; *text; text++) hash = mix(hash, (uint8_t)*text);
    count(hash);
}

static void stop(const char *why) {
    fprintf(stderr, "FINDING: %s\n", why ? why : "(an error that is no string)");
    abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc, (void)argv;
    const char *name = getenv("LACUNA_FUZZ_TARGET");
    lua = luaL_newstate();
    if (!lua || !name) stop("no Lua state, or no LACUNA_FUZZ_TARGET");
    luaL_openlibs(lua);
    luaJIT_setmode(lua, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
    if (luaL_loadstring(lua, "return require('spec.fuzz.readers').reader(...)"))
        stop(lua_tostring(lua, -1));
    lua_pushstring(lua, name);
    if (lua_pcall(lua, 1, 1, 0)) stop(lua_tostring(lua, -1));
    lua_sethook(lua, line, LUA_MASKLINE, 0);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    last_line = 0;
    lua_pushvalue(lua, -1);
    lua_pushlstring(lua, (const char *)data, size);
    if (lua_pcall(lua, 1, 1, 0)) stop(lua_tostring(lua, -1));
    if (lua_isstring(lua, -1)) answer(lua_tostring(lua, -1));
    lua_pop(lua, 1);
    return 0;
}
