# What a newcomer types. `make demo` and `make test` begin with nothing but Python 3.11, make and a package index.

VENV := .venv
BIN := $(VENV)/bin
ARCHIVE := demo-archive
PYTEST_ARGS :=

# The first interpreter that is new enough; name another one with `make PYTHON=…`.
PYTHON = $(firstword $(foreach name,python3 python3.11 python3.12 python3.13 python3.14 python,\
	$(shell $(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))))

# Where pip can reach it, PyTorch's own index has wheels without CUDA, a tenth the size.
TORCH_INDEX := https://download.pytorch.org/whl/cpu
FIND_TORCH = import urllib.request as u; u.urlopen("$(TORCH_INDEX)/torch/", timeout=3); print("--extra-index-url=$(TORCH_INDEX)")

.PHONY: demo eval calibrate bench test check serve browser models crash scale faults flips churn screens sizes landing client overload soak extraction laws fuzz train clean

demo: $(ARCHIVE)
	@$(BIN)/pullquote ask --archive $(ARCHIVE) "What did Xi pledge?"
	@$(BIN)/pullquote ask --archive $(ARCHIVE) "Where did Imran Khan meet Xi Jinping?"
	@$(BIN)/pullquote ask --archive $(ARCHIVE) "When did Khan last visit China?"

# Run each time: what is indexed already is skipped.
.PHONY: $(ARCHIVE)
$(ARCHIVE): models
	@$(BIN)/pullquote index seeds/ --archive $(ARCHIVE)

# Run each time: what is prepared already is only checked.
models: $(VENV)/installed
	@$(BIN)/pullquote models --fetch

test: models
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

check: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Measures retrieval and answers: 16 questions over the seeds, or make eval ARCHIVE=… QUESTIONS=….
QUESTIONS := bench/questions.jsonl
eval: $(if $(filter demo-archive,$(ARCHIVE)),$(ARCHIVE))
	@$(BIN)/pullquote eval $(QUESTIONS) --archive $(ARCHIVE)

