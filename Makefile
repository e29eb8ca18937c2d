# The commands of the house. Each is a script in tools/, which can be called by hand as well. Times are for 2 cores;
# from nothing, then when little has changed.
.DEFAULT_GOAL := help
.PHONY: help demo build python test sanitize lint lint-all format bench interop conformance fuzz fresh-check

help: ## this list
	@awk -F ' *## *' '/^[a-z-]+:.*##/ { split($$1, t, ":"); printf "  make %-13s %s\n", t[1], $$2 }' $(MAKEFILE_LIST)

demo: ## a whole service: import, serve from C++ and Python, call with both, a load figure (4 min; then 10 s)
	@tools/setup build python peers-python
	@tools/run_if_there tools/demo.sh

build: ## libraries, command line and programs into build/release (1.5 min; then seconds)
	@tools/setup build
	@tools/build release

python: ## build/venv with the Python package installed (1.5 min; then seconds)
	@tools/setup build python
	@tools/python

test: ## g++ build, the Python package, all tests and checks of the repository (10 min; then 3 min)
	@tools/test

sanitize: ## the same tests with clang-19: AddressSanitizer and UBSan, then ThreadSanitizer (20 min; then 5 min)
	@tools/sanitize

lint: ## clang-tidy on the files that changed (at most 10 min)
	@tools/setup build lint
	@tools/lint.py

lint-all: ## clang-tidy on the whole tree (30 min; then what changed)
	@tools/setup build lint
	@tools/lint.py --all

format: ## clang-format on our sources, in place (seconds)
	@tools/setup format
	@tools/format

bench: ## a small, self-contained set of figures, and instruction counts of the hot paths (5 min)
	@tools/setup build test bench
	@tools/build release
	@tools/run_if_there bench/run.py
	@tools/run_if_there tools/callgrind_counts.py

interop: ## with grpcio, grpc-go and grpc-js, both ways, plaintext and TLS; needs Go 1.26 and Node 20 (8 min)
	@tools/setup build python peers-python peers-go peers-js
	@tools/build release
	@tools/python
	@tools/run_if_there tests/interop/run.py

conformance: ## h2spec in strict mode, plaintext and TLS; needs Go 1.26 (2 min)
	@tools/setup build peers-go
	@tools/build release
	@tools/run_if_there tests/conformance/h2spec.py

fuzz: ## every fuzzer for FUZZ_SECONDS each (60), and the lines that their corpus reaches (10 min)
	@tools/setup build sanitize
	@tools/run_if_there fuzz/run.py

fresh-check: ## make demo and make test in a minimal Debian root; needs root and debootstrap (30 min)
	@tools/fresh_check.sh
