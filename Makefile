# ngx_mdm: "make" builds the nginx module and mdmctl, "make demo" shows them at
# work, "make test" runs the whole suite.  All output is in build/ and run/.

SHELL     = /bin/bash
JOBS     ?= $(shell nproc)
CC        = gcc
CFLAGS    = -g -O2
WARNINGS  = -Wall -Wextra -Wno-unused-parameter -Wpointer-arith -Werror
HARDEN    = -D_GNU_SOURCE -fPIC -fstack-protector-strong -D_FORTIFY_SOURCE=2
PREFIX    = /usr

# Where nginx is configured.  Debian's nginx-dev by default; NGINX_SRC= names a
# writable source tree instead.

NGINX_DEV = /usr/share/nginx/src
NGINX_SRC =

PACKAGES  = nginx nginx-dev postgresql make gcc libc6-dev \
            pkg-config libpq-dev libplist-dev libjansson-dev libssl-dev \
            libcurl4-openssl-dev libnghttp2-dev nghttp2-client nghttp2-server \
            libcmocka-dev openssl perl libio-socket-ssl-perl curl clang \
            libclang-rt-dev libyaml-libyaml-perl iproute2 nftables valgrind

CORE_DIRS = message schema pki plugin
CORE_SRCS = $(wildcard $(CORE_DIRS:%=ngx_mdm_module/%/mdm_*.c))
CORE_INCS = $(CORE_DIRS:%=-Ingx_mdm_module/%)
CORE_LIBS = -lplist-2.0 -ljansson -lcrypto
CORE_OBJS = $(CORE_SRCS:%.c=build/obj/%.o)

MDMCTL_SRCS = $(wildcard bin/mdmctl*.c)
MDMCTL_OBJS = $(MDMCTL_SRCS:%.c=build/obj/%.o)

PLUGIN_TEST_OBJS = $(patsubst %.c,build/obj/%.o,$(wildcard bin/mdm_plugin_*.c))

REVISION = $(shell sed -n 's/^\#define NGX_MDM_REVISION *//p' \
             ngx_mdm_module/pg/ngx_mdm_pg.h)