# Fits the final score of a reader of models.yaml, its calibration and the threshold, anew as the reader or the way it is
# exported changes: builds the archives (an hour on two cores), reads 5,000 questions, and goes on where it was stopped.
CALIBRATE := build/calibrate
READER := minilm-l6-reader
calibrate: models
	@$(BIN)/python -m bench.sets $(CALIBRATE) whole newsqa snippets squad
	@for set in whole newsqa snippets squad; do \
		$(BIN)/pullquote index $(CALIBRATE)/$$set/articles.jsonl --archive $(CALIBRATE)/$$set/archive || exit $$?; done
	@$(BIN)/pullquote index seeds --archive $(CALIBRATE)/seeds/archive
	@$(BIN)/pullquote models $(READER) --fetch
	@$(BIN)/python -m bench.evidence $(CALIBRATE) --reader $(READER) --out $(CALIBRATE)/$(READER)
	@$(BIN)/python -m reader.train.confidence $(CALIBRATE)/$(READER)/*.jsonl

serve: $(ARCHIVE)
	@$(BIN)/pullquote serve --archive $(ARCHIVE)

browser: $(VENV)/installed
	@if [ -x /usr/bin/chromium ]; then echo "Chromium is here: /usr/bin/chromium"; \
	elif [ -f /etc/debian_version ] && [ "$$(id -u)" = 0 ]; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium; \
	else $(BIN)/playwright install chromium; fi

# What an archive survives (docs/archive.md). `make test` has a short run of each.
crash: $(VENV)/installed
	@$(BIN)/python -m tests.crash --runs 1000

faults: $(VENV)/installed
	@$(BIN)/python -m tests.faults

flips: $(VENV)/installed
	@$(BIN)/python -m tests.flips --runs 10000

# A writer beside eight readers, for ten minutes.
churn: models
	@$(BIN)/python -m bench.churn --minutes 10

# A picture of every state of the page, to be looked at.
screens: $(ARCHIVE) browser
	@$(BIN)/python -m tests.api.screens build/screens --archive $(ARCHIVE)

sizes: $(VENV)/installed
	@$(BIN)/python -m tests.api.sizes

# 200 links to quotations, followed in Chromium: how many land (a few minutes).
landing: $(VENV)/installed browser
	@$(BIN)/python -m tests.reader.landing

# Articles out of pages beside trafilatura's plain output, and invariants 1 to 3 over real pages (some minutes).
PAGES := ../shared/data/html
extraction: $(VENV)/installed
	@$(BIN)/python -m bench.extraction $(PAGES)
laws: $(VENV)/installed
	@$(BIN)/python -m tests.laws $(PAGES)/*.tar.xz

# A hundred thousand odd requests.
fuzz: $(VENV)/installed
	@$(BIN)/python -m bench.fuzz

# Ten times what the server can answer, for five minutes; and half an hour at half of it.
overload soak: $(VENV)/installed
	@$(BIN)/python -m bench.overload $(if $(filter soak,$@),--soak --seconds 1800,--seconds 300)

# A Python client made of /openapi.json, in an environment of its own: its generator wants an older typer than we do.
client: $(VENV)/installed
	@test -x .client-venv/bin/openapi-python-client || { $(BIN)/python -m venv .client-venv \
		&& .client-venv/bin/python -m pip install -qq openapi-python-client==0.29.1; }
	@$(BIN)/python -m tests.api.generated .client-venv/bin

# Pullquote beside txtai and Haystack, which want an environment of their own; it goes on where it was stopped.
PEERS := build/peers
bench: models .bench-venv/installed
	@$(BIN)/python -m bench.sets $(PEERS) news
	@$(BIN)/python -m bench.peers $(PEERS) $(BENCH_ARGS)

.bench-venv/installed: bench/peers/requirements.txt
	@$(BIN)/python -m venv .bench-venv
	@.bench-venv/bin/python -m pip install -qq $$($(BIN)/python -c '$(FIND_TORCH)' 2>/dev/null) -r $<
	@touch $@

# A million passages, hours where nothing is embedded yet; it goes on where it was stopped. SCALE_ARGS: --sizes, --vectors.
SCALE := scale-archive
SCALE_ARGS :=
scale: $(VENV)/installed
	@$(BIN)/python -m bench.scale $(SCALE) $(SCALE_ARGS)

# A reader from base weights (those of the embedder, or BASE=FOLDER): a mean of three stages, compared with the one that
# ships; it goes on where it was stopped. Hours on two cores, minutes with DEVICE=cuda. TRAIN_ARGS, SECOND_ARGS, THIRD_ARGS:
# options of reader.train for each stage. See docs/reader.md.
DATA := ../shared/data
BASE = $$($(BIN)/python -m reader.train.base)
OUT := build/reader
DEVICE := cpu
TRAIN_QUESTIONS = $(if $(filter file,$(origin QUESTIONS)),170000,$(QUESTIONS))
COMPARED := 150
TRAIN_ARGS := --rate 4e-4 --batch-tokens 16384 --window 320
SECOND_QUESTIONS := 48000
SECOND_ARGS := --rate 1.5e-4 --batch-tokens 4096 --window 320 --dropout 0 --seed 1
THIRD_QUESTIONS := 36000
THIRD_ARGS := --rate 1e-4 --batch-tokens 4096 --window 320 --attention-dropout 0 --seed 2
LATER = $(BIN)/python -m reader.train --data $(DATA) --made $(OUT)/made --manifest reader/train/second.yaml --device $(DEVICE)
train: $(VENV)/trained
	@test -f $(OUT)/made/attributions.json.gz \
		|| $(BIN)/python -m reader.train.attributions --data $(DATA) --out $(OUT)/made/attributions.json.gz
	@base=$(BASE) && $(BIN)/python -m reader.train --data $(DATA) --made $(OUT)/made --base "$$base" \
		--out $(OUT)/first --work $(OUT)/run --questions $(TRAIN_QUESTIONS) --device $(DEVICE) $(TRAIN_ARGS)
	@$(LATER) --base $(OUT)/first --out $(OUT)/second --work $(OUT)/second-run --questions $(SECOND_QUESTIONS) $(SECOND_ARGS)
	@$(BIN)/python -m reader.train.blend $(OUT)/second $(OUT)/first --share 0.5 --out $(OUT)/mean
	@$(LATER) --base $(OUT)/mean --out $(OUT)/third --work $(OUT)/third-run --questions $(THIRD_QUESTIONS) $(THIRD_ARGS)
	@$(BIN)/python -m reader.train.blend $(OUT)/third $(OUT)/second --share 0.2 --out $(OUT)/later
	@$(BIN)/python -m reader.train.blend $(OUT)/later $(OUT)/first --share 0.4 --out $(OUT)/weights
	@$(BIN)/python -m reader.train.compare shipped=reader/weights trained=$(OUT)/weights --data $(DATA) \
		--out $(OUT)/compared --n $(COMPARED)

clean:
	rm -rf $(VENV) .client-venv .bench-venv $(ARCHIVE) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/installed: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Pullquote needs Python 3.11 or later: install it, or run make PYTHON=/path/to/it" >&2; exit 1; }
	@echo "Making $(VENV) with $(PYTHON), once: torch first, then the rest (some minutes) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq -c constraints.txt $$($(BIN)/python -c '$(FIND_TORCH)' 2>/dev/null) torch
	@$(BIN)/python -m pip install -qq -c constraints.txt -e ".[dev]"
	@touch $@

# The parser is large, and only training needs it: `make test` does without.
$(VENV)/trained: $(VENV)/installed
	@$(BIN)/python -m pip install -qq -c constraints.txt -e ".[train]"
	@touch $@
