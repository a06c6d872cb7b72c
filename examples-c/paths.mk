# The path of the library, for all Makefiles. It follows cargo's variables and
# PROFILE: release, dev, or another profile of Cargo.toml. ROOT is the top folder
# of the checkout.

PROFILE ?= release
SOVERSION := 0

GIVEN_DIR := $(or $(CARGO_TARGET_DIR),$(CARGO_BUILD_TARGET_DIR))
ifeq ($(GIVEN_DIR),)
  TARGET_DIR := $(ROOT)/target
else
  TARGET_DIR := $(if $(filter /%,$(firstword $(GIVEN_DIR))),,$(CURDIR)/)$(GIVEN_DIR)
endif
ifneq ($(word 2,$(TARGET_DIR)),)
  $(error CARGO_TARGET_DIR is '$(TARGET_DIR)': make cannot use a folder with blanks)
endif
IN_TARGET_DIR := $(if $(CARGO_BUILD_TARGET),$(CARGO_BUILD_TARGET)/)$(if \
    $(filter dev,$(PROFILE)),debug,$(PROFILE))
RELEASE := $(TARGET_DIR)/$(IN_TARGET_DIR)
# The libraries that a program links to in addition to the static library, as
# rustc prints them.
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

# For the programs in the checkout, which are two folders below its top.
RPATH := $(if $(GIVEN_DIR),$(RELEASE),$(ORIGIN)/../../target/$(IN_TARGET_DIR))