# plugins/NAME/*.c is one plugin; template is one to copy.
PLUGIN_SRCS   = $(filter-out plugins/template/%,$(wildcard plugins/*/*.c))
PLUGIN_OBJS   = $(PLUGIN_SRCS:%.c=build/obj/%.o)
PLUGIN_HEADER = ngx_mdm_module/ngx_mdm_plugin.h
PLUGINS       = $(patsubst plugins/%/,build/plugins/%.so, \
                    $(sort $(dir $(PLUGIN_SRCS))))

MODULE_FILES = config $(sort $(wildcard ngx_mdm_module/*.c \
                                        ngx_mdm_module/*/*.[ch] \
                                        ngx_mdm_module/*.h))

.PHONY: all module mdmctl plugins plugin-test asan sim deps demo run stop test soak bench \
        catalogue schema-diff install clean FORCE
.DELETE_ON_ERROR:

all: module mdmctl plugins plugin-test

module: build/ngx_mdm_module.so
mdmctl: build/mdmctl
plugin-test: build/mdm-plugin-test
asan: build/asan/ngx_mdm_module.so


# --- the module: nginx's own configure and makefile, in build/nginx ---

ifeq ($(NGINX_SRC),)
NGINX_TREE  = $(NGINX_DEV)
CONFIGURE   = source ./conf_flags && ./configure "$${NGX_CONF_FLAGS[@]}"
NO_TREE     = install nginx-dev, or name a source tree with NGINX_SRC=
else
NGINX_TREE  = $(NGINX_SRC)
CONFIGURE   = $$(ls ./configure ./auto/configure 2>/dev/null | head -1) \
              --with-compat --with-debug --with-threads \
              --with-http_ssl_module --with-http_v2_module
NO_TREE     = NGINX_SRC= names the source tree of nginx
endif

# $(call configure,BUILDDIR,COMPILER OPTIONS,LINKER OPTIONS)
define configure
	@ls $(NGINX_TREE)/configure $(NGINX_TREE)/auto/configure 2>/dev/null \
	    | grep -q . || { echo "$(NGINX_TREE) has no configure: $(NO_TREE)"; \
	                     exit 1; }
	@mkdir -p $(1)
	@echo "configuring $(NGINX_TREE) in $(1)"
	@cd $(NGINX_TREE) && $(CONFIGURE) --builddir=$(CURDIR)/$(1) \
	    --with-cc-opt='$(2)' --with-ld-opt='$(3)' \
	    --add-dynamic-module=$(CURDIR) >$(CURDIR)/$(1)/configure.log 2>&1 \
	    || { tail -20 $(CURDIR)/$(1)/configure.log; exit 1; }
endef

# $(call compile,BUILDDIR): a new file takes the old one's name, for a running
# nginx has the old one mapped.
define compile
	@$(MAKE) -j$(JOBS) -C $(NGINX_TREE) -f $(CURDIR)/$(1)/Makefile modules \
	    >$(1)/make.log 2>&1 || { grep -v '^make' $(1)/make.log; exit 1; }
	@cmp -s $(1)/ngx_mdm_module.so $@ \
	    || { cp $(1)/ngx_mdm_module.so $@.new && mv $@.new $@ \
	         && echo "built $@"; }
endef

# Changes only when a file of the module comes or goes, or nginx's tree moves.
build/module.list: FORCE
	@mkdir -p build
	@printf '%s\n' '$(NGINX_TREE)' $(MODULE_FILES) >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

build/nginx/Makefile: build/module.list config
	$(call configure,build/nginx,$(CFLAGS) $(HARDEN),$(NOW))

build/ngx_mdm_module.so: build/nginx/Makefile FORCE
	$(call compile,build/nginx)

build/asan/nginx/Makefile: build/module.list config
	$(call configure,build/asan/nginx,-g -O1 -fPIC -D_GNU_SOURCE $(SANITIZE),$(SANITIZE))

build/asan/ngx_mdm_module.so: build/asan/nginx/Makefile FORCE
	$(call compile,build/asan/nginx)

comma    := ,
NOW      := -Wl$(comma)-z$(comma)now
SANITIZE := -fsanitize=address,undefined -fno-omit-frame-pointer


# --- mdmctl and the pure core under it ---

build/mdmctl: $(MDMCTL_OBJS) $(CORE_OBJS)
	@$(CC) $(CFLAGS) -o $@ $^ -lpq -lssl $(CORE_LIBS)
	@echo "built $@"

build/mdm-plugin-test: $(PLUGIN_TEST_OBJS) $(CORE_OBJS)
	@$(CC) $(CFLAGS) -o $@ $^ $(CORE_LIBS)
	@echo "built $@"

build/obj/%.o: %.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(HARDEN) $(WARNINGS) -MMD -MP $(CORE_INCS) \
	    -I$(shell pkg-config --variable=includedir libpq) \
	    -DMDM_REVISION=$(REVISION) \
	    -DMDM_SQL_DIR='"$(PREFIX)/share/ngx_mdm/sql"' \
	    -DMDM_PLUGIN_DIR='"$(PREFIX)/lib/nginx/mdm"' -c -o $@ $<

-include $(MDMCTL_OBJS:.o=.d) $(PLUGIN_TEST_OBJS:.o=.d) $(CORE_OBJS:.o=.d)


# --- plugins: they get one header and are linked to nothing of ours ---

plugins: $(PLUGINS)
	@rm -f $(filter-out $(PLUGINS),$(wildcard build/plugins/*.so))

build/obj/plugins/%.o: plugins/%.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(HARDEN) $(WARNINGS) -fvisibility=hidden -MMD -MP \
	    -I$(dir $(PLUGIN_HEADER)) -c -o $@ $<

.SECONDARY: $(PLUGIN_OBJS)
.SECONDEXPANSION:

# A running nginx has the old file mapped: the new one takes its name.
build/plugins/%.so: plugins/% $$(addprefix build/obj/,$$(addsuffix .o,\
                    $$(basename $$(wildcard plugins/$$*/*.c))))
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -shared $(NOW) -Wl,-z,defs -o $@.new $(filter %.o,$^) \
	    && mv $@.new $@

