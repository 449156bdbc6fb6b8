/* worker.c - lacuna.worker: threads with a Lua state each, which turn strings into
 * strings
 *
 *   local pool = worker.start(n, code, init)     code, called with init, returns the
 * handler pool:put(id, bytes)                          id a number from 1 local id, ok,
 * bytes = pool:get(seconds)      nothing when the time is over; an id of 0 and false when
 * a worker failed to start pool:clear()                                 forgets what was
 * put and not got pool:close()                                 as the collector does
 *
 * A worker calls handler(bytes, unwanted) in its own state: unwanted() tells that the
 * pool was cleared or is closing.  States share nothing; strings are copied in and out.
 * Closing waits for the handlers that run.  The Lua functions come from the program that
 * loads this module.
 */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST = 64 };
static const char TYPE[] = "lacuna.worker.pool";
static const char HANDLER[] = "lacuna.worker.handler";

typedef struct item {
    struct item *next;
    double id;
    uint64_t turn; /* of the pool when the task was put */
    size_t size;
    int ok;
    char bytes[];
} item;

typedef struct queue {
    item *first, *last;
} queue;

typedef struct pool {
    pthread_mutex_t lock;
    pthread_cond_t task_there, result_there;
    queue tasks, results;
    uint64_t turn;
    int closing, open, threads, alive;
    item *code, *init;
    pthread_t thread[MOST];
} pool;

/* ---- items ----------------------------------------------------------------------- */

static item *new_item(double id, int ok, const char *bytes, size_t size) {
    item *it = malloc(sizeof *it + size);
    if (!it) return NULL;
    *it = (item){.id = id, .ok = ok, .size = size};
    memcpy(it->bytes, bytes, size);
    return it;
}

static void append(queue *q, item *it) {
    it->next = NULL;
    if (q->last)
        q->last->next = it;
    else
        q->first = it;
    q->last = it;
}

static item *take(queue *q) {
    item *it = q->first;
    if (it) q->first = it->next;
    if (!q->first) q->last = NULL;
    return it;
}

static void drop(queue *q) {
    for (item *it; (it = take(q));) free(it);
}

/* ---- in a worker's thread -------------------------------------------------------- */

typedef struct call {
    pool *p;
    const item *task;
    item *answer;
} call;

static int trace(lua_State *L) {
    if (lua_isstring(L, 1))
        luaL_traceback(L, L, lua_tostring(L, 1), 1);
    else if (!luaL_callmeta(L, 1, "__tostring"))
        lua_pushfstring(L, "(error object is a %s)", luaL_typename(L, 1));
    return 1;
}

static int unwanted(lua_State *L) {
    pool *p = lua_touserdata(L, lua_upvalueindex(1));
    const uint64_t turn = (uint64_t)lua_tonumber(L, lua_upvalueindex(2));
    pthread_mutex_lock(&p->lock);
    const int answer = p->closing || turn != p->turn;
    pthread_mutex_unlock(&p->lock);
    lua_pushboolean(L, answer);
    return 1;
}

static item *failure(lua_State *L, double id) {
    size_t size = 0;
    const char *message = lua_tolstring(L, -1, &size);
    return message ? new_item(id, 0, message, size) : new_item(id, 0, "no message", 10);
}

/* Under lua_cpcall: loads the code, calls it with init and stores the handler that it
 * returns. */
static int prepare(lua_State *L) {
    call *c = lua_touserdata(L, 1);
    luaL_openlibs(L);
    lua_pushcfunction(L, trace);
    const item *code = c->p->code;
    int status = luaL_loadbuffer(L, code->bytes, code->size, "=worker");
    if (status == 0) {
        lua_pushlstring(L, c->p->init->bytes, c->p->init->size);
        status = lua_pcall(L, 1, 1, 2);
    }
    if (status == 0 && !lua_isfunction(L, -1)) {
        lua_pushfstring(L, "worker: the code gave a %s, expected a function",
                        luaL_typename(L, -1));
        status = LUA_ERRRUN;
    }
    if (status == 0)
        lua_setfield(L, LUA_REGISTRYINDEX, HANDLER);
    else
        c->answer = failure(L, 0);
    return 0;
}

