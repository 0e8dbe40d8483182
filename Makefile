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

.PHONY: help book test lint unit long notebook-tests one-framework newest colab notebooks picture wheel clean

help:  ## says what each command does
	@echo 'Commands (make COMMAND; PYTHON=python3.12 chooses the Python, 3.11 to 3.13):'
	@sed -nE 's/^([a-z-]+):.*## (.*)/  \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

book: $(VENV)/.installed  ## builds the site in _build/html; half a minute
	$(BIN)/jupyter-book build . -W --keep-going -n
	@echo
	@echo 'The book is in _build/html. Open _build/html/index.html, or serve it:'
	@echo '    $(BIN)/python -m http.server --directory _build/html'
	@echo 'and open http://localhost:8000.'

test: lint unit long one-framework notebook-tests  ## every check below; half an hour to an hour

lint: $(VENV)/.installed  ## style and types; half a minute
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

unit: $(VENV)/.installed  ## what computes, reads and writes; three minutes
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m 'not long'

long: $(VENV)/.installed  ## what trains, starts processes or opens the built pages in a browser; a quarter of an hour
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m long

# The book's claims: cells tagged nbval-check-output must print the same under both frameworks. The exercises run twice:
# blank, as readers first meet them, and in _build/solved with their solutions put in.
notebook-tests: $(VENV)/.installed  ## runs each notebook under PyTorch and under TensorFlow; up to two minutes each
	$(BIN)/python scripts/notebooks.py solved
	for backend in torch tensorflow; do \
	    GANLIB_BACKEND=$$backend $(BIN)/python -m pytest -n 2 --dist loadfile --nbval-lax --nbval-cell-timeout=600 book/*.ipynb _build/solved/*.ipynb; \
	done

# Real environments, each without the other framework. They are made one by one: both write ganlib.egg-info.
one-framework: $(VENV)-torch/.installed $(VENV)-tensorflow/.installed  ## the package where only one framework is; five minutes
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
	$(VENV)-$*/bin/python -m pip install --quiet -e '.[$*]' pytest -c $(VENV)-$*/constraints.txt
	touch $@

define make_venv
	@command -v $(PYTHON) > /dev/null || { echo 'There is no $(PYTHON) here; name another: make PYTHON=… COMMAND'; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
	    echo "Python 3.11, 3.12 or 3.13 is needed, and $(PYTHON) is $$($(PYTHON) --version 2>&1)."; \
	    echo 'Name another one: make PYTHON=python3.12 COMMAND'; exit 1; }
	$(PYTHON) -m venv --clear $(1)
endef
