/* host.c - the `lacuna` program: LuaJIT with the library on its path
 *
 * It holds no second core: lacuna.native loads the same liblacuna.so as under plain
 * luajit.  What it does with its arguments is said in lua/lacuna/repl/main.lua.
 */
#include "host.h"

#include <lualib.h>

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Puts the library that belongs to this program first on package.path and package.cpath:
 * ROOT/lua and ROOT/build/lib in a source tree, PREFIX/share and PREFIX/lib when
 * installed.  In a tree `core` tells lacuna.native which core is of the same build. */
static const char PATHS[] =
    "local root = ...\n"
    "local function exists(name) local f = io.open(name) return f and f:close() end\n"
    "local tree = exists(root .. '/../lua/lacuna/init.lua')\n"
    "local lua = tree and root .. '/../lua' or root .. '/share/lua/5.1'\n"
    "local lib = tree and root .. '/lib' or root .. '/lib/lua/5.1'\n"
    "package.path = lua .. '/?.lua;' .. lua .. '/?/init.lua;' .. package.path\n"
    "package.cpath = lib .. '/?.so;' .. package.cpath\n"
    "if tree then\n"
    "   package.loaded['lacuna.host'].core = root .. '/lib/liblacuna.so'\n"
    "end\n"
    "return require('lacuna.repl.main')(arg)\n";

static int start(lua_State *L) {
    char exe[4096], root[4096];
    luaL_openlibs(L);
    const ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    exe[n > 0 ? n : 0] = 0;
    snprintf(root, sizeof root, "%s", dirname(dirname(exe))); /* build folder or prefix */

    char **argv = lua_touserdata(L, 1);
    lua_newtable(L);
    for (int i = 0; argv[i]; i++) {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i);
    }
    lua_setglobal(L, "arg");

    lua_newtable(L);
    interrupt_register(L);
    edit_register(L);
    lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
    lua_insert(L, -2);
    lua_setfield(L, -2, "lacuna.host");

    if (luaL_loadbuffer(L, PATHS, sizeof PATHS - 1, "=lacuna") != 0) return lua_error(L);
    lua_pushstring(L, root);
    lua_call(L, 1, 1);
    return 1;
}

/* What was printed and could not be written must not look as if it had been. */
static void check_output(void) {
    const int lost = ferror(stdout);
    if (fflush(stdout) == 0 && !lost) return;
    fputs("lacuna: standard output could not be written\n", stderr);
    _exit(EXIT_FAILURE);
}

int main(int argc, char **argv) {
    int status = EXIT_FAILURE;
    lua_State *L = luaL_newstate();
    (void)argc;
    if (!L) {
        fprintf(stderr, "lacuna: no memory for a Lua state\n");
        return EXIT_FAILURE;
    }
    atexit(check_output);
    interrupt_open(L);
    lua_pushcfunction(L, start);
    lua_pushlightuserdata(L, argv);
    if (lua_pcall(L, 1, 1, 0) == 0) {
        status = (int)lua_tointeger(L, -1);
    } else {
        const char *message = lua_tostring(L, -1);
        fprintf(stderr, "lacuna: %s\n", message ? message : "it could not start");
    }
    lua_close(L);
    return status;
}
