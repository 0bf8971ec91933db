# Fuzz targets of the pure core: t/fuzz/fuzz_NAME.c with the corpus of
# t/fuzz/corpus/NAME/ and the words of t/fuzz/NAME.dict.
#
#     make fuzz           each for FUZZ_TIME seconds, FUZZ_JOBS of them at once
#     make fuzz-NAME      one
#     make fuzz-merge     what was learned goes into the corpus, minimised
#     make fuzz-coverage  which functions of the core the corpus does not reach
#
# What a run finds, learns and says stays under $(BUILD)/fuzz.

BUILD       ?= build
PKG_CONFIG  ?= pkg-config
FUZZ_CC     ?= clang
FUZZ_TIME   ?= 60
FUZZ_JOBS   ?= 1

fuzz_sources  := $(wildcard ngx_mdm_module/message/*.c \
                            ngx_mdm_module/schema/*.c \
                            ngx_mdm_module/pki/*.c)
fuzz_headers  := $(wildcard ngx_mdm_module/message/*.h \
                            ngx_mdm_module/schema/*.h \
                            ngx_mdm_module/pki/*.h \
                            ngx_mdm_module/ngx_mdm_plugin.h)

fuzz_names    := $(patsubst t/fuzz/fuzz_%.c,%,$(wildcard t/fuzz/fuzz_*.c))
fuzz_programs := $(patsubst %,$(BUILD)/fuzz/fuzz_%,$(fuzz_names))
fuzz_objects  := $(patsubst ngx_mdm_module/%.c,$(BUILD)/fuzz/core/%.o, \
                            $(fuzz_sources))

FUZZ_CFLAGS   ?= -g -O1
FUZZ_SANITIZE ?= address,undefined

fuzz_cflags   := -std=gnu11 -D_GNU_SOURCE -Wall -Wextra \
                 -Wno-unused-parameter -Werror \
                 $(FUZZ_CFLAGS) \
                 -fno-omit-frame-pointer -fno-sanitize-recover=all \
                 -Ingx_mdm_module -It/fuzz \
                 $(shell $(PKG_CONFIG) --cflags libplist-2.0 jansson libcrypto)
fuzz_libs     := $(shell $(PKG_CONFIG) --libs libplist-2.0 jansson libcrypto)

# -timeout= counts the time of a clock, and the machine may be busy
fuzz_options  := -max_len=65536 -timeout=60 -rss_limit_mb=2048 \
                 -print_final_stats=1


.PHONY: fuzzers fuzz fuzz-merge fuzz-coverage \
        $(patsubst %,fuzz-%,$(fuzz_names))
.SECONDARY: $(fuzz_objects)

fuzzers: $(fuzz_programs)

$(BUILD)/fuzz/core/%.o: ngx_mdm_module/%.c $(fuzz_headers)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(fuzz_cflags) -fsanitize=fuzzer-no-link,$(FUZZ_SANITIZE) \
		-c -o $@ $<

$(BUILD)/fuzz/fuzz_%: t/fuzz/fuzz_%.c $(wildcard t/fuzz/*.h) $(fuzz_objects)
	@mkdir -p $(@D)
	$(FUZZ_CC) $(fuzz_cflags) -fsanitize=fuzzer,$(FUZZ_SANITIZE) \
		-o $@ $< $(fuzz_objects) $(fuzz_libs)


# A target that finds something does not keep the others from running.

fuzz: fuzzers
	@rm -f $(BUILD)/fuzz/*.log
	@$(MAKE) --no-print-directory -k -j$(FUZZ_JOBS) \
		$(patsubst %,fuzz-%,$(fuzz_names)) || true
	@t/fuzz/report $(BUILD)/fuzz $(fuzz_names)

$(patsubst %,fuzz-%,$(fuzz_names)): fuzz-%: $(BUILD)/fuzz/fuzz_%
	@mkdir -p $(BUILD)/fuzz/corpus/$* $(BUILD)/fuzz/found/$*
	@echo "fuzz_$*: $(FUZZ_TIME) seconds"
	@$< -max_total_time=$(FUZZ_TIME) $(fuzz_options) \
		$(addprefix -dict=,$(wildcard t/fuzz/$*.dict)) \
		-artifact_prefix=$(BUILD)/fuzz/found/$*/ \
		$(BUILD)/fuzz/corpus/$* $(wildcard t/fuzz/corpus/$*) \
		>$(BUILD)/fuzz/$*.log 2>&1 \
		|| { tail -40 $(BUILD)/fuzz/$*.log; exit 1; }

fuzz-merge: fuzzers
	@t/fuzz/merge $(BUILD)/fuzz $(fuzz_names)

fuzz-coverage:
	@$(MAKE) --no-print-directory fuzzers BUILD=$(BUILD)/coverage \
		FUZZ_CFLAGS='$(FUZZ_CFLAGS) -fprofile-instr-generate \
		-fcoverage-mapping' FUZZ_SANITIZE=fuzzer-no-link \
		>$(BUILD)/coverage.log 2>&1 || { tail $(BUILD)/coverage.log; exit 1; }
	@t/fuzz/coverage $(BUILD)/coverage/fuzz $(fuzz_names)
