# The project's commands. Times are for two CPU cores; the first command of all adds some minutes for the installation.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

SHELL = bash
.SHELLFLAGS = -euo pipefail -c
.DEFAULT_GOAL = help
.DELETE_ON_ERROR:

# TensorFlow logs to standard error even at level 3 unless oneDNN is off too.
export TF_CPP_MIN_LOG_LEVEL = 3
export TF_ENABLE_ONEDNN_OPTS = 0
# The networks here are small: a second thread gains PyTorch nothing on idle cores and costs it tenfold on busy ones.
export OMP_NUM_THREADS = 1
export PYTHONDONTWRITEBYTECODE = 1
# What the person has solved, who runs the notebooks, is left alone.
export GANLIB_EXERCISES = $(CURDIR)/_build/exercises

.PHONY: help book test thorough more lint pytest unit long full notebook-tests mutations one-framework newest colab notebooks
.PHONY: pdf picture wheel clean

help:  ## says what each command does
	@echo 'Commands (make COMMAND; PYTHON=python3.12 chooses the Python, 3.11 to 3.13):'
	@sed -nE 's/^([a-z-]+):.*## (.*)/  \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

book: $(VENV)/.installed  ## builds the site in _build/html; 0.5 min
	@echo 'Building the book from its stored outputs.'
	@$(BIN)/jupyter-book build . -W --keep-going -n | { grep --line-buffered -E $(PROGRESS) || true; }
	@echo
	@echo 'The book is in _build/html. Open _build/html/index.html, or serve it:'
	@echo '    $(BIN)/python -m http.server --directory _build/html'
	@echo 'and open http://localhost:8000.'

pdf: book  ## prints the built book into _build/html/book.pdf, with a headless Chromium; 2 min
	@$(BIN)/python scripts/pdf.py

# Of what Sphinx prints: how far it is. Warnings, which end it, and errors go to standard error and are all shown.
PROGRESS = '(reading|writing) .*%]|build (succeeded|finished)'

TEST = lint pytest notebook-tests
# In the order in which .ci/run takes as many as there is time for.
MORE = full one-framework mutations

test: $(VENV)/.installed  ## runs the checks, the tests, and the notebooks that changed; 20 min
	@$(BIN)/python scripts/stages.py $(TEST)

thorough: $(VENV)/.installed  ## runs all that exists, every notebook again; 50 min
	@$(BIN)/python scripts/stages.py $(TEST) $(MORE) ALL=--all

MINUTES ?= inf
more: $(VENV)/.installed  ## runs what thorough has beyond test; MINUTES=20 leaves out what takes longer; 20 min
	@$(BIN)/python scripts/stages.py --minutes $(MINUTES) $(MORE)

lint: $(VENV)/.installed  ## checks style and types; 0.5 min
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

PYTEST = $(BIN)/python -m pytest -q -n 2 --dist loadgroup

pytest: $(VENV)/.installed  ## runs all tests but those that are marked as thorough; 15 min
	$(PYTEST) -m 'not thorough'

unit: $(VENV)/.installed  ## of these, what neither trains nor starts processes nor opens a browser; 2 min
	$(PYTEST) -m 'not thorough and not long'

long: $(VENV)/.installed  ## of these, what does; 13 min
	$(PYTEST) -m 'not thorough and long'

full: $(VENV)/.installed  ## runs the tests that are marked as thorough: every recipe, seed and case; 8 min
	$(PYTEST) -m thorough

# ALL=--all runs those too that passed here and have not changed since, and the exercises with their solutions.
notebook-tests: $(VENV)/.installed  ## runs each notebook in both frameworks, unless it passed as it is; 11 min
	$(BIN)/python scripts/notebook_tests.py $(ALL)

mutations: $(VENV)/.installed  ## breaks copies of the package and sees that a test of make test fails; 6 min
	$(BIN)/python scripts/mutations.py

# Real environments, each without the other framework. They are made one by one: both write ganlib.egg-info. The pages
# show their tables by IPython, which comes with ipykernel, as in every place where a notebook runs.
one-framework: $(VENV)-torch/.installed $(VENV)-tensorflow/.installed  ## makes real environments with one framework, and tests them; 8 min
	@echo 'Testing with PyTorch alone and with TensorFlow alone, side by side.'
	$(MAKE) --no-print-directory -j 2 only-torch only-tensorflow