static int handle(lua_State *L) {
    call *c = lua_touserdata(L, 1);
    lua_pushcfunction(L, trace);
    lua_getfield(L, LUA_REGISTRYINDEX, HANDLER);
    lua_pushlstring(L, c->task->bytes, c->task->size);
    lua_pushlightuserdata(L, c->p);
    lua_pushnumber(L, (lua_Number)c->task->turn);
    lua_pushcclosure(L, unwanted, 2);
    int status = lua_pcall(L, 2, 1, 2);
    if (status == 0 && lua_type(L, -1) != LUA_TSTRING) {
        lua_pushfstring(L, "worker: the handler gave a %s, expected a string",
                        luaL_typename(L, -1));
        status = LUA_ERRRUN;
    }
    if (status == 0) {
        size_t size;
        const char *bytes = lua_tolstring(L, -1, &size);
        c->answer = new_item(c->task->id, 1, bytes, size);
    } else {
        c->answer = failure(L, c->task->id);
    }
    return 0;
}

/* The next task, or NULL when the pool closes. */
static item *await_task(pool *p) {
    pthread_mutex_lock(&p->lock);
    while (!p->closing && !p->tasks.first) pthread_cond_wait(&p->task_there, &p->lock);
    item *task = p->closing ? NULL : take(&p->tasks);
    pthread_mutex_unlock(&p->lock);
    return task;
}

/* Hands an answer over if it is still wanted; an answer that found no memory is an empty
 * failure, in the task's own place. */
static void deliver(pool *p, item *answer, item *task) {
    if (answer) {
        answer->turn = task->turn;
        free(task);
    } else {
        answer = task;
        answer->ok = 0;
        answer->size = 0;
    }
    pthread_mutex_lock(&p->lock);
    if (p->closing || answer->turn != p->turn)
        free(answer);
    else
        append(&p->results, answer);
    pthread_cond_signal(&p->result_there);
    pthread_mutex_unlock(&p->lock);
}

static void serve(pool *p, lua_State *L) {
    for (item *task; (task = await_task(p));) {
        call c = {p, task, NULL};
        if (lua_cpcall(L, handle, &c) != 0 && !c.answer) c.answer = failure(L, task->id);
        lua_settop(L, 0);
        deliver(p, c.answer, task);
    }
}

static void *work(void *context) {
    pool *p = context;
    call c = {p, NULL, NULL};
    lua_State *L = luaL_newstate();
    if (!L) {
        c.answer = new_item(0, 0, "no memory for a Lua state", 25);
    } else {
        if (lua_cpcall(L, prepare, &c) != 0 && !c.answer) c.answer = failure(L, 0);
        lua_settop(L, 0);
        if (!c.answer) serve(p, L);
        lua_close(L);
    }
    pthread_mutex_lock(&p->lock);
    p->alive--;
    if (c.answer) append(&p->results, c.answer); /* of any turn: the pool is of no use */
    pthread_cond_broadcast(&p->result_there);
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* ---- the pool's owner ------------------------------------------------------------ */

static pool *check_pool(lua_State *L) {
    pool *p = luaL_checkudata(L, 1, TYPE);
    if (!p->open) luaL_error(L, "worker: the pool was closed, expected an open one");
    return p;
}

static int close_pool(lua_State *L) {
    pool *p = luaL_checkudata(L, 1, TYPE);
    if (!p->open) return 0;
    p->open = 0;
    pthread_mutex_lock(&p->lock);
    p->closing = 1;
    drop(&p->tasks);
    pthread_cond_broadcast(&p->task_there);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->threads; i++) pthread_join(p->thread[i], NULL);
    drop(&p->results);
    free(p->code);
    free(p->init);
    pthread_cond_destroy(&p->task_there);
    pthread_cond_destroy(&p->result_there);
    pthread_mutex_destroy(&p->lock);
    return 0;
}

static void open_pool(pool *p) {
    pthread_condattr_t attributes;
    memset(p, 0, sizeof *p);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->task_there, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&p->result_there, &attributes);
    pthread_condattr_destroy(&attributes);
    p->open = 1;
}

/* Signals go to the threads that know them; faults belong to whoever makes them. */
static void block_signals(sigset_t *old) {
    static const int faults[] = {SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
                                 SIGTRAP, SIGABRT, SIGSYS};
    sigset_t blocked;
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        sigdelset(&blocked, faults[i]);
    pthread_sigmask(SIG_SETMASK, &blocked, old);
}

