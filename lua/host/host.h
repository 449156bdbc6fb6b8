/* host.h - the parts of the `lacuna` program, which Lua sees as lacuna.host */
#ifndef LACUNA_HOST_H
#define LACUNA_HOST_H

#include <lauxlib.h>
#include <lua.h>

/* Makes SIGINT raise the error `interrupted` in L. */
void interrupt_open(lua_State *L);
/* call, interrupted, pending, taken, library, stopLoops; see interrupt.c. */
void interrupt_register(lua_State *L);

/* While a line is typed, Ctrl-C is for its editor: begin forgets what came before, wait
 * sleeps until the descriptor can be read and says 0, or -1 if Ctrl-C came. */
void interrupt_edit(int editing);
int interrupt_wait(int descriptor);
/* Whether Ctrl-C came since the line was begun. */
int interrupt_edited(void);

/* readline, remember, completer, editor; see edit.c. */
void edit_register(lua_State *L);

#endif
