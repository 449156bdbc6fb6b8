/* edit.c - reads lines from the terminal, with libedit where it is there
 *
 *   host.readline(prompt)     a line; nothing at the end; nothing and true after Ctrl-C
 *   host.remember(text)       puts an entry, of one line or more, into the history
 *   host.completer(f)         f(line, position) gives what Tab does: first, text, list;
 *                             `text` replaces bytes first to position - 1; `list`, if
 *                             any, is shown above the line
 *   host.editor, host.edits() whether there is libedit; whether it is in use here
 *   host.isTerminal(fd)       whether that is a terminal
 *   host.size()               its lines and columns, if known
 */
#include "host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* ---- without an editor ----------------------------------------------------------- */

/* By stdio, as io.read reads, so that both can take turns. */
static int plain_line(lua_State *L, const char *prompt) {
    luaL_Buffer line;
    int c, any = 0;
    interrupt_edit(1);
    fputs(prompt, stdout);
    fflush(stdout);
    if (isatty(STDIN_FILENO)) clearerr(stdin); /* where io.read met Ctrl-D */
    luaL_buffinit(L, &line);
    while ((c = getc(stdin)) != '\n') {
        const int woken = c == EOF && ferror(stdin) && errno == EINTR;
        if (woken && !interrupt_edited()) {
            clearerr(stdin);
            continue;
        }
        if (c == EOF) break;
        luaL_addchar(&line, (char)c);
        any = 1;
    }
    interrupt_edit(0);
    luaL_pushresult(&line);
    if (c == EOF && interrupt_edited()) {
        clearerr(stdin);
        fputs("\n", stdout);
        lua_pushnil(L);
        lua_pushboolean(L, 1);
        return 2;
    }
    if (c == EOF && !any) lua_pushnil(L);
    return 1;
}

#ifdef LACUNA_EDITLINE
#include <histedit.h>
#include <locale.h>
#include <signal.h>
#include <wchar.h>

enum { REMEMBERED = 1000 };
static const char COMPLETER[] = "lacuna.host.completer";

static EditLine *editor;
static History *past;
static const char *prompt_now;
static lua_State *state_now; /* that called readline */
static volatile sig_atomic_t resized, continued;

static void on_resize(int number) {
    if (number == SIGWINCH) resized = 1;
    if (number == SIGCONT) continued = 1;
}

static char *prompt_of(EditLine *el) {
    static char copy[64];
    (void)el;
    snprintf(copy, sizeof copy, "%s", prompt_now);
    return copy;
}

/* What happened to the terminal while nobody looked. */
static void catch_up(EditLine *el) {
    if (resized) el_resize(el);
    if (continued) { /* by a shell that may have changed the terminal's modes */
        el_set(el, EL_PREP_TERM, 0);
        el_set(el, EL_PREP_TERM, 1);
        el_set(el, EL_REFRESH);
    }
    resized = continued = 0;
}

static int characters(const char *from, const char *to) {
    int n = 0;
    for (; from < to; from++) n += ((unsigned char)*from & 0xc0) != 0x80;
    return n;
}

/* Puts the cursor at the end, so that what is written next stands below the entry. */
static void go_to_end(EditLine *el) {
    const LineInfo *line = el_line(el);
    if (line->cursor == line->lastchar) return;
    el_cursor(el, characters(line->cursor, line->lastchar));
    fputc('\r', stdout); /* libedit draws from where the cursor is */
    el_set(el, EL_REFRESH);
}

/* The next character, of one byte or more; -1 after Ctrl-C. */
static int next_char(EditLine *el, wchar_t *wide) {
    mbstate_t shift;
    memset(&shift, 0, sizeof shift);
    for (;;) {
        char byte;
        const int woken = interrupt_wait(STDIN_FILENO);
        if (woken < 0) {
            go_to_end(el);
            return -1;
        }
        catch_up(el);
        if (woken > 0) continue;
        const ssize_t n = read(STDIN_FILENO, &byte, 1);
        if (n == 0 || (n < 0 && errno == EIO)) return 0;
        if (n < 0) continue;
        const size_t length = mbrtowc(wide, &byte, 1, &shift);
        if (length == 1 || length == 0) return 1;
        if (length == (size_t)-1) memset(&shift, 0, sizeof shift);
    }
}

/* Tab at the beginning of a line, and in text that is pasted, is a blank as any other. */
static int is_blank(const LineInfo *line) {
    int waiting = 0;
    if (ioctl(STDIN_FILENO, FIONREAD, &waiting) == 0 && waiting > 0) return 1;
    for (const char *c = line->buffer; c < line->cursor; c++)
        if (*c != ' ' && *c != '\t') return 0;
    return 1;
}