-include $(PLUGIN_OBJS:.o=.d)


# --- the simulator, unit tests, fuzz targets: their own files say how ---

# They ask pkg-config for libraries, which "deps" may have to install first.
ifneq ($(filter-out deps demo run stop test soak bench clean,$(or $(MAKECMDGOALS),all)),)
-include t/unit/unit.mk t/fuzz/fuzz.mk t/sim/sim.mk
endif

sim: build/mdm-sim


# --- packages: looked for first, so nothing is fetched when all are there ---

ROOT = $(if $(filter 0,$(shell id -u)),,sudo)

deps:
	@missing=; \
	for p in $(PACKAGES); do \
	    dpkg-query -W -f='$${db:Status-Status}' $$p 2>/dev/null \
	        | grep -qx installed || missing+=" $$p"; \
	done; \
	test -z "$$missing" && exit; \
	echo "installing$$missing"; mkdir -p build; \
	{ $(ROOT) apt-get update && $(ROOT) env DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y --no-install-recommends $$missing; } \
	    >build/deps.log 2>&1 || { tail -20 build/deps.log; exit 1; }


# --- to look at it, to try it ---

# $(call logged,GOALS): builds them; the output is shown only when it fails
define logged
	@mkdir -p build
	@$(MAKE) --no-print-directory -j$(JOBS) $(1) >build/build.log 2>&1 \
	    || { tail -40 build/build.log; exit 1; }
endef

demo run: deps
	$(call logged,all sim)
	@bin/mdm-dev $@

stop:
	@bin/mdm-dev stop

TESTS = build/unit/test_* t/*.t

# Much of a test is waiting, so one more than there are cores.
test: deps
	$(call logged,all asan sim unit plain fuzzers)
	@MDM_TEST_ALL=1 prove -j$$(($(JOBS) + 1)) $(TESTS)

# The long ones, one after another; SOAK_TIME is that of each long phase.
SOAK_TIME  ?= 60
SOAK_TESTS  = t/soak/*.t

soak: deps
	$(call logged,all asan sim unit plain)
	@MDM_TEST_ALL=1 SOAK_TIME=$(SOAK_TIME) prove -v $(SOAK_TESTS)

bench: deps
	$(call logged,all sim)
	@t/bench/run
	@t/bench/push


# --- what the plugins describe: as documents, and against Apple's ---

catalogue: plugins plugin-test
	@bin/mdm-catalogue build/mdm-plugin-test build/plugins docs/catalogue

schema-diff: plugins plugin-test
	@t/schema-diff "$(SCHEMA)"


# --- files on a system ---

install: all
	install -d $(DESTDIR)$(PREFIX)/lib/nginx/modules $(DESTDIR)$(PREFIX)/sbin \
	    $(DESTDIR)$(PREFIX)/lib/nginx/mdm $(DESTDIR)$(PREFIX)/bin \
	    $(DESTDIR)$(PREFIX)/include $(DESTDIR)$(PREFIX)/share/ngx_mdm
	install -m 644 build/ngx_mdm_module.so $(DESTDIR)$(PREFIX)/lib/nginx/modules
	install -m 755 build/mdmctl $(DESTDIR)$(PREFIX)/sbin
	install -m 755 build/mdm-plugin-test $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(PLUGIN_HEADER) $(DESTDIR)$(PREFIX)/include
	@for f in $(PLUGINS); do \
	    to=$(DESTDIR)$(PREFIX)/lib/nginx/mdm/$${f##*/}; \
	    install -m 644 $$f $$to.new && mv $$to.new $$to || exit 1; \
	done
	for f in $$(cd sql && find . -name '*.sql'); do \
	    install -D -m 644 sql/$$f $(DESTDIR)$(PREFIX)/share/ngx_mdm/sql/$$f; \
	done

clean:
	rm -rf build
