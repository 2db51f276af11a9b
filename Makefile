# `make` lists what there is to make.
.DEFAULT_GOAL := help
.PHONY: help deps build release test bench converge counts fuzz demo runtime-root format lint
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c

SOURCES := Sources Tests Package.swift
RELEASE := -c release --static-swift-stdlib --product secrets-distributor

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r name text; do \
		printf '  %-12s %s\n' "$$name" "$$text"; done

deps: ## Install the Debian or Ubuntu packages that are missing (sudo)
	@Tests/Tools/deps

build: deps ## Build for debugging
	swift build

release: deps ## Build the program as it is shipped
	swift build $(RELEASE)
	@echo "$$(swift build $(RELEASE) --show-bin-path)/secrets-distributor"

# Faults need time and two cores: what runs at once is bounded, so that no test waits for the others.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH ?= 12

test: ## Run all tests, against a real API server too
	@Tests/Tools/deps --tests
	assets=$$(Tests/Tools/apiserver-assets); KUBEBUILDER_ASSETS="$$assets" swift test

# make bench BENCH='--quick --only latency'
BENCH := --output docs
bench: release ## Measure the program as it is shipped, beside a real API server's own limit
	@Tests/Tools/deps --tests
	swift build $(RELEASE:secrets-distributor=benchmark)
	assets=$$(Tests/Tools/apiserver-assets); bin=$$(swift build $(RELEASE) --show-bin-path); \
		KUBEBUILDER_ASSETS="$$assets" "$$bin/benchmark" --program "$$bin/secrets-distributor" $(BENCH)

# make converge SECONDS=3600 SEED=7
SECONDS := 60
converge: deps ## Throw everything at the program, against an oracle
	assets=$$(Tests/Tools/apiserver-assets); KUBEBUILDER_ASSETS="$$assets" CONVERGENCE_SECONDS=$(SECONDS) \
		$(if $(SEED),CONVERGENCE_SEED=$(SEED)) swift test --filter ConvergenceTests

counts: ## Compare what the hot paths cost with the baseline
	@Tests/Tools/deps --tests
	Tests/Tools/counts

# make fuzz TARGET=yaml SECONDS=600
TARGET := all
fuzz: deps ## Fuzz what parses bytes from outside
	Tests/Tools/fuzz $(TARGET) $(SECONDS)

demo: release ## Show a rotation from file to Secret
	Tests/Tools/demo "$$(swift build $(RELEASE) --show-bin-path)/secrets-distributor"

runtime-root: release ## Prove the image's run-time packages in a Debian root (sudo)
	Tests/Tools/runtime-root "$$(swift build $(RELEASE) --show-bin-path)/secrets-distributor"

format: ## Format the sources
	swift format --in-place --recursive $(SOURCES)

lint: ## Check the sources' format
	swift format lint --strict --recursive $(SOURCES)