static unsigned char complete(EditLine *el, int key) {
    (void)key;
    const LineInfo *line = el_line(el);
    lua_State *L = state_now;
    if (is_blank(line)) {
        el_insertstr(el, "   ");
        return CC_REFRESH;
    }
    const ptrdiff_t length = line->cursor - line->buffer;
    lua_getfield(L, LUA_REGISTRYINDEX, COMPLETER);
    if (!lua_isfunction(L, -1) || !lua_checkstack(L, 20)) {
        lua_pop(L, 1);
        return CC_ERROR;
    }
    lua_pushlstring(L, line->buffer, (size_t)(line->lastchar - line->buffer));
    lua_pushinteger(L, (lua_Integer)length + 1);
    unsigned char result = CC_ERROR;
    if (lua_pcall(L, 2, 3, 0) != 0) {
        lua_pop(L, 1);
        return result;
    }
    const lua_Integer first = lua_tointeger(L, -3);
    const char *text = lua_tostring(L, -2), *listing = lua_tostring(L, -1);
    if (text && first >= 1 && first <= length + 1) {
        el_deletestr(el, characters(line->buffer + first - 1, line->cursor));
        el_insertstr(el, text);
        result = CC_REFRESH;
    }
    if (listing) {
        fprintf(stdout, "\n%s\n", listing);
        fflush(stdout);
        result = CC_REDISPLAY;
    }
    lua_pop(L, 3);
    return result;
}

static int can_edit(void) {
    const char *term = getenv("TERM");
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term && *term &&
           strcmp(term, "dumb") != 0;
}

static int open_editor(void) {
    HistEvent event;
    if (editor) return 1;
    if (!can_edit()) return 0;
    const char *locale = setlocale(LC_CTYPE, "");
    if (!locale || strcmp(locale, "C") == 0 || strcmp(locale, "POSIX") == 0)
        setlocale(LC_CTYPE, "C.UTF-8");
    editor = el_init("lacuna", stdin, stdout, stderr);
    past = history_init();
    if (!editor || !past) return 0;
    history(past, &event, H_SETSIZE, REMEMBERED);
    history(past, &event, H_SETUNIQUE, 1);
    el_set(editor, EL_SIGNAL, 0);
    el_set(editor, EL_PROMPT, prompt_of);
    el_set(editor, EL_EDITOR, "emacs");
    el_set(editor, EL_HIST, history, past);
    el_set(editor, EL_GETCFN, next_char);
    el_set(editor, EL_ADDFN, "lacuna-complete", "complete a name", complete);
    el_set(editor, EL_BIND, "^I", "lacuna-complete", NULL);
    el_set(editor, EL_BIND, "^R", "em-inc-search-prev", NULL);
    el_set(editor, EL_BIND, "\\e[3~", "ed-delete-next-char", NULL);
    el_set(editor, EL_BIND, "\\e[1;5C", "em-next-word", NULL);
    el_set(editor, EL_BIND, "\\e[1;5D", "ed-prev-word", NULL);
    el_source(editor, NULL); /* the user's ~/.editrc */
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_resize;
    action.sa_flags = SA_RESTART; /* what an entry reads goes on; pselect ends */
    sigaction(SIGWINCH, &action, NULL);
    sigaction(SIGCONT, &action, NULL);
    return 1;
}

static int edited_line(lua_State *L, const char *prompt) {
    int length = 0;
    fflush(stdout);
    prompt_now = prompt;
    state_now = L;
    el_set(editor, EL_PREP_TERM, 1); /* before the prompt, or the terminal echoes, too */
    continued = 0; /* while an entry ran: there is no line yet to draw again */
    catch_up(editor);
    interrupt_edit(1);
    const char *line = el_gets(editor, &length);
    interrupt_edit(0);
    if (interrupt_edited()) {
        el_reset(editor);
        fputs("^C\n", stdout);
        fflush(stdout);
        lua_pushnil(L);
        lua_pushboolean(L, 1);
        return 2;
    }
    if (!line || length <= 0) {
        lua_pushnil(L);
        return 1;
    }
    if (line[length - 1] == '\n') length--;
    lua_pushlstring(L, line, (size_t)length);
    return 1;
}

static int remember(lua_State *L) {
    HistEvent event;
    const char *text = luaL_checkstring(L, 1);
    if (open_editor()) history(past, &event, H_ENTER, text);
    return 0;
}

static int completer(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, COMPLETER);
    return 0;
}

static int readline(lua_State *L) {
    const char *prompt = luaL_checkstring(L, 1);
    return open_editor() ? edited_line(L, prompt) : plain_line(L, prompt);
}

#else

static int open_editor(void) { return 0; }
static int readline(lua_State *L) { return plain_line(L, luaL_checkstring(L, 1)); }
static int remember(lua_State *L) { return (void)L, 0; }
static int completer(lua_State *L) { return (void)L, 0; }

#endif

static int is_terminal(lua_State *L) {
    lua_pushboolean(L, isatty(luaL_checkint(L, 1)));
    return 1;
}

static int size(lua_State *L) {
    struct winsize window;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_row == 0) return 0;
    lua_pushinteger(L, window.ws_row);
    lua_pushinteger(L, window.ws_col);
    return 2;
}

static int has_editor(lua_State *L) {
    lua_pushboolean(L, open_editor());
    return 1;
}

void edit_register(lua_State *L) {
    static const luaL_Reg functions[] = {{"readline", readline},
                                         {"remember", remember},
                                         {"completer", completer},
                                         {"isTerminal", is_terminal},
                                         {"size", size},
                                         {"edits", has_editor},
                                         {NULL, NULL}};
    luaL_register(L, NULL, functions);
#ifdef LACUNA_EDITLINE
    lua_pushboolean(L, 1);
#else
    lua_pushboolean(L, 0);
#endif
    lua_setfield(L, -2, "editor");
}
