# The two commands are `make run` and `make test`; `make check` is what every commit must pass.
.DEFAULT_GOAL := help
.PHONY: help run test check fmt generate examples fuzz-api bench clean

ARGS ?=

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

run: ## build, then start the demo network (ARGS="--until-trades 20 --clock-rate 600")
	@scripts/needs.sh build
	cargo build --release --locked --bin wattmandi
	./target/release/wattmandi demo $(ARGS)

test: ## install and start what the tests need, run everything on both databases, stop it
	@scripts/test.sh

check: ## format, lints, licences and bans, generated files unchanged
	@scripts/check.sh

fmt: ## format the code
	cargo fmt --all

generate: ## write the generated files anew: schemas/, docs/openapi.json, the types of the clients
	@scripts/generate.sh

examples: ## record the examples of the OpenAPI document from a demo, then generate
	cargo build --locked --bin wattmandi
	python3 scripts/examples.py
	@scripts/generate.sh

fuzz-api: ## 10,000 requests of schemathesis against a demo (ARGS="50000 7": as many, from that seed)
	@scripts/needs.sh build
	cargo build --locked --bin wattmandi
	python3 tests/foreign/fuzz.py $(ARGS)

bench: ## the ratios of the README, in one run
	@scripts/bench.sh

clean: ## remove what was built
	cargo clean
