/* interrupt.c - what Ctrl-C does
 *
 *   ok, ... = host.call(f, handler, ...)   xpcall, which Ctrl-C can stop with an error;
 *                                  the handler gets the error and the coroutine
 *   host.interrupted()             whether the last call was stopped
 *   host.pending()                 whether Ctrl-C came and has stopped nothing yet
 *   host.taken()                   says that the caller raises the error
 *   host.library(path, sources)    where lac_interrupt is, to stop kernels, and how the
 *                                  names of the library's chunks begin
 *   host.stopLoops(on)             whether compiled loops can be stopped; tells it
 *   os.execute                     raises the error if Ctrl-C ended what it ran
 *
 * A hook raises the error, but compiled code knows no hooks.  What it looks at, once a
 * line, is whether the profiler wants a sample, if it was compiled under the line
 * profiler.  So that one runs, without its timer: it costs one test and branch a line,
 * and the handler of SIGINT sets the hook, then calls the profiler's handler.  A timer
 * repeats both until the error is raised, because a sample during a collection is lost,
 * and because a call that is about to wait must be woken.
 *
 * Lines of the library hold handles that nothing owns yet, so there the error waits for
 * the user's code to go on, but not longer than PATIENCE; kernels end at once with a
 * status that raises it.
 */
#include "host.h"

#include <dlfcn.h>
#include <errno.h>
#include <luajit.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TWICE = 1000, PATIENCE = 1000, TICK = 10 }; /* milliseconds */

static lua_State *state;
static pthread_t thread;
static volatile sig_atomic_t calls, editing, edited, pending, raised;
static volatile int64_t came = -TWICE; /* the last Ctrl-C of this call */
static void (*stop_kernels)(void);
static int (*forget_kernels)(void);
static void (*profiler)(int);
static timer_t timer;
static volatile sig_atomic_t loops;
static char *sources; /* how the names of the library's chunks begin */
static struct {
    lua_Hook hook;
    int mask, count;
} users;

static int64_t milliseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void set_timer(int every) {
    const struct timespec t = {0, every * 1000000L};
    const struct itimerspec both = {t, t};
    timer_settime(timer, 0, &both, NULL);
}

/* Whether the profiler that runs is ours: scripts can start another. */
static int profiles(void) {
    struct sigaction now;
    return profiler && sigaction(SIGPROF, NULL, &now) == 0 &&
           now.sa_handler == profiler && loops;
}

/* The interrupt was noticed: whoever calls this raises the error. */
static void take(void) {
    pending = 0;
    raised = 1;
    set_timer(0);
    lua_sethook(state, users.hook, users.mask, users.count);
    if (forget_kernels) forget_kernels();
}

static int in_library(lua_State *L, lua_Debug *at) {
    return sources && lua_getinfo(L, "S", at) &&
           strncmp(at->source, sources, strlen(sources)) == 0;
}

/* The place of the innermost line that is not the library's, as lacuna.fail has it. */
static void push_place(lua_State *L) {
    lua_Debug at;
    for (int level = 0; lua_getstack(L, level, &at); level++) {
        if (in_library(L, &at) || !lua_getinfo(L, "l", &at) || at.currentline < 0)
            continue;
        luaL_where(L, level);
        return;
    }
    lua_pushliteral(L, "");
}

static void stop(lua_State *L, lua_Debug *at) {
    if (!pending) {
        lua_sethook(L, users.hook, users.mask, users.count);
        return;
    }
    if (milliseconds() - came < PATIENCE && in_library(L, at)) return;
    take();
    push_place(L);
    lua_pushliteral(L, "interrupted");
    lua_concat(L, 2);
    lua_error(L);
}

/* ---- in handlers of signals ------------------------------------------------------ */

static int elsewhere(int number) {
    if (pthread_equal(pthread_self(), thread)) return 0;
    pthread_kill(thread, number);
    return 1;
}

static void set_hook(void) {
    const lua_Hook now = lua_gethook(state);
    if (now != stop) {
        users.hook = now;
        users.mask = lua_gethookmask(state);
        users.count = lua_gethookcount(state);
    }
    lua_sethook(state, stop, LUA_MASKCOUNT, 1);
    if (profiles()) profiler(SIGPROF);
}

static void on_tick(int number) {
    if (elsewhere(number)) return;
    const int error = errno;
    if (pending) set_hook();
    if (!pending && !(editing && edited)) set_timer(0);
    errno = error;
}

static void leave(void) {
    static const char text[] = "\nlacuna: interrupted twice, so it ends\n";
    const ssize_t n = write(STDERR_FILENO, text, sizeof text - 1);
    _exit(n < 0 ? 130 : 130);
}

static void on_interrupt(int number) {
    if (elsewhere(number)) return;
    const int error = errno;
    edited = 1;
    if (editing) {
        set_timer(TICK);
    } else if (calls > 0) {
        const int64_t now = milliseconds();
        if (pending || now - came < TWICE) leave();
        came = now;
        pending = 1;
        if (stop_kernels) stop_kernels();
        set_hook();
        set_timer(TICK);
    }
    errno = error;
}

/* ---- for Lua --------------------------------------------------------------------- */

static void handle(int number, void (*handler)(int)) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler; /* no SA_RESTART: a read that waits ends */
    sigaction(number, &action, NULL);
}

static void no_sample(void *data, lua_State *L, int samples, int at) {
    (void)data, (void)L, (void)samples, (void)at;
}