only-%: $(VENV)-%/.installed
	$(VENV)-$*/bin/python -m pytest -q tests/test_one_framework.py

notebooks: $(VENV)/.installed  ## runs each notebook in both frameworks and stores the outputs; up to four minutes each
	$(BIN)/python scripts/notebooks.py run

# A PyTorch that is built for a GPU says in the notebooks' outputs where there is none; that of requirements.txt is not.
NO_GPU = 'ignore:CUDA initialization'

# A fresh environment each time: only the tools that run the notebooks are pinned.
BACKENDS ?= torch tensorflow
newest:  ## runs each notebook with the newest versions that ganlib allows; half an hour
	$(call make_venv,$(VENV)-newest)
	grep -E '^(ipykernel|nbval|pytest)==' requirements.txt > $(VENV)-newest/tools.txt
	$(VENV)-newest/bin/python -m pip install --quiet -e '.[torch,tensorflow]' -r $(VENV)-newest/tools.txt
	PYTHONWARNINGS=$(NO_GPU) $(VENV)-newest/bin/python scripts/status.py run $(BACKENDS)

# Colab itself cannot be reached from a test: its versions, the built wheel, a folder with nothing but the notebooks.
colab: FOLDER = _build/colab
colab:  ## runs each notebook as Colab would, with its versions of everything; half an hour
	$(call make_venv,$(VENV)-colab)
	$(VENV)-colab/bin/python -m pip install --quiet -r scripts/colab.txt
	rm -rf $(FOLDER)
	mkdir -p $(FOLDER)
	cp book/*.ipynb $(FOLDER)
	$(VENV)-colab/bin/python -m pip freeze > $(FOLDER)/before.txt
	$(VENV)-colab/bin/python -m pip wheel --quiet --no-deps --wheel-dir $(FOLDER) .
	$(VENV)-colab/bin/python -m pip install --quiet $(FOLDER)/ganlib-*.whl
	$(VENV)-colab/bin/python -m pip freeze > $(FOLDER)/after.txt
	@! diff $(FOLDER)/before.txt $(FOLDER)/after.txt | grep '^<' || { echo 'ganlib changed what Colab has.'; exit 1; }
	cd $(FOLDER) && export PYTHONWARNINGS=$(NO_GPU) && for backend in torch tensorflow; do \
	    GANLIB_BACKEND=$$backend $(abspath $(VENV))-colab/bin/python -m pytest --nbval-lax --nbval-cell-timeout=600 *.ipynb; \
	done

picture: $(VENV)/.installed  ## trains in both frameworks, draws the README's and the start page's picture; three minutes
	$(BIN)/python scripts/picture.py

# setuptools would put files into the wheel that an earlier build has left in build/.
wheel: $(VENV)/.installed  ## builds the package's wheel in _build/wheel; some seconds
	rm -rf build _build/wheel
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir _build/wheel .
	@echo 'The wheel is in _build/wheel. Where it lies beside a notebook, the first cell installs it.'

clean:  ## removes the built site and the environments
	rm -rf _build $(VENV) $(VENV)-torch $(VENV)-tensorflow $(VENV)-newest $(VENV)-colab

# The stamps: an environment is made once, and again when its requirements change.
$(VENV)/.installed: requirements.txt pyproject.toml
	$(call make_venv,$(VENV))
	@echo 'Filling the environment $(VENV) from requirements.txt; a few minutes, once.'
	$(BIN)/python -m pip install --quiet -r requirements.txt
	touch $@

$(VENV)-%/.installed: requirements.txt pyproject.toml
	$(call make_venv,$(VENV)-$*)
	@echo 'Filling the environment $(VENV)-$* with one framework only; a minute or two, once.'
	grep -v '^-e' requirements.txt > $(VENV)-$*/constraints.txt
	$(VENV)-$*/bin/python -m pip install --quiet -e '.[$*]' ipykernel pytest -c $(VENV)-$*/constraints.txt
	touch $@

define make_venv
	@command -v $(PYTHON) > /dev/null || { echo 'There is no $(PYTHON) here; name another: make PYTHON=… COMMAND'; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
	    echo "Python 3.11, 3.12 or 3.13 is needed, and $(PYTHON) is $$($(PYTHON) --version 2>&1)."; \
	    echo 'Name another one: make PYTHON=python3.12 COMMAND'; exit 1; }
	$(PYTHON) -m venv --clear $(1)
endef
