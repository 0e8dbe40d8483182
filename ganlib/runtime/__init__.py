"""What runs a training and keeps it safe: the loop, its history and progress, checkpoints, reports, the command line.

No mathematics of the players lives here; that is in `ganlib.torch` and `ganlib.tensorflow`, built on `trainer.py`.
Nothing here imports a framework.
"""
