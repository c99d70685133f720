# The two commands are `make run` and `make test`; `make check` is what every commit must pass.
.DEFAULT_GOAL := help
.PHONY: help run test check fmt generate bench clean

ARGS ?=

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

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

generate: ## write the generated files anew: schemas/, docs/openapi.json
	@scripts/generate.sh

bench: ## the ratios of the README, in one run
	@scripts/bench.sh

clean: ## remove what was built
	cargo clean
