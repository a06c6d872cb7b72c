/* The floor over stdio: two pipes to a server's process, a line for a message. */
#ifndef FLOOR_PIPE_H
#define FLOOR_PIPE_H

int over_pipe(const char *program);

#endif
