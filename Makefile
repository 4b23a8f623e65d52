# make run     set up, build, and boot the board's demo system in QEMU with its console here
# make test    set up, and run every test: on the host, and in QEMU
# make soak-guests    guests that attack at random, TVISOR_SOAK_MINUTES=10 for each instruction set and GIC
# make soak    run the tests that make things up for long: TVISOR_SOAK=n times as long as in make test, from TVISOR_SEED
# make check SYSTEM=my/system.yaml      find a system file's mistakes
# make coverage                         which lines of the models and the backends the host's tests reach
# make mutants    make mistakes in a copy of the sources, one at a time, and tell which no test notices
# make manual                           write the manual into .build-manual/, as pages for a browser
# make dist     the archive of a release for this host, in .build-dist/dist; make dist-check builds it, tries it from a folder of its own
#               without Swift, and builds the commit again elsewhere, which must give the same bytes (some ten minutes)
# make build | format | lint | clean | help
#
# BOARD=name   the board (make boards lists them)     SYSTEM=file   a system file in the demo's place
# ARGS=...     further options of `tvisor run`, such as ARGS="--cpu cortex-a72 --gic 2"

BOARD ?= qemu-virt-armv8
SYSTEM ?=
ARGS ?=

host := --scratch-path .build-host
# The tests that TVISOR_SOAK makes longer.
soaked := ReferenceTests|RandomizedTests|LawlessGuestTests|TimerPropertyTests|RandomExitTests|FuzzTests
tool := .build-host/debug/tvisor
sources := Package.swift Sources Tests arch boot platforms
reports := .build-host/reports

.PHONY: dist dist-check run test soak soak-guests setup place tool build check boards format lint coverage mutants manual clean help

run: setup tool
	@$(tool) run $(SYSTEM) --board $(BOARD) $(ARGS)

# The tests in QEMU run even where a test on the host failed, so that one run tells all.
test: place
	@boot/setup/setup.sh --tests
	@mkdir -p $(reports) && rm -f $(reports)/*.xml
	@status=0; \
	swift test $(host) --skip '^SystemTests\.' --xunit-output $(reports)/host.xml || status=1; \
	{ swift build $(host) --product tvisor && $(tool) build; } || exit 1; \
	swift test $(host) --filter '^SystemTests\.' --xunit-output $(reports)/system.xml || status=1; \
	exit $$status

# Prints how far it is, and a table at its end. TVISOR_SEED has a run's attacks again.
soak-guests: setup tool
	@$(tool) build --quiet
	@TVISOR_SOAK_MINUTES=$${TVISOR_SOAK_MINUTES:-10} swift test $(host) --filter 'FuzzTests.soak'

# Without a seed each soak has another; it is printed, and TVISOR_SEED has it again.
soak: place setup
	@export TVISOR_SOAK=$${TVISOR_SOAK:-50} TVISOR_SEED=$${TVISOR_SEED:-$$(date +%s)}; \
	echo "TVISOR_SOAK=$$TVISOR_SOAK TVISOR_SEED=$$TVISOR_SEED"; \
	swift test $(host) --filter '$(soaked)'

setup:
	@boot/setup/setup.sh

# A build folder keeps the paths that it was made at: one of a checkout that was moved begins anew.
place:
	@if [ -d .build-host ] && [ "$$(cat .build-host/checkout 2>/dev/null || pwd)" != "$$(pwd)" ]; then rm -rf .build-host; fi
	@mkdir -p .build-host && pwd > .build-host/checkout

tool: place
	@swift build $(host) --product tvisor --quiet

build: setup tool
	@$(tool) build

# The demo names guests of our own, so they are built first.
check: setup tool
	@$(tool) build --quiet
	@$(tool) check $(or $(SYSTEM),platforms/$(BOARD)/demo/system.yaml) --board $(BOARD) $(ARGS)

boards: tool
	@$(tool) boards

format:
	@swift format format --in-place --parallel --recursive $(sources)

lint:
	@swift format lint --strict --parallel --recursive $(sources)

# In a folder of its own, because counting changes every object file.
coverage := --scratch-path .build-coverage
coverage:
	@boot/setup/setup.sh --manual
	@swift test $(coverage) --enable-code-coverage --skip '^SystemTests\.'
	@folder=$$(swift build $(coverage) --show-bin-path); \
	"$$(dirname "$$(readlink -f "$$(command -v swift)")")/llvm-cov" report $$folder/TVisorPackageTests.xctest -instr-profile=$$folder/codecov/default.profdata \
	  Sources/Virtualization arch/common arch/armv8 arch/armv7

mutants: place
	@boot/setup/setup.sh --tests
	@swift build $(host) --product mutants --quiet
	@.build-host/debug/mutants $(ARGS)

manual: place
	@boot/setup/setup.sh --manual
	@swift build $(host) --product manual --quiet
	@.build-host/debug/manual --output .build-manual

dist: manual
	@boot/release/dist.sh

dist-check: manual
	@boot/release/dist.sh --check

# The set-up's downloads stay: `rm -r .build-setup ~/.cache/tvisor` removes those.
clean:
	rm -rf .build-host .build-dist .build-coverage .build-mutants .build-armv8 .build-armv7 .build-guest-armv8 .build-guest-armv7 .build-run .build-manual

help:
	@sed -n 's/^# \{0,1\}//p;/^$$/q' Makefile
