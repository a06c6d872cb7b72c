#!/bin/sh
# The BROWSER of the tests: the person of person.py gets the address.
printf '%s\n' "$1" >"$SIGN_IN_PERSON"
