# kith: `make` builds build/kith and build/libkith.a; `make run` and `make test` also install what is missing.
#
#   make              program and library
#   make run          sets up, builds, runs the demo and draws its pictures
#   make test         sets up, builds, runs all tests
#   make bench        speed beside hard-coded C, as ratios
#   make install PREFIX=/usr/local
#   make check-style  layering and docstrings      make clean
#
# MPI=1 B=build-mpi builds with MPI, for runs over many machines (scripts/cluster/README.md).
# CC=clang, CFLAGS_EXTRA="-O0", B=build-clang change compiler, flags and build directory.

CC ?= cc
ifeq ($(origin CC),default)
CC := $(if $(shell command -v gcc),gcc,cc)
endif
# With MPI the compiler is MPI's wrapper, which knows its own flags.
ifneq ($(MPI),)
MPICC ?= mpicc
ifeq ($(shell command -v $(firstword $(MPICC)) 2>/dev/null),)
$(error MPI=$(MPI): there is no $(MPICC): load the MPI module of your cluster, or say MPICC=...)
endif
CC := $(MPICC)
MPI_FLAGS := -DKITH_MPI
endif
B ?= build
PREFIX ?= /usr/local
PKG_CONFIG ?= pkg-config
OPT ?= -O3
# Wide vectors are only passed between inlined functions: that compilers pass them in different ways does not matter.
WARN = -Wall -Wextra -Wconversion -Wshadow -Wno-psabi $(if $(WERROR),-Werror)
VERSION := $(shell sed -n 's/.*KITH_VERSION "\(.*\)"/\1/p' engine/kith.h)
REVISION := $(shell git describe --always --dirty 2>/dev/null || echo unknown)

# A machine without the libraries yet has no answers here: `make setup` first.
HDF5_PC := $(shell for p in hdf5 hdf5-serial; do $(PKG_CONFIG) --exists $$p 2>/dev/null && echo $$p && break; done)
HDF5_CFLAGS := $(if $(HDF5_PC),$(shell $(PKG_CONFIG) --cflags $(HDF5_PC)))
HDF5_LIBS := $(if $(HDF5_PC),$(shell $(PKG_CONFIG) --libs-only-L $(HDF5_PC)) -lhdf5_hl -lhdf5,-lhdf5_hl -lhdf5)
LIBS_CFLAGS := $(HDF5_CFLAGS) $(shell $(PKG_CONFIG) --cflags yaml-0.1 libcrypto 2>/dev/null)
LIBS := $(HDF5_LIBS) $(shell $(PKG_CONFIG) --libs yaml-0.1 libcrypto 2>/dev/null || echo -lyaml -lcrypto) -lisal -lm
OPENMP := -fopenmp
JOBS := $(shell nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)

CPPFLAGS_ALL = -Iengine -I. -D_POSIX_C_SOURCE=200809L $(MPI_FLAGS) $(LIBS_CFLAGS) $(CPPFLAGS)
CFLAGS_ALL = -std=c11 $(OPT) -g $(WARN) -ffp-contract=off $(OPENMP) $(CFLAGS) $(CFLAGS_EXTRA)

SRC := $(sort $(wildcard engine/*/*.c models/*.c models/*/*.c))
LIB_SRC := $(filter-out engine/cli/%,$(SRC))
CLI_SRC := $(filter engine/cli/%,$(SRC))
LIB_OBJ := $(LIB_SRC:%.c=$B/%.o)
CLI_OBJ := $(CLI_SRC:%.c=$B/%.o)

all: $B/kith $B/libkith.a

$B/libkith.a: $(LIB_OBJ)
	@rm -f $@
	ar rcs $@ $(LIB_OBJ)

$B/kith: $(CLI_OBJ) $B/libkith.a
	$(CC) $(CFLAGS_ALL) $(LDFLAGS) -o $@ $(CLI_OBJ) $B/libkith.a $(LIBS)

