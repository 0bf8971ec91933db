# Unit tests of the pure core: each t/unit/test_*.c is one program that prints
# TAP.  Everything is built with sanitizers that end the program.

BUILD       ?= build
PKG_CONFIG  ?= pkg-config

pure_sources  := $(wildcard ngx_mdm_module/message/*.c \
                            ngx_mdm_module/schema/*.c \
                            ngx_mdm_module/pki/*.c \
                            ngx_mdm_module/plugin/mdm_*.c)
pure_headers  := $(wildcard ngx_mdm_module/message/*.h \
                            ngx_mdm_module/schema/*.h \
                            ngx_mdm_module/pki/*.h \
                            ngx_mdm_module/plugin/mdm_*.h \
                            ngx_mdm_module/ngx_mdm_plugin.h)

unit_tests    := $(patsubst t/unit/%.c,$(BUILD)/unit/%, \
                            $(wildcard t/unit/test_*.c))
unit_objects  := $(patsubst ngx_mdm_module/%.c,$(BUILD)/unit/core/%.o, \
                            $(pure_sources))

UNIT_CFLAGS   ?= -g -O1
UNIT_SANITIZE ?= -fsanitize=address,undefined -fno-sanitize-recover=all \
                 -fno-omit-frame-pointer

unit_cflags   := -std=gnu11 -Wall -Wextra -Wno-unused-parameter -Werror \
                 $(UNIT_CFLAGS) $(UNIT_SANITIZE) -Ingx_mdm_module \
                 $(shell $(PKG_CONFIG) --cflags libplist-2.0 jansson \
                                                libcrypto cmocka)
unit_libs     := $(shell $(PKG_CONFIG) --libs libplist-2.0 jansson \
                                              libcrypto cmocka)


.PHONY: unit plain valgrind
.SECONDARY: $(unit_objects)

unit: $(unit_tests)

$(BUILD)/unit/core/%.o: ngx_mdm_module/%.c $(pure_headers)
	@mkdir -p $(@D)
	$(CC) $(unit_cflags) -c -o $@ $<

$(BUILD)/unit/test_%: t/unit/test_%.c $(wildcard t/unit/*.h) $(unit_objects)
	@mkdir -p $(@D)
	$(CC) $(unit_cflags) -It/unit -o $@ $< $(unit_objects) $(unit_libs)


# The same programs without sanitizers, for valgrind; but for the one whose
# allocator is the sanitizer's.  "make valgrind" runs them all.

valgrind_tests := $(patsubst $(BUILD)/unit/%,$(BUILD)/plain/unit/%, \
                     $(filter-out %/test_out_of_memory,$(unit_tests)))

plain:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/plain UNIT_SANITIZE= \
	    $(valgrind_tests)

valgrind: plain
	MDM_TEST_VALGRIND=all prove -v t/016-valgrind.t
