# SPDX-License-Identifier: Apache-2.0
# A thin front door to CMake and ctest. `make help` lists what there is.

# When this make began: the demo says how long its first progress line took.
START := $(shell date +%s.%N)
JOBS ?= $(shell nproc)
STAMPS := build/stamps
STAGE := sh cmake/stage.sh

# A stamp does not count when what it stands for is gone.
unless = $(if $(strip $(1)),,FORCE)
TORCH := $(or $(LT_TORCH_ROOT),$(wildcard .venv/lib/python3*/site-packages/torch/lib/libtorch_cpu.so))
cache = $(wildcard build/$(1)/CMakeCache.txt)
CONFIGURE = CMAKE_GENERATOR="$$(command -v ninja >/dev/null && echo Ninja || echo Unix Makefiles)" \
	$(STAGE) "configure $(1)" cmake --preset $(1) $(2) && touch $@

# A tree that is configured for the tests serves the demo as well.
DEMO := $(firstword $(wildcard $(STAMPS)/release-tests) $(STAMPS)/release)

.PHONY: help demo test interop cuda setup conformance bench bench-ddp bench-compile fault-test sanitize sanitize-short test-fresh format clean FORCE

help:
	@echo "make demo           set up, build and run examples/digits"
	@echo "make test           set up, build and run all tests (g++ and clang)"
	@echo "make interop        exchange files with Python's Lightning, PyTorch and TensorBoard (installs them, 5 GB)"
	@echo "make cuda           build what waits for a CUDA device, and run it where there is one (needs nvcc)"
	@echo "make setup          install what the two need: Debian packages, LibTorch into .venv"
	@echo "make conformance    run the conformance suite and judge it (ONLY='ckpt_*': some cases)"
	@echo "make bench          compare with hand-written LibTorch loops"
	@echo "make bench-ddp      two ranks over one process, beside Python's (installs it, 5 GB)"
	@echo "make fault-test     training with two ranks, one of them killed 20 times"
	@echo "make bench-compile  measure what the headers cost to compile"
	@echo "make sanitize       unit tests under the address, undefined-behaviour and thread sanitizers"
	@echo "make sanitize-short the part of it that .ci/run can afford"
	@echo "make test-fresh     make demo and make test on a fresh Debian 12 in a folder (as root)"
	@echo "make format         clang-format all sources"
	@echo "make clean          remove build/ (not .venv/)"

demo: $(DEMO)
	@cmake --build build/release --target digits --parallel $(JOBS)
	@python3 cmake/run_demo.py $(START) build/release/examples/digits

test: $(STAMPS)/release-tests $(STAMPS)/dev-clang
	@$(STAGE) "build release" cmake --build build/release --parallel $(JOBS)
	@$(STAGE) "build dev-clang" cmake --build build/dev-clang --parallel $(JOBS)
	@sh cmake/run_ctest.sh release dev-clang

interop: $(STAMPS)/release-tests
	@$(STAGE) "build interop" cmake --build build/release --target interop --parallel $(JOBS)
	@rm -f build/interop/junit.xml
	@python=$$(sh cmake/interop.sh) && $(STAGE) "tests of interop" "$$python" tests/interop/run.py \
		build/release/tests/interop/interop build/interop/junit.xml; \
		python3 cmake/sum_tests.py build/interop/junit.xml

cuda: $(STAMPS)/setup-test
	@sh cmake/cuda.sh $(JOBS)

setup: $(STAMPS)/setup-test

conformance: $(STAMPS)/release-tests
	@cmake --build build/release --target conformance --parallel $(JOBS)
	@python3 tests/conformance/check.py build/release/tests/conformance/conformance $(if $(ONLY),--only '$(ONLY)')

bench: $(STAMPS)/release-bench
	@cmake --build build/release --target bench --parallel $(JOBS)
	@for program in build/release/bench/bench_*; do if [ -f "$$program" ]; then "$$program" || exit 1; fi; done

bench-ddp: $(STAMPS)/release-bench
	@cmake --build build/release --target bench_ddp --parallel $(JOBS)
	@python=$$(sh cmake/interop.sh) && "$$python" bench/ddp/compare.py build/release/bench/ddp/bench_ddp

bench-compile: $(STAMPS)/setup-test
	@python3 bench/compile_time.py

KILLS ?= 20
fault-test: $(STAMPS)/release-tests
	@cmake --build build/release --target lt_distributed_train --parallel $(JOBS)
	@python3 tests/distributed/test_faults.py build/release/tests/distributed/lt_distributed_train $(KILLS)

sanitize: $(STAMPS)/asan $(STAMPS)/tsan
	@$(STAGE) "build asan" cmake --build build/asan --parallel $(JOBS)
	@$(STAGE) "build tsan" cmake --build build/tsan --parallel $(JOBS)
	@sh cmake/run_ctest.sh asan tsan

# Layers 1-2 and what reads files that others wrote; the threads that write.
SHORT_ASAN := lt_core_tests lt_test_checkpoint
SHORT_TSAN := lt_core_tests lt_test_loggers
sanitize-short: $(STAMPS)/asan $(STAMPS)/tsan
	@$(STAGE) "build asan, in part" cmake --build build/asan --target $(SHORT_ASAN) --parallel $(JOBS)
	@$(STAGE) "build tsan, in part" cmake --build build/tsan --target $(SHORT_TSAN) --parallel $(JOBS)
	@sh cmake/run_ctest.sh --only '^(core|torch\.checkpoint)\.' asan; status=$$?; \
		sh cmake/run_ctest.sh --only '^(core|torch\.loggers)\.' tsan && exit $$status

test-fresh:
	@sh cmake/test-fresh.sh

format:
	@sh cmake/setup.sh format
	@git ls-files --cached --others --exclude-standard '*.hpp' '*.cpp' '*.def' | xargs clang-format-19 -i

clean:
	rm -rf build

# ---- done once, until what they depend on changes -----------------------------------------------

$(STAMPS)/setup-%: cmake/setup.sh cmake/requirements.txt $(call unless,$(TORCH))
	@mkdir -p $(STAMPS)
	@$(STAGE) "set-up for $*" sh cmake/setup.sh $* && touch $@

$(STAMPS)/release: $(STAMPS)/setup-demo CMakePresets.json $(call unless,$(call cache,release))
	@$(call CONFIGURE,release,-D LT_BUILD_TESTS=OFF)

$(STAMPS)/release-tests: $(STAMPS)/setup-test CMakePresets.json $(call unless,$(call cache,release))
	@$(call CONFIGURE,release,-D LT_BUILD_TESTS=ON -D LT_WITH_DDP=ON -D LT_WERROR=ON)

$(STAMPS)/release-bench: $(STAMPS)/setup-bench $(STAMPS)/release-tests
	@$(call CONFIGURE,release,-D LT_BUILD_BENCH=ON)

$(STAMPS)/dev-clang: $(STAMPS)/setup-test CMakePresets.json $(call unless,$(call cache,dev-clang))
	@$(call CONFIGURE,dev-clang)

$(STAMPS)/asan: $(STAMPS)/setup-test CMakePresets.json $(call unless,$(call cache,asan))
	@$(call CONFIGURE,asan)

$(STAMPS)/tsan: $(STAMPS)/setup-test CMakePresets.json $(call unless,$(call cache,tsan))
	@$(call CONFIGURE,tsan)

.PRECIOUS: $(STAMPS)/setup-%
