# Everything is built in examples-c: see the Makefile there.

# Folders that are given as seen from here.
FOLDERS := PREFIX DESTDIR CARGO_TARGET_DIR
FROM_HERE = $(foreach name,$(FOLDERS),$(if $(filter-out /%,$(firstword \
    $($(name)))),$(name)='$(CURDIR)/$($(name))'))

all run test install uninstall clean:
	@$(MAKE) -C examples-c $@ $(FROM_HERE)

.PHONY: all run test install uninstall clean
