/*
 * A browser for tests, whose person agrees to everything: see browser.c.
 */
#ifndef BROWSER_H
#define BROWSER_H

/* Opens a sign-in page and follows it back to the program.  0, or -1 with the
 * reason on standard error. */
int browse(const char *url);

#endif
