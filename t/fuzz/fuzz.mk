# Fuzz targets of the pure core: t/fuzz/fuzz_NAME.c with the seeds of
# t/fuzz/corpus/NAME/.  "make fuzz" runs each for FUZZ_TIME seconds; what it
# finds and what it learns stays under $(BUILD)/fuzz.

BUILD       ?= build
PKG_CONFIG  ?= pkg-config
FUZZ_CC     ?= clang
FUZZ_TIME   ?= 60

fuzz_sources  := $(wildcard ngx_mdm_module/message/*.c \
                            ngx_mdm_module/schema/*.c \
                            ngx_mdm_module/pki/*.c)
fuzz_headers  := $(wildcard ngx_mdm_module/message/*.h \
                            ngx_mdm_module/schema/*.h \
                            ngx_mdm_module/pki/*.h)

fuzz_names    := $(patsubst t/fuzz/fuzz_%.c,%,$(wildcard t/fuzz/fuzz_*.c))
fuzz_programs := $(patsubst %,$(BUILD)/fuzz/fuzz_%,$(fuzz_names))
fuzz_objects  := $(patsubst ngx_mdm_module/%.c,$(BUILD)/fuzz/core/%.o, \
                            $(fuzz_sources))

FUZZ_CFLAGS   ?= -g -O1
FUZZ_SANITIZE ?= address,undefined

fuzz_cflags   := -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wno-unused-parameter -Werror \
                 $(FUZZ_CFLAGS) \
                 -fno-omit-frame-pointer -fno-sanitize-recover=all \
                 -Ingx_mdm_module -It/fuzz \
                 $(shell $(PKG_CONFIG) --cflags libplist-2.0 jansson libcrypto)
fuzz_libs     := $(shell $(PKG_CONFIG) --libs libplist-2.0 jansson libcrypto)


.PHONY: fuzzers fuzz $(patsubst %,fuzz-%,$(fuzz_names))
.SECONDARY: $(fuzz_objects)

fuzzers: $(fuzz_programs)

fuzz: $(patsubst %,fuzz-%,$(fuzz_names))

$(BUILD)/fuzz/core/%.o: ngx_mdm_module/%.c $(fuzz_headers)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(fuzz_cflags) -fsanitize=fuzzer-no-link,$(FUZZ_SANITIZE) \
		-c -o $@ $<

$(BUILD)/fuzz/fuzz_%: t/fuzz/fuzz_%.c $(wildcard t/fuzz/*.h) $(fuzz_objects)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(fuzz_cflags) -fsanitize=fuzzer,$(FUZZ_SANITIZE) \
		-o $@ $< $(fuzz_objects) $(fuzz_libs)

$(patsubst %,fuzz-%,$(fuzz_names)): fuzz-%: $(BUILD)/fuzz/fuzz_%
	@mkdir -p $(BUILD)/fuzz/corpus/$*
	$< -max_total_time=$(FUZZ_TIME) -max_len=65536 -timeout=10 \
		-rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix=$(BUILD)/fuzz/$*- \
		$(BUILD)/fuzz/corpus/$* $(wildcard t/fuzz/corpus/$*)