/* A profiler of the user's takes ours away, and leaves SIGPROF ignored when it ends. */
static void watch_loops(void) {
    static const struct itimerval never;
    struct sigaction now;
    if (sigaction(SIGPROF, NULL, &now) != 0 || now.sa_handler != SIG_IGN) return;
    luaJIT_profile_start(state, "li1000", no_sample, NULL);
    setitimer(ITIMER_PROF, &never, NULL);
    sigaction(SIGPROF, NULL, &now);
    profiler = now.sa_handler;
}

static int stop_loops(lua_State *L) {
    if (!lua_isnoneornil(L, 1)) {
        luaL_checktype(L, 1, LUA_TBOOLEAN);
        const int ours = profiles();
        loops = lua_toboolean(L, 1);
        if (loops) watch_loops();
        if (!loops && ours) luaJIT_profile_stop(state);
    }
    lua_pushboolean(L, loops);
    return 1;
}

/* The handler runs on a stack of its own, as this one may be at its end. */
static int on_error(lua_State *L) {
    lua_State *own = lua_newthread(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, 1);
    lua_pushthread(L);
    lua_xmove(L, own, 3);
    if (lua_pcall(own, 2, 1, 0) == 0)
        lua_xmove(own, L, 1);
    else
        lua_pushvalue(L, 1);
    return 1;
}

static int call(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, on_error, 1);
    lua_insert(L, 1);
    lua_remove(L, 3); /* the handler, f, its arguments */
    if (loops) watch_loops();
    if (calls++ == 0) {
        came = -TWICE;
        pending = raised = 0;
    }
    int status = lua_pcall(L, lua_gettop(L) - 2, LUA_MULTRET, 1);
    if (calls == 1 && pending) { /* it ended with a call of C that nothing could stop */
        take();
        if (status == 0) {
            lua_settop(L, 1);
            lua_pushvalue(L, 1);
            lua_pushliteral(L, "interrupted");
            status = lua_pcall(L, 1, 1, 0) == 0 ? LUA_ERRRUN : LUA_ERRMEM;
        }
    }
    calls--;
    lua_pushboolean(L, status == 0);
    lua_replace(L, 1);
    return lua_gettop(L);
}

/* os.execute ignores Ctrl-C while it waits; what it ran tells that it came. */
static int execute(lua_State *L) {
    const int n = lua_gettop(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, n, LUA_MULTRET);
    const int status = lua_isnumber(L, 1) ? lua_tointeger(L, 1) : 0;
    if ((WIFSIGNALED(status) && WTERMSIG(status) == SIGINT) ||
        (WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGINT)) {
        raised = 1;
        return luaL_error(L, "interrupted");
    }
    return lua_gettop(L);
}

static int interrupted(lua_State *L) {
    lua_pushboolean(L, raised);
    return 1;
}

static int is_pending(lua_State *L) {
    lua_pushboolean(L, pending);
    return 1;
}

static int taken(lua_State *L) {
    (void)L;
    if (pending) take();
    return 0;
}

static int library(lua_State *L) {
    void *loaded = dlopen(luaL_checkstring(L, 1), RTLD_NOW | RTLD_NOLOAD);
    if (!loaded) return 0;
    free(sources);
    sources = strdup(luaL_checkstring(L, 2));
    *(void **)&forget_kernels = dlsym(loaded, "lac_interrupted");
    *(void **)&stop_kernels = dlsym(loaded, "lac_interrupt");
    return 0; /* the library is never unloaded, so it may stay open */
}

void interrupt_open(lua_State *L) {
    struct sigaction before;
    state = L;
    thread = pthread_self();
    if (sigaction(SIGINT, NULL, &before) == 0 && before.sa_handler == SIG_IGN) return;
    struct sigevent tick;
    memset(&tick, 0, sizeof tick);
    tick.sigev_notify = SIGEV_SIGNAL;
    tick.sigev_signo = SIGRTMAX - 1;
    handle(tick.sigev_signo, on_tick);
    if (timer_create(CLOCK_MONOTONIC, &tick, &timer) != 0) return;
    handle(SIGPROF, SIG_IGN);
    handle(SIGINT, on_interrupt);
    loops = 1;
    watch_loops();
}

void interrupt_register(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"call", call},   {"interrupted", interrupted}, {"pending", is_pending},
        {"taken", taken}, {"library", library},         {"stopLoops", stop_loops},
        {NULL, NULL}};
    luaL_register(L, NULL, functions);
    lua_getglobal(L, "os");
    lua_getfield(L, -1, "execute");
    lua_pushcclosure(L, execute, 1);
    lua_setfield(L, -2, "execute");
    lua_pop(L, 1);
}

/* ---- for the line editor --------------------------------------------------------- */

void interrupt_edit(int on) {
    if (on) edited = 0;
    editing = on;
    if (!on && edited) set_timer(0);
}

int interrupt_edited(void) { return edited; }

int interrupt_wait(int descriptor) {
    sigset_t closed, open;
    fd_set set;
    sigemptyset(&closed);
    sigaddset(&closed, SIGINT);
    pthread_sigmask(SIG_BLOCK, &closed, &open);
    sigdelset(&open, SIGINT);
    int ready = 0;
    while (ready == 0 && !edited) {
        FD_ZERO(&set);
        FD_SET(descriptor, &set);
        ready = pselect(descriptor + 1, &set, NULL, NULL, NULL, &open);
        if (ready < 0 && errno != EINTR) break;
        if (ready < 0) ready = edited ? -1 : -2;
    }
    pthread_sigmask(SIG_SETMASK, &open, NULL);
    return edited ? -1 : ready == -2 ? 1 : 0;
}
