"""What a person sees and does while a training runs: the progress bar, and Ctrl-C."""

import contextlib
import importlib.util
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any


class Bar:
    """tqdm with the losses behind it, read from the device only when they are shown."""

    def __init__(self, tqdm_bar: Any) -> None:
        self.bar, self.shown, self.silent = tqdm_bar, 0.0, tqdm_bar.disable

    def advance(self, last: Callable[[], dict[str, float]], steps: int) -> None:
        """Counts the steps; `last` gives the latest metrics."""
        self.bar.update(steps)
        if not self.silent and (time.monotonic() - self.shown > 0.5 or self.bar.n == self.bar.total):
            self.bar.set_postfix({name: f"{value:.3f}" for name, value in last().items() if name.endswith("loss")})
            self.shown = time.monotonic()

    def note(self, text: str) -> None:
        """Writes a line above the bar."""
        if not self.silent:
            self.bar.write(text, file=sys.stderr)


@contextlib.contextmanager
def progress_bar(steps: int, name: str, progress: bool | None) -> Iterator[Bar]:
    """A bar of that many steps. None shows it in a terminal and in a notebook, unless GANLIB_PROGRESS is 0."""
    in_notebook = "ipykernel" in sys.modules
    if in_notebook and importlib.util.find_spec("ipywidgets") is not None:
        from tqdm.notebook import tqdm
    else:
        from tqdm import tqdm
    if progress is None:
        progress = (sys.stderr.isatty() or in_notebook) and os.environ.get("GANLIB_PROGRESS") != "0"
    with tqdm(total=steps, desc=name, unit="step", disable=not progress, mininterval=0.2) as bar:
        yield Bar(bar)


@contextlib.contextmanager
def late_interrupt(stop: Callable[[], None]) -> Iterator[None]:
    """Lets the first Ctrl-C wait for the end of the step, so that no step is left half done; the second does not."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed = False

    def handler(number: int, frame: Any) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True
        stop()

    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
        if pressed:
            raise KeyboardInterrupt
    finally:
        signal.signal(signal.SIGINT, before)