static int start(lua_State *L) {
    const lua_Number n = luaL_checknumber(L, 1);
    size_t code_size, init_size;
    const char *code = luaL_checklstring(L, 2, &code_size);
    const char *init = luaL_optlstring(L, 3, "", &init_size);
    if (!(n >= 1 && n <= MOST) || n != (lua_Number)(int)n)
        return luaL_error(L, "worker: n is %f, expected a whole number from 1 to %d", n,
                          MOST);
    pool *p = lua_newuserdata(L, sizeof *p);
    open_pool(p);
    luaL_getmetatable(L, TYPE);
    lua_setmetatable(L, -2);
    p->code = new_item(0, 1, code, code_size);
    p->init = new_item(0, 1, init, init_size);
    if (!p->code || !p->init) return luaL_error(L, "worker: no memory");
    sigset_t old;
    block_signals(&old);
    int status = 0;
    pthread_mutex_lock(
        &p->lock); /* threads that fail at once wait until all are counted */
    while (p->threads < (int)n && status == 0) {
        status = pthread_create(&p->thread[p->threads], NULL, work, p);
        if (status == 0) p->threads++;
    }
    p->alive = p->threads;
    pthread_mutex_unlock(&p->lock);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (status != 0)
        return luaL_error(L, "worker: %d threads started, expected %d: %s", p->threads,
                          (int)n, strerror(status)); /* the collector closes the pool */
    return 1;
}

static int put(lua_State *L) {
    pool *p = check_pool(L);
    const lua_Number id = luaL_checknumber(L, 2);
    size_t size;
    const char *bytes = luaL_checklstring(L, 3, &size);
    if (!(id >= 1)) return luaL_error(L, "worker: id is %f, expected at least 1", id);
    item *task = new_item(id, 1, bytes, size);
    if (!task) return luaL_error(L, "worker: no memory for a task");
    pthread_mutex_lock(&p->lock);
    task->turn = p->turn;
    append(&p->tasks, task);
    pthread_cond_signal(&p->task_there);
    pthread_mutex_unlock(&p->lock);
    return 0;
}

static struct timespec moment_in(double seconds) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    const double whole = (double)(int64_t)seconds;
    t.tv_sec += (time_t)whole;
    t.tv_nsec += (long)((seconds - whole) * 1e9);
    if (t.tv_nsec >= 1000000000) {
        t.tv_nsec -= 1000000000;
        t.tv_sec++;
    }
    return t;
}

static int get(lua_State *L) {
    pool *p = check_pool(L);
    double seconds = luaL_optnumber(L, 2, 0);
    if (!(seconds >= 0)) seconds = 0;
    if (seconds > 1e6) seconds = 1e6;
    const struct timespec until = moment_in(seconds);
    pthread_mutex_lock(&p->lock);
    int waited = 0;
    while (!p->results.first && p->alive > 0 && waited == 0)
        waited = pthread_cond_timedwait(&p->result_there, &p->lock, &until);
    item *it = take(&p->results);
    const int alive = p->alive;
    pthread_mutex_unlock(&p->lock);
    if (!it && alive > 0) return 0;
    lua_pushnumber(L, it ? it->id : 0);
    lua_pushboolean(L, it && it->ok);
    if (!it)
        lua_pushliteral(L, "no worker is left");
    else if (!it->ok && it->size == 0)
        lua_pushliteral(L, "no memory");
    else
        lua_pushlstring(L, it->bytes, it->size);
    free(it);
    return 3;
}

static int clear(lua_State *L) {
    pool *p = check_pool(L);
    queue kept = {NULL, NULL};
    pthread_mutex_lock(&p->lock);
    p->turn++;
    drop(&p->tasks);
    for (item *it; (it = take(&p->results));) {
        if (it->id == 0)
            append(&kept, it); /* that a worker failed stays true */
        else
            free(it);
    }
    p->results = kept;
    pthread_mutex_unlock(&p->lock);
    return 0;
}

__attribute__((visibility("default"))) int luaopen_lacuna_worker(lua_State *L);

int luaopen_lacuna_worker(lua_State *L) {
    static const luaL_Reg methods[] = {{"put", put},
                                       {"get", get},
                                       {"clear", clear},
                                       {"close", close_pool},
                                       {NULL, NULL}};
    luaL_newmetatable(L, TYPE);
    lua_pushcfunction(L, close_pool);
    lua_setfield(L, -2, "__gc");
    lua_newtable(L);
    luaL_register(L, NULL, methods);
    lua_setfield(L, -2, "__index");
    lua_newtable(L);
    lua_pushcfunction(L, start);
    lua_setfield(L, -2, "start");
    return 1;
}
