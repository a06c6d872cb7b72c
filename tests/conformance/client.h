/*
 * What the parts of the conformance suite's client share.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <mcpclient.h>

/* Tells if the scenario's name begins so. */
int is_scenario(const char *beginning);

/* Gives what the suite tells the program; NULL where it does not. */
mcp_json *read_context(void);

/* Makes what gets tokens where a server wants one; NULL with the last error
 * set. */
mcp_auth *make_auth(void);

#endif
