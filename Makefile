# "make" alone lists what there is. Everything works from a clean clone with Go, git and make.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

BIN       := bin/hlsship
TOOLS     := $(CURDIR)/.cache/bin
VERSION   ?= $(patsubst v%,%,$(shell git describe --tags --always --dirty 2>/dev/null))
COMMIT    ?= $(shell git rev-parse HEAD 2>/dev/null)
LDFLAGS   := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)

# The S3 server of the tests. uploader/storetest names the same version.
VERSITYGW := v1.8.0
GOLANGCI  := v2.15.0
# Builds the packages.
NFPM      := v2.45.0

# Looks for known vulnerabilities.
GOVULNCHECK := v1.9.0

# How long each fuzz target runs in "make fuzz", how many streams "make nightly" ships, and how long "make
# soak" does.
FUZZTIME  ?= 1m
RUNS      ?= 10000
SOAK      ?= 1h
# More than two packages at once starve each other on small machines. Those of cmd/hlsship, which play
# streams in real time, go last and alone.
TESTFLAGS ?= -race -shuffle=on -p 2 -timeout 15m
# The race detector crashes now and then when two processors fire timers of one synctest bubble at once
# (go.dev/issue/78156). The packages that live in bubbles have one processor each; two packages still run at once.
ONECPU    := -cpu 1

# $(call timed,NAME,COMMANDS) runs the commands and says how long they took.
timed = @printf '== %s\n' '$(1)'; start=$$SECONDS; if { $(2); }; then printf '== %s: %d s\n' '$(1)' $$((SECONDS - start)); \
	else printf '== %s: FAILED after %d s\n' '$(1)' $$((SECONDS - start)); exit 1; fi

# Fails with the names of files that gofmt would change.
UNFORMATTED = unformatted=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$unformatted" ] || { echo "not formatted: $$unformatted"; exit 1; }

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: build ## play a live stream through hlsship in the browser; Ctrl-C stops it
	@exec $(BIN) demo

.PHONY: test
test: test-deps ## install what the tests need and run them all
	$(call timed,tests,go test $(TESTFLAGS) $(ONECPU) $$(go list ./... | grep -v /cmd/hlsship))
	$(call timed,tests in real time,go test $(TESTFLAGS) ./cmd/hlsship)
	$(call timed,chart and compose file,cd packaging/checks && PATH="$(TOOLS):$$PATH" go test -p 2 -count=1 -timeout 10m ./...)

# Most tests wait rather than work, so that many may run at once; TestOrder works, and ships a tenth of its streams.
.PHONY: quick
quick: go-version ## check format, vet and run all tests that need no real server, in under a minute
	$(call timed,format,$(UNFORMATTED))
	$(call timed,vet,go vet ./...)
	$(call timed,tests without servers,go test -short -parallel 8 -skip '^TestOrder$$' ./...)
	$(call timed,random streams,go test -short ./uploader -run '^TestOrder$$' -order.runs=50)

.PHONY: build
build: go-version ## build bin/hlsship
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/hlsship

.PHONY: test-deps
test-deps: go-version ## install what the tests need: ffmpeg, Chromium, a C compiler, npm, versitygw, Prometheus
	$(call timed,system packages,.ci/deps)
	$(call timed,Go modules,go mod download)
	$(call timed,versitygw $(VERSITYGW),$(MAKE) .cache/versitygw-$(VERSITYGW))

.cache/versitygw-$(VERSITYGW):
	@mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) GOFLAGS= CGO_ENABLED=0 go install github.com/versity/versitygw/cmd/versitygw@$(VERSITYGW)
	@touch $@

.PHONY: go-version
go-version:
	@want=$$(awk '$$1 == "go" {print $$2}' go.mod); \
	have=$$(go env GOVERSION 2>/dev/null) || { echo "Go $$want or newer is needed and was not found or is too old: see https://go.dev/dl/"; exit 1; }; \
	[ "$$(printf '%s\n' "go$$want" "$${have%%[-+ ]*}" | sort -V | head -n 1)" = "go$$want" ] || \
	{ echo "Go $$want or newer is needed, this is $$have: see https://go.dev/dl/"; exit 1; }

.PHONY: lint
lint: go-version ## check style: golangci-lint if it is installed, else gofmt and go vet
	@if tool=$$(PATH="$(TOOLS):$$PATH" command -v golangci-lint); then "$$tool" run ./...; else \
	echo "golangci-lint is not installed (make lint-deps does so): gofmt and go vet only"; \
	$(UNFORMATTED); \
	go vet ./...; fi

.PHONY: lint-deps
lint-deps: go-version ## build golangci-lint; takes some minutes
	GOBIN=$(TOOLS) GOFLAGS= CGO_ENABLED=0 go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI)

