# `make` lists the targets.
.DEFAULT_GOAL := help
.PHONY: help deps build release test definition-test bench converge counts fuzz demo image image-test kubelet-test dist format lint
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c

SOURCES := Sources Tests Package.swift
RELEASE := -c release --static-swift-stdlib --product secrets-distributor

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r name text; do \
		printf '  %-16s %s\n' "$$name" "$$text"; done

deps: ## Install missing Debian or Ubuntu packages (sudo)
	@Tests/Tools/deps

build: deps ## Build a debug version
	swift build

release: deps ## Build the release version
	swift build $(RELEASE)
	@echo "$$(swift build $(RELEASE) --show-bin-path)/secrets-distributor"

# Limits the number of parallel tests, so that no test waits too long for the others on two cores.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH ?= 12

test: ## Run all tests, some against a real API server
	@Tests/Tools/deps --tests
	assets=$$(Tests/Tools/apiserver-assets); KUBEBUILDER_ASSETS="$$assets" swift test

definition-test: ## Test the resource definitions on a current API server, built from Debian sid
	Tests/Tools/definition-test -test.v

# make bench BENCH='--quick --only latency'
BENCH := --output docs
bench: release ## Benchmark the release version, and compare it with the API server's own limit
	@Tests/Tools/deps --tests
	swift build $(RELEASE:secrets-distributor=benchmark)
	assets=$$(Tests/Tools/apiserver-assets); bin=$$(swift build $(RELEASE) --show-bin-path); \
		KUBEBUILDER_ASSETS="$$assets" "$$bin/benchmark" --program "$$bin/secrets-distributor" $(BENCH)

# make converge SECONDS=3600 SEED=7
SECONDS := 60
converge: deps ## Run the convergence test: random faults, checked by an oracle
	assets=$$(Tests/Tools/apiserver-assets); KUBEBUILDER_ASSETS="$$assets" CONVERGENCE_SECONDS=$(SECONDS) \
		$(if $(SEED),CONVERGENCE_SEED=$(SEED)) swift test --filter ConvergenceTests

counts: ## Compare instructions and allocations of the hot paths with the baseline
	@Tests/Tools/deps --tests
	Tests/Tools/counts

# make fuzz TARGET=yaml SECONDS=600
TARGET := all
fuzz: deps ## Fuzz the code that parses bytes from outside
	Tests/Tools/fuzz $(TARGET) $(SECONDS)

demo: release ## Show a rotation from a file to a Secret
	Tests/Tools/demo "$$(swift build $(RELEASE) --show-bin-path)/secrets-distributor"

# The targets below take the program that `make release` builds.
PROGRAM = $$(swift build $(RELEASE) --show-bin-path)/secrets-distributor

# Not in dist, whose checksums and manifests belong to the image that `make dist` built.
image: release ## Build the image as an OCI archive in the folder image, without a container engine
	Tests/Tools/image "$(PROGRAM)" image

image-test: image ## Build the image again, compare, and run it with runc against a real API server (sudo)
	@Tests/Tools/deps --tests
	Tests/Tools/image-test "$(PROGRAM)" image

kubelet-test: image ## Run the image in a pod of a real kubelet, which rotates its volume (sudo)
	@Tests/Tools/deps --tests
	Tests/Tools/kubelet-test image

# make dist IMAGE=registry.example/secrets-distributor SOURCE_URL=https://git.example/secrets-distributor
dist: release ## Build the files of a release in dist: program, image, chart, manifests, SBOM, checksums
	Tests/Tools/dist "$(PROGRAM)"

format: ## Format the sources
	swift format --in-place --recursive $(SOURCES)

lint: ## Check the sources' format
	swift format lint --strict --recursive $(SOURCES)
