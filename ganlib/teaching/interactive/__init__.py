"""Figures that the reader moves: in a notebook, in Colab and on a static page, without a kernel or another host.

    >>> ganlib.interactive.transposed_convolution(kernel=3)         # the last line of a cell shows it
    >>> ganlib.interactive.dirac_portrait("r1")
    >>> recorder = ganlib.interactive.Recorder(data, every=100)
    >>> history = trainer.fit(data, callbacks=[recorder])
    >>> ganlib.interactive.training_replay(recorder).save("replay.html")
    >>> ganlib.interactive.latent_explorer(trainer)                 # the generator itself runs in the page
    >>> ganlib.interactive.laboratory("ring-page")                  # the training runs in the page

Each function returns an `Interactive`: a static picture, and the script that takes its place where scripts run. Each
has three files of one name: Python checks the arguments, draws the picture and writes the data, the script draws the
figure from them, the style sheet says how it looks. `element` has what the figures share.
"""

from ganlib.teaching.interactive.convolution import transposed_convolution
from ganlib.teaching.interactive.dirac import dirac_portrait
from ganlib.teaching.interactive.element import Interactive
from ganlib.teaching.interactive.lab import laboratory
from ganlib.teaching.interactive.latent import latent_explorer
from ganlib.teaching.interactive.replay import Frame, ImageFrame, ImageRecorder, Recorder, training_replay

__all__ = ["Frame", "ImageFrame", "ImageRecorder", "Interactive", "Recorder"]
__all__ += ["dirac_portrait", "laboratory", "latent_explorer", "training_replay", "transposed_convolution"]
