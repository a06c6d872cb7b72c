# Everything is built in examples-c: see the Makefile there.

# Folders that are given as seen from here.
FOLDERS := PREFIX DESTDIR BINDIR LIBDIR INCLUDEDIR MANDIR DOCDIR PKGCONFIGDIR \
    CMAKEDIR CARGO_TARGET_DIR CARGO_BUILD_TARGET_DIR
FROM_HERE = $(foreach name,$(FOLDERS),$(if $(filter-out /%,$(firstword \
    $($(name)))),$(name)='$(subst ','\'',$(CURDIR)/$($(name)))'))

all run test test-quick install uninstall clean:
	@$(MAKE) -C examples-c $@ $(FROM_HERE)

.PHONY: all run test test-quick install uninstall clean
