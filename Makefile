# The front door. `make help` lists the doors.

BUILD = build
PREFIX = /usr/local
FUZZ_SECONDS = 60
DEMO = # flags of `serin demo`

# What runs the cluster tier, after tests/cluster/build.sh, beside the other suites: most of its time is waiting.
# `make test CLUSTER=` leaves the tier out.
CLUSTER = tests/cluster/run

# Debian packages.
NEEDS_BUILD = gcc libc6-dev meson ninja-build pkgconf python3 libcurl4-openssl-dev libjansson-dev libyaml-dev \
	libev-dev libpcre2-dev libsqlite3-dev libmicrohttpd-dev libssl-dev
NEEDS_TEST = $(NEEDS_BUILD) ca-certificates ccache libcmocka-dev openssl nghttp2-server chromium
NEEDS_LINT = $(NEEDS_TEST) binutils clang clang-format-14 patch shellcheck
NEEDS_FUZZ = $(NEEDS_TEST) clang libclang-rt-14-dev
NEEDS_MUTANTS = $(NEEDS_TEST) clang patch

export ASAN_OPTIONS = detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS = print_stacktrace=1

# The same sample for each run of one commit.
EPOCH = $$(git log -1 --format=%ct 2>/dev/null || echo 0)

.PHONY: all help demo test lint sanitize clang sim bench planted mutants idle coverage fuzz tidy format install clean \
	needs-build needs-test needs-lint needs-coverage needs-fuzz needs-mutants needs-tidy
.NOTPARALLEL:

all: $(BUILD)/build.ninja ## build
	ninja -C $(BUILD)

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1	\2/p' Makefile | expand -t 16

test: needs-test needs-mutants $(BUILD)/build.ninja build-asan/build.ninja build-mutants/build.ninja ## every suite; core, providers and agent also sanitized
	@SIM_EPOCH=$(EPOCH) tests/run.py "build=ninja -C $(BUILD) --quiet" \
		$(if $(CLUSTER),"kit=tests/cluster/build.sh" "cluster&=$(CLUSTER)") \
		$(BUILD):core,providers,agent,simulation,fuzz-corpus build-asan:core,providers,agent \
		"mutants=tests/mutants/mutants.py --sample 50 --epoch $(EPOCH) build-mutants" \
		"hazards=tests/mutants/hazards.py --sample 2 --epoch $(EPOCH)"

lint: needs-lint $(BUILD)/build.ninja build-clang/build.ninja build-release/build.ninja ## architecture, names, sizes, format, clang, release
	@tests/run.py $(BUILD):lint "clang=ninja -C build-clang --quiet" "release=ninja -C build-release --quiet"

sanitize: needs-test build-asan/build.ninja ## every in-process suite under ASan and UBSan
	@tests/run.py $(addprefix build-asan:,core providers agent simulation fuzz-corpus)

clang: needs-lint build-clang/build.ninja ## build with clang, warnings as errors
	ninja -C build-clang

demo: needs-build build-demo/build.ninja ## a release promoted and one rolled back, in one process; DEMO=--keep lets kubectl look
	@ninja -C build-demo --quiet
	@build-demo/agent/serin demo $(DEMO)

# As long as told: `make sim SEEDS=100000`, `make sim HOURS=2`, `make sim SEED=17` for the story of one.
SIM = ninja -C build-release --quiet tests/serin-sim && build-release/tests/serin-sim
sim: needs-test build-release/build.ninja ## the simulator, for as long as told: SEEDS= or HOURS=, FIRST=, STORM=, SEED= for one story
	@$(SIM) $(if $(STORM),--storm $(STORM)) $(if $(SEED),--seed $(SEED) --tell,--jobs $$(nproc) $(if $(FIRST),--first $(FIRST)) \
		$(if $(HOURS),--hours $(HOURS),--seeds $(or $(SEEDS),1000)))

