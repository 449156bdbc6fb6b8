/* host.c - the `lacuna` program: LuaJIT with the library on its path
 *
 * It holds no second core: lacuna.native loads the same liblacuna.so as under plain
 * luajit.
 */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char USAGE[] = "usage: lacuna [options] [script [arguments]]\n"
                            "  -e CODE    run CODE, with `lacuna` as a global\n"
                            "  -l NAME    require NAME first\n"
                            "  -          read the script from standard input\n"
                            "  --version  print the version\n"
                            "  --help     print this\n";

/* Puts the library that belongs to this program first on package.path and package.cpath:
 * ROOT/lua and ROOT/build/lib in a source tree, PREFIX/share and PREFIX/lib when
 * installed. */
static void set_paths(lua_State *L) {
    char exe[4096], root[4096];
    const ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n <= 0) return;
    exe[n] = 0;
    snprintf(root, sizeof root, "%s", dirname(dirname(exe))); /* build folder or prefix */
    const char *code =
        "local root = ...\n"
        "local function exists(name) local f = io.open(name) return f and f:close() end\n"
        "local tree = exists(root .. '/../lua/lacuna/init.lua')\n"
        "local lua = tree and root .. '/../lua' or root .. '/share/lua/5.1'\n"
        "local lib = tree and root .. '/lib' or root .. '/lib/lua/5.1'\n"
        "package.path = lua .. '/?.lua;' .. lua .. '/?/init.lua;' .. package.path\n"
        "package.cpath = lib .. '/?.so;' .. package.cpath\n"
        "if tree and not os.getenv('LACUNA_LIB') then LACUNA_LIB = root .. "
        "'/lib/liblacuna.so' end\n";
    if (luaL_loadstring(L, code) == 0) {
        lua_pushstring(L, root);
        if (lua_pcall(L, 1, 0, 0) == 0) return;
    }
    fprintf(stderr, "lacuna: %s\n", lua_tostring(L, -1));
    lua_pop(L, 1);
}

static int traceback(lua_State *L) {
    if (!lua_isstring(L, 1)) {
        if (lua_isnoneornil(L, 1) || !luaL_callmeta(L, 1, "__tostring")) return 1;
        lua_replace(L, 1);
    }
    luaL_traceback(L, L, lua_tostring(L, 1), 1);
    return 1;
}

/* Runs the chunk on top of the stack, then its `n` arguments. */
static int run(lua_State *L, int n) {
    const int base = lua_gettop(L) - n;
    lua_pushcfunction(L, traceback);
    lua_insert(L, base);
    const int status = lua_pcall(L, n, 0, base);
    if (status != 0) {
        const char *message = lua_tostring(L, -1);
        fprintf(stderr, "lacuna: %s\n",
                message ? message : "(error object is not a string)");
        lua_pop(L, 1);
    }
    lua_remove(L, base);
    return status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int complain(lua_State *L) {
    fprintf(stderr, "lacuna: %s\n", lua_tostring(L, -1));
    lua_pop(L, 1);
    return EXIT_FAILURE;
}

static int require_as_global(lua_State *L, const char *name) {
    lua_getglobal(L, "require");
    lua_pushstring(L, name);
    lua_pushcfunction(L, traceback);
    lua_insert(L, -3);
    if (lua_pcall(L, 1, 1, -3) != 0) return complain(L);
    lua_setglobal(L, name);
    lua_pop(L, 1);
    return EXIT_SUCCESS;
}

static int run_code(lua_State *L, const char *code) {
    if (require_as_global(L, "lacuna") != EXIT_SUCCESS) return EXIT_FAILURE;
    return luaL_loadbuffer(L, code, strlen(code), "=(command line)") ? complain(L)
                                                                     : run(L, 0);
}

static void set_arg(lua_State *L, char **argv, int argc, int script) {
    lua_newtable(L);
    for (int i = 0; i < argc; i++) {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i - script);
    }
    lua_setglobal(L, "arg");
}

static int run_script(lua_State *L, char **argv, int argc, int at) {
    const char *name = strcmp(argv[at], "-") == 0 ? NULL : argv[at];
    set_arg(L, argv, argc, at);
    if (luaL_loadfile(L, name) != 0) return complain(L);
    for (int i = at + 1; i < argc; i++) lua_pushstring(L, argv[i]);
    return run(L, argc - at - 1);
}

int main(int argc, char **argv) {
    int status = EXIT_SUCCESS, at = 1;
    lua_State *L = luaL_newstate();
    if (!L) {
        fprintf(stderr, "lacuna: no memory for a Lua state\n");
        return EXIT_FAILURE;
    }
    luaL_openlibs(L);
    set_paths(L);
    set_arg(L, argv, argc, 0);

    if (argc == 1) fputs(USAGE, stderr);
    for (; at < argc && argv[at][0] == '-' && argv[at][1] && status == EXIT_SUCCESS;
         at++) {
        const char *option = argv[at];
        if (strcmp(option, "--help") == 0) {
            fputs(USAGE, stdout);
            argc = at + 1;
        } else if (strcmp(option, "--version") == 0) {
            status =
                run_code(L, "print('Lacuna ' .. lacuna.version .. ', ' .. jit.version)");
            argc = at + 1;
        } else if ((strcmp(option, "-e") == 0 || strcmp(option, "-l") == 0) &&
                   at + 1 < argc) {
            at++;
            status =
                option[1] == 'e' ? run_code(L, argv[at]) : require_as_global(L, argv[at]);
        } else {
            fprintf(stderr, "lacuna: option %s is unknown or lacks its value\n%s", option,
                    USAGE);
            status = EXIT_FAILURE;
        }
    }
    if (status == EXIT_SUCCESS && at < argc) status = run_script(L, argv, argc, at);
    lua_close(L);
    return status;
}
