# The device simulator: $(BUILD)/mdm-sim from t/sim/*.c, run from the top.

BUILD       ?= build
SIM_CFLAGS  ?= -O2 -g
SIM_PKGS    := libplist-2.0 libssl libcrypto
SIM_OBJS    := $(patsubst t/sim/%.c,$(BUILD)/sim/%.o,$(wildcard t/sim/*.c))
SIM_FLAGS   := -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror \
               $(shell pkg-config --cflags $(SIM_PKGS))

$(BUILD)/mdm-sim: $(SIM_OBJS)
	gcc $(SIM_CFLAGS) -o $@ $(SIM_OBJS) \
	    $(shell pkg-config --libs $(SIM_PKGS))

$(BUILD)/sim/%.o: t/sim/%.c t/sim/sim.h
	@mkdir -p $(@D)
	gcc $(SIM_FLAGS) $(SIM_CFLAGS) -c -o $@ $<
