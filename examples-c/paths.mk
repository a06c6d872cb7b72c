# Where the library is, for every Makefile that needs it: cargo's own variables
# and PROFILE (release, dev, or another of Cargo.toml) are honoured. ROOT is the
# top of the checkout.

PROFILE ?= release
SOVERSION := 0

GIVEN_DIR := $(or $(CARGO_TARGET_DIR),$(CARGO_BUILD_TARGET_DIR))
ifeq ($(GIVEN_DIR),)
  TARGET_DIR := $(ROOT)/target
else
  TARGET_DIR := $(if $(filter /%,$(firstword $(GIVEN_DIR))),,$(CURDIR)/)$(GIVEN_DIR)
endif
ifneq ($(word 2,$(TARGET_DIR)),)
  $(error CARGO_TARGET_DIR is '$(TARGET_DIR)': make takes no folder with blanks)
endif
IN_TARGET_DIR := $(if $(CARGO_BUILD_TARGET),$(CARGO_BUILD_TARGET)/)$(if \
    $(filter dev,$(PROFILE)),debug,$(PROFILE))
RELEASE := $(TARGET_DIR)/$(IN_TARGET_DIR)
# What rustc says a program has to link to beside the static library.
NATIVE := $(RELEASE)/libmcpclient.native-static-libs

ifneq (,$(filter Darwin %-apple-%,$(or $(CARGO_BUILD_TARGET),$(shell uname -s))))
  SHARED := libmcpclient.dylib
  SHARED_SO := libmcpclient.$(SOVERSION).dylib
  ORIGIN := @loader_path
else
  SHARED := libmcpclient.so
  SHARED_SO := libmcpclient.so.$(SOVERSION)
  ORIGIN := $$ORIGIN
endif

# For the programs that stay in the checkout, two folders below its top.
RPATH := $(if $(GIVEN_DIR),$(RELEASE),$(ORIGIN)/../../target/$(IN_TARGET_DIR))