# Objects depend on the flags they were built with; those that name the revision on that too.
$B/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(CFLAGS_ALL) $(CPPFLAGS_ALL)' | cmp -s - $@ || echo '$(CC) $(CFLAGS_ALL) $(CPPFLAGS_ALL)' > $@
$B/revision: FORCE
	@mkdir -p $(@D)
	@echo '$(REVISION)' | cmp -s - $@ || echo '$(REVISION)' > $@
$B/engine/cli/run.o $B/engine/cli/main.o: $B/revision
$B/engine/cli/run.o $B/engine/cli/main.o: BUILT = -DKITH_REVISION='"$(REVISION)"' -DKITH_FLAGS='"$(strip $(OPT) $(CFLAGS) $(CFLAGS_EXTRA))"'

$B/%.o: %.c $B/flags
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(LANES) $(CPPFLAGS_ALL) $(BUILT) -MMD -MP -c -o $@ $<

# The same source for vectors of several widths; the program chooses when it runs. Other CPUs than x86-64 use the narrowest.
# Loops over few lanes are short, and faster unrolled (bench/NOTES.md).
$B/models/pathway/plain_lanes2.o: LANES = -funroll-loops
ifneq ($(filter x86_64 amd64,$(shell uname -m)),)
$B/models/pathway/plain_lanes4.o: LANES = -mavx2 -funroll-loops
$B/models/pathway/plain_lanes8.o: LANES = -mavx512f -mavx512dq -mavx512vl -mprefer-vector-width=512
endif

-include $(SRC:%.c=$B/%.d)

setup:
	@sh scripts/setup.sh run

run: setup
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@sh scripts/demo.sh $B

test: 
	@sh scripts/setup.sh test
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@B=$B CC="$(CC)" sh tests/run.sh

bench:
	@sh scripts/setup.sh bench
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@B=$B CC="$(CC)" sh bench/run.sh

# ---- unit tests: each tests/unit/ROOM/test_X.c is a program of its own
TEST_SRC := $(sort $(wildcard tests/unit/*/test_*.c tests/stat/test_*.c))
TEST_BIN := $(TEST_SRC:%.c=$B/%)
unit-tests: $(TEST_BIN)
$B/tests/%: tests/%.c $B/libkith.a $B/flags
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(CPPFLAGS_ALL) $(shell $(PKG_CONFIG) --cflags gsl cmocka) -MMD -MP -o $@ $< $B/libkith.a $(LIBS) $(shell $(PKG_CONFIG) --libs cmocka gsl)
-include $(TEST_SRC:%.c=$B/%.d)

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/include/kith $(DESTDIR)$(PREFIX)/share/kith
	install -m 755 $B/kith $(DESTDIR)$(PREFIX)/bin/kith
	install -m 644 $B/libkith.a $(DESTDIR)$(PREFIX)/lib/libkith.a
	install -m 644 engine/kith.h $(DESTDIR)$(PREFIX)/include/kith/kith.h
	for d in base rng sched resource scenario sim record stats run; do \
	  install -d $(DESTDIR)$(PREFIX)/include/kith/$$d; \
	  install -m 644 engine/$$d/*.h $(DESTDIR)$(PREFIX)/include/kith/$$d/; done
	cp -R scenarios $(DESTDIR)$(PREFIX)/share/kith/
	printf 'prefix=%s\nName: kith\nDescription: discrete-event microsimulation of families\nVersion: %s\nCflags: -I$${prefix}/include/kith -ffp-contract=off\nLibs: -L$${prefix}/lib -lkith %s -fopenmp\n' \
	  '$(PREFIX)' '$(VERSION)' '$(LIBS)' > $(DESTDIR)$(PREFIX)/lib/pkgconfig/kith.pc

check-style:
	@sh scripts/check-layers.sh
	@sh scripts/check-docs.sh

clean:
	rm -rf $B $B-*

FORCE:
.PHONY: all setup run test bench unit-tests install check-style clean FORCE