bench: needs-test build-release/build.ninja ## what the history costs, beside plain SQLite; RELEASES=1000
	@ninja -C build-release --quiet && rm -rf build-release/bench && mkdir -p build-release/bench
	@build-release/tests/bench-history build-release/bench $(or $(RELEASES),1000)

planted: needs-test ## each planted bug must be found by the simulator: the table of docs/testing.md
	@tests/simulation/planted.py

mutants: needs-mutants build-mutants/build.ninja ## each decision of the core made wrongly: some test must notice
	@tests/run.py "mutants=tests/mutants/mutants.py build-mutants" "hazards=tests/mutants/hazards.py"

idle: needs-test $(BUILD)/build.ninja ## 100 canaries at rest for 10 minutes cost nothing; about 15 minutes
	ninja -C $(BUILD) --quiet
	tests/cluster/build.sh
	$(CLUSTER) --idle-canaries=100 --idle-seconds=600 idle

coverage: needs-coverage build-coverage/build.ninja ## what the core's tests reach of analysis/
	@tests/coverage.sh build-coverage

fuzz: needs-fuzz build-fuzz/build.ninja ## FUZZ_SECONDS of fuzzing for each target
	ninja -C build-fuzz
	tests/fuzz/run.sh build-fuzz $(FUZZ_SECONDS)

tidy: needs-tidy build-clang/build.ninja ## clang-tidy over the rings; slow, for people
	run-clang-tidy -quiet -p build-clang '/(analysis|providers|agent)/'

format: ## let the formatter have its way
	find agent analysis providers tests -name '*.[ch]' -exec clang-format-14 -i {} +

install: needs-build build-install/build.ninja ## into PREFIX (and DESTDIR)
	@meson configure build-install --prefix=$(PREFIX)
	meson install -C build-install

clean: ## remove the build directories
	rm -rf build build-*

needs-build:
	@tests/needs.sh $(NEEDS_BUILD)
needs-test:
	@tests/needs.sh $(NEEDS_TEST)
needs-lint:
	@tests/needs.sh $(NEEDS_LINT)
needs-coverage:
	@tests/needs.sh $(NEEDS_TEST) gcovr
needs-fuzz:
	@tests/needs.sh $(NEEDS_FUZZ)
needs-mutants:
	@tests/needs.sh $(NEEDS_MUTANTS)
needs-tidy:
	@tests/needs.sh $(NEEDS_LINT) clang-tidy

# Configured once; Meson says only what it made of it, or why it could not.
SETUP = setup() { meson setup "$$@" >"$$1.log" 2>&1 || { cat "$$1.log"; rm -f "$$1.log"; return 1; }; \
	sed -n '/^Build targets/,$$p' "$$1.log"; rm -f "$$1.log"; }; setup

$(BUILD)/build.ninja:
	@$(SETUP) $(BUILD)
build-asan/build.ninja: # sanitizers bring warnings of their own; the plain builds are those that refuse them
	@$(SETUP) build-asan -Dbuildtype=debug -Doptimization=1 -Dwerror=false \
		-Db_sanitize=address,undefined -Db_lundef=false
build-clang/build.ninja:
	@export CC="ccache clang"; $(SETUP) build-clang -Dbuildtype=debug
build-coverage/build.ninja:
	@$(SETUP) build-coverage -Dbuildtype=debug -Db_coverage=true
build-fuzz/build.ninja:
	@export CC=clang; $(SETUP) build-fuzz -Dbuildtype=debug -Doptimization=1 -Dfuzzing=true \
		-Db_sanitize=address,undefined -Db_lundef=false
build-mutants/build.ninja:
	@$(SETUP) build-mutants -Dmutants=true -Dwerror=false -Db_sanitize=undefined
build-demo/build.ninja: # without what only the tests need
	@$(SETUP) build-demo -Dtests=false
build-install/build.ninja: # without what only the tests need
	@$(SETUP) build-install -Dbuildtype=release -Dtests=false
build-release/build.ninja:
	@$(SETUP) build-release -Dbuildtype=release