.PHONY: vuln
vuln: go-version .cache/govulncheck-$(GOVULNCHECK) ## look for known vulnerabilities; skipped where their database is out of reach
	$(call timed,known vulnerabilities,.ci/vuln)

.cache/govulncheck-$(GOVULNCHECK):
	@mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) GOFLAGS= CGO_ENABLED=0 go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK)
	@touch $@

.PHONY: fmt
fmt: ## format all Go files
	gofmt -w $$(git ls-files '*.go')

.PHONY: docs
docs: ## write the tables of the documents again, from the code
	go test ./cmd/hlsship ./metrics -run '^(TestReference|TestManual|TestCheckText|TestManPage|TestCompletions|TestExposition)$$' -update
	go test . -run '^TestTables$$' -update

.PHONY: pictures
pictures: test-deps ## write the pictures of the status page in docs again; look at them before you commit
	go test ./cmd/hlsship -run '^TestStatusPictures$$' -pictures -count=1

.PHONY: manifests
manifests: go-version ## write packaging/kubernetes anew from the chart, and what the chart copies
	cd packaging/checks && for part in TestCopies TestPlainManifests; do go test -run "^$$part\$$" -update .; done

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME (1m)
	@go test -list '^Fuzz' ./... | awk '/^Fuzz/ {name[++n] = $$1} /^ok/ {for (i = 1; i <= n; i++) print $$2, name[i]; n = 0}' | \
	while read -r package name; do echo "== $$package $$name"; \
	go test "$$package" -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s < /dev/null; done

.PHONY: nightly
nightly: ## ship RUNS (10000) random streams against the viewer, then fuzz
	go test ./uploader -run '^TestOrder$$' -order.runs=$(RUNS) -timeout 60m
	@$(MAKE) fuzz

.PHONY: soak
soak: test-deps ## ship through random faults and kills for SOAK (1h), with a report
	go test -race ./cmd/hlsship -run '^TestSoak$$' -chaos.soak=$(SOAK) -count=1 -timeout 0 -v

.PHONY: bench
bench: test-deps ## measure hlsship beside bare PUTs and sync tools for three quarters of an hour; writes docs/bench.md and its figures
	go run ./bench -markdown docs/bench.md

.PHONY: test-packagers
test-packagers: test-deps ## install every packager and ship what each writes, live, killed and recorded; updates the matrix
	$(call timed,packagers,.ci/packagers)
	go test -race ./cmd/hlsship -run '^TestPackagers$$' -packagers.all -update -count=1 -timeout 45m -v

.PHONY: test-players
test-players: test-deps ## install seven players and have them watch restarts, ends, silence and holes; updates docs/players.md
	$(call timed,players,.ci/players)
	go test ./cmd/hlsship -run '^TestRestartSeen$$' -players.all -update -count=1 -timeout 30m -v

.PHONY: test-stores
test-stores: test-deps ## install every S3 server that can be had and hold hlsship against each; updates docs/stores.md
	$(call timed,S3 servers,.ci/stores)
	go test -race ./cmd/hlsship -run '^TestServers$$' -stores.all -update -count=1 -timeout 30m -v

.PHONY: test-night
test-night: test-deps ## cause every fault that somebody is woken for while a real Prometheus looks on; takes six minutes
	go test -race ./cmd/hlsship -run '^TestNight$$' -night.all -count=1 -timeout 20m -v

.PHONY: deb
deb: go-version .cache/nfpm-$(NFPM) ## build dist/hlsship_VERSION_ARCH.deb for amd64 and arm64
	VERSION='$(VERSION)' LDFLAGS='$(LDFLAGS)' packaging/build $@ amd64 arm64

.PHONY: rpm
rpm: go-version .cache/nfpm-$(NFPM) ## build dist/hlsship-VERSION.ARCH.rpm for amd64 and arm64
	VERSION='$(VERSION)' LDFLAGS='$(LDFLAGS)' packaging/build $@ amd64 arm64

.cache/nfpm-$(NFPM):
	@mkdir -p $(TOOLS)
	GOBIN=$(TOOLS) GOFLAGS= CGO_ENABLED=0 go install github.com/goreleaser/nfpm/v2/cmd/nfpm@$(NFPM)
	@touch $@

.PHONY: test-packaging
test-packaging: test-deps .cache/nfpm-$(NFPM) ## install the packages in a Debian that boots, build the image; takes ten minutes and root
	$(call timed,system packages,.ci/packaging)
	$(call timed,packages and image,go test ./packaging -packaging.all -count=1 -v -timeout 30m)
	$(call timed,alerts and dashboard,cd packaging/checks && PATH="$(TOOLS):$$PATH" go test -count=1 -timeout 10m ./...)

.PHONY: clean
clean: ## remove what was built and the tools that were fetched
	rm -rf bin dist .cache
