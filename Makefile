# Targets for readers and contributors. `make` alone lists them.
PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export CNNBOOK_MODE ?= quick
# Committed outputs are those of a CPU; `make … CUDA_VISIBLE_DEVICES=0` uses a GPU.
export CUDA_VISIBLE_DEVICES ?=
# FRESH=1 believes no earlier pass; CHECKS="lint unit" or ONLY=name choose what is proved.
export FRESH ?=
CHECKS ?=
ONLY ?=

.DEFAULT_GOAL := help
.PHONY: help book serve test lint exercises tidy notebooks grade-demo bench bench-grading bench-book bench-loop test-nbgrader lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' \
		| awk -F'|' '{printf "  make %-12s %s\n", $$1, $$2}'

.venv/installed: requirements.txt pyproject.toml scripts/create_venv.sh
	@PYTHON="$(PYTHON)" bash scripts/create_venv.sh
	@touch $@

book: .venv/installed ## execute every chapter and render the book to _build/html
	@$(BIN)/python -m scripts.build_book

serve: book ## build, then serve the book on localhost and print the address
	@$(BIN)/python -m scripts.serve

test: .venv/installed ## prove what a change touches; FRESH=1 proves everything anew
	@$(BIN)/python -m scripts.run_checks $(CHECKS)

test-%: .venv/installed
	@$(BIN)/python -m scripts.run_checks $* --only "$(ONLY)"

lint: .venv/installed ## ruff, mypy, and notebooks as `make tidy` leaves them
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/python -m scripts.tidy_notebooks --check

exercises: .venv/installed ## generate exercises/ from solutions/
	@$(BIN)/python -m scripts.release_exercises

tidy: .venv/installed ## bring notebooks and code into their one form
	@$(BIN)/ruff check --fix-only -q . ; $(BIN)/ruff format -q . ; $(BIN)/python -m scripts.tidy_notebooks

notebooks: .venv/installed ## run every notebook and keep its outputs, then tidy
	@$(BIN)/python -m scripts.run_notebooks && $(MAKE) --no-print-directory tidy

grade-demo: .venv/installed ## grade a small class with nbgrader and print its scores
	@$(BIN)/python -m scripts.grade_demo

# Memory that is given back is faulted in again, page by page and now and then, which costs a
# network's epoch up to 8 %: for comparisons the allocator keeps what it has.
bench: export MALLOC_MMAP_THRESHOLD_ = 4000000000
bench: export MALLOC_TRIM_THRESHOLD_ = 8000000000
bench: .venv/installed ## measure what the library promises about speed, as ratios
	@$(BIN)/pip install -q --disable-pip-version-check -e '.[bench]' && $(BIN)/python -m scripts.bench

bench-grading: .venv/installed ## time grading against nbgrader's autograde
	@$(BIN)/python -m scripts.bench_grading

bench-book: .venv/installed ## time the book and nbval with forked kernels against usual ones
	@$(BIN)/python -m scripts.bench_book

bench-loop: .venv/installed ## time what a contributor waits for after each kind of change
	@$(BIN)/python -m scripts.bench_loop

test-nbgrader: .venv/installed ## nbgrader's own tests with this course's settings
	@$(BIN)/python -m scripts.nbgrader_own_tests

lock: .venv/installed ## write the exact versions of everything installed into requirements.txt
	@$(BIN)/python -m scripts.lock_requirements

clean: ## remove what was built (not .venv)
	@rm -rf _build dist build *.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache
