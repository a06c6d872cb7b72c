# Forwards to the Makefile in examples-c, which builds everything.

# Folders that are relative to this folder.
FOLDERS := PREFIX DESTDIR BINDIR LIBDIR INCLUDEDIR MANDIR DOCDIR PKGCONFIGDIR \
    CMAKEDIR BASHDIR ZSHDIR FISHDIR CARGO_TARGET_DIR CARGO_BUILD_TARGET_DIR
FROM_HERE = $(foreach name,$(FOLDERS),$(if $(filter-out /%,$(firstword \
    $($(name)))),$(name)='$(subst ','\'',$(CURDIR)/$($(name)))'))

all run test test-quick generated install uninstall clean:
	@$(MAKE) -C examples-c $@ $(FROM_HERE)

.PHONY: all run test test-quick generated install uninstall clean
