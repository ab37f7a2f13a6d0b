# The two commands of the README are `make up` and `make test`; the rest is for developers.
GO     ?= go
BIN    := bin
FLAGS  :=
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LD     := -s -w -X main.version=$(VERSION)
export GOFLAGS ?= -buildvcs=false

.PHONY: up build verify-build examination test lint bench torture e2e deb deb-check sbom build-static gen fuzz clean

## up: build, start everything embedded, enrol this host, print the address
up: build
	@exec $(BIN)/attesta up $(if $(DATA),--data $(DATA)) $(if $(LISTEN),--listen $(LISTEN))

## build: the programs, into bin/
build:
	@mkdir -p $(BIN)
	$(GO) build $(FLAGS) -ldflags '$(LD)' -o $(BIN)/attesta ./cmd/attesta
	CGO_ENABLED=0 $(GO) build $(FLAGS) -ldflags '$(LD)' -o $(BIN)/attesta-agent ./cmd/attesta-agent
	CGO_ENABLED=0 $(GO) build $(FLAGS) -ldflags '$(LD)' -o $(BIN)/attesta-verify ./cmd/attesta-verify

## verify-build: the offline verifier, as anybody builds it again: same source, same Go, same bytes
verify-build:
	@mkdir -p $(BIN)
	CGO_ENABLED=0 GOFLAGS= GOAMD64=v1 $(GO) build -trimpath -buildvcs=false -ldflags '-s -w' -o $(BIN)/attesta-verify ./cmd/attesta-verify
	@$(GO) version
	@wc -c < $(BIN)/attesta-verify | sed 's/$$/ bytes/'
	@cd $(BIN) && sha256sum attesta-verify

## test: install what the tests need where that may be done, then run all of them; what this machine cannot run is listed as NOT RUN
test:
	@scripts/test

## examination: an examination played through on this host, to the package that an auditor verifies, and each way to tamper with it
examination:
	@scripts/examination

## lint: formatting, vet, staticcheck, generated files fresh, licences and known vulnerabilities of what is linked
lint:
	@scripts/lint

## bench: every benchmark once, with its ratios
bench:
	@scripts/bench

## torture: 1,000 rounds of kill -9 (CI runs 50)
torture:
	@ATTESTA_TORTURE_ROUNDS=1000 scripts/torture

## e2e: the screens in Chromium, with axe
e2e: build
	@scripts/e2e

## deb: Debian packages of the server and of the agent, into bin/deb
deb:
	@scripts/deb

## deb-check: the same bytes twice, installed into a throw-away root, started, units verified
deb-check:
	@scripts/deb-check

## sbom: what was linked into the programs of `make build`, as CycloneDX, into bin/sbom.cdx.json
sbom: build
	cd tools && $(GO) run ./sbom ../$(BIN)/attesta ../$(BIN)/attesta-agent ../$(BIN)/attesta-verify > ../$(BIN)/sbom.cdx.json

## build-static: the server without a C library, into bin/static, for packaging/Containerfile
build-static:
	@mkdir -p $(BIN)/static/data
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LD)' -o $(BIN)/static/attesta ./cmd/attesta

## gen: fact types and docs, templates
gen:
	$(GO) generate ./internal/...
	cd tools && $(GO) tool templ generate -path ../internal/web

## fuzz: a minute on each fuzz target
fuzz:
	@scripts/fuzz

clean:
	rm -rf $(BIN) e2e/out
