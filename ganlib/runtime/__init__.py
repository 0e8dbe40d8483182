"""What runs a training and keeps it safe: the loop, its history and progress, checkpoints, reports, the command line.

    trainer.py  framework.py  resume.py    the loop around a step, what a framework supplies to it, saving and loading
    checks.py  tensors.py  failure.py  progress.py    what is refused, what is said when numbers go bad, Ctrl-C
    files.py  checkpoint.py    writing aside, versions and formats; a run's folder
    callbacks.py  monitor.py  scores.py  report.py  pictures.py    what is watched, scored and shown
    run.py  cli.py  doctor.py  hardware.py    the command line and what it asks of the machine

No mathematics of the players lives here; that is in `ganlib.torch` and `ganlib.tensorflow`, built on `trainer.py`.
Nothing here imports a framework, or knows the book.
"""
