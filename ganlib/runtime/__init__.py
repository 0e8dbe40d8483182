"""What runs a training and keeps it safe: the loop, its history and progress, checkpoints, reports, the command line.

`trainer.py`, `framework.py` and `resume.py` are the loop around a step; `files.py` and `checkpoint.py` a run's folder;
`callbacks.py`, `monitor.py`, `scores.py`, `report.py` and `pictures.py` what is watched and shown; `run.py`, `cli.py`
and `doctor.py` the command line.

No mathematics of the players lives here, and nothing here imports a framework, or knows the book.
"""
