# The front door. Every target installs the Debian packages that it needs and lacks; `make help` lists the targets.
JOBS ?= $(shell nproc)
TIME ?= 60
SAN_ENV = ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1 \
          TSAN_OPTIONS=halt_on_error=1
CTEST = ctest --output-on-failure --no-tests=error
# A build folder that is there already keeps its way; a new one compiles files together, since all of them are wanted.
UNITY = $(if $(wildcard build/CMakeCache.txt),,-DTRADEWIND_UNITY=ON)
SOURCES = find src tests bench tools -name '*.cc' -o -name '*.h'

.DEFAULT_GOAL := build
.PHONY: help build run test test-deps check check-format check-tidy check-asan check-tsan bench format fuzz deps clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

build: ## build the programs build/bin/tradewind and tradewind-agent (release)
	@packaging/deps.sh build
	@$(MAKE) --no-print-directory build/build.ninja
	cmake --build build --parallel $(JOBS) --target tradewind tradewind-agent

# Programs alone need no test libraries. Where a build folder is there already, its options stay as they are.
build/build.ninja:
	cmake --preset release -DTRADEWIND_TESTS=OFF -DTRADEWIND_BENCH=OFF $(UNITY)

run: ## train a language model that loses its machine twice and is moved once; see the proof and the bill
	@packaging/deps.sh build recipe
	@$(MAKE) --no-print-directory build
	recipes/train/demo.sh

# Most tests wait more than they compute; those that train take two places (tests/CMakeLists.txt).
test: ## build everything and run every test
	@packaging/deps.sh build recipe test
	cmake --preset release -DTRADEWIND_TESTS=ON -DTRADEWIND_BENCH=OFF $(UNITY)
	cmake --build build --parallel $(JOBS)
	$(CTEST) --test-dir build --parallel $$((2 * $(JOBS)))

test-deps: ## install real servers for the tests (Ceph as S3, Azurite as Azure, fake-gcs-server as Google, moto as EC2, Kubernetes' own API server); without them those tests are skipped
	@packaging/deps.sh doubles
	@tests/doubles/install_npm.sh
	@tests/doubles/install_go.sh
	@tests/doubles/install_pip.sh

check: ## format and tidy, then the tests under ASan and UBSan, and the threaded ones under TSan
	@packaging/deps.sh build recipe test dev
	@$(MAKE) --no-print-directory check-format check-tidy check-asan check-tsan

check-format:
	$(SOURCES) | xargs clang-format-14 --dry-run --Werror

check-tidy:
	cmake --preset tidy
	run-clang-tidy-14 -quiet -p build/tidy -j $(JOBS) '$(CURDIR)/(src|tests|bench|tools)/.*\.cc$$'

check-asan:
	cmake --preset asan
	cmake --build --preset asan --parallel $(JOBS)
	$(SAN_ENV) $(CTEST) --test-dir build/asan --parallel $(JOBS)

check-tsan:
	cmake --preset tsan
	cmake --build --preset tsan --parallel $(JOBS) --target threaded_tests
	$(SAN_ENV) $(CTEST) --test-dir build/tsan --parallel $(JOBS) --label-regex '^threaded$$'

bench: ## measure: start-up times, planning, simulated fleets
	@packaging/deps.sh build test bench
	cmake --preset release -DTRADEWIND_BENCH=ON
	cmake --build build --parallel $(JOBS)
	bench/run.sh

fuzz: ## run every fuzz target for TIME seconds (default 60)
	@packaging/deps.sh build dev
	cmake --preset fuzz
	cmake --build --preset fuzz --parallel $(JOBS) --target fuzzers
	tests/fuzz.sh build/fuzz $(TIME) $(JOBS)

format: ## bring all C++ files into the house's form
	@packaging/deps.sh dev
	$(SOURCES) | xargs clang-format-14 -i

deps: ## install the packages that are missing, all groups but the servers of test-deps
	@packaging/deps.sh build recipe test bench dev

clean: ## remove what was built
	rm -rf build
