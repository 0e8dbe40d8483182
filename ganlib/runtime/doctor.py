"""What this machine has: versions, devices, precisions, caches; and how to get what is missing.

>>> print(ganlib.doctor.text(ganlib.doctor.examine()))
"""

import importlib.metadata
import importlib.util
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import ganlib
from ganlib.backends import BACKENDS, TITLES

Json = dict[str, Any]  # that of `files` comes with NumPy, and this must run where NumPy is missing

PACKAGES = ("numpy", "scipy", "scikit-learn", "matplotlib", "pillow", "safetensors", "pooch", "tqdm", "click")
PATIENCE = 300  # seconds; the first import of a framework from a slow disk can take minutes


def examine() -> Json:
    """Looks at everything: what JSON can hold, and in "problems" a sentence for each that is broken or missing."""
    frameworks = {name: _framework(name) for name in BACKENDS}
    packages = {name: _version(name) for name in PACKAGES}
    problems = [
        f"{TITLES[name]} is installed but broken: {found['problem']} {found['remedy']}"
        for name, found in frameworks.items()
        if found["status"] == "broken"
    ]
    if all(found["status"] == "missing" for found in frameworks.values()):
        either = " or ".join(f'pip install "ganlib[{name}]"' for name in BACKENDS)
        problems.append(f"Neither PyTorch nor TensorFlow is installed. Get one: {either}.")
    missing = [name for name, version in packages.items() if version is None]
    problems += [f"{name} is not installed, and ganlib needs it. Get it: pip install {name}." for name in missing]
    return {
        "ganlib": ganlib.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "packages": packages,
        "frameworks": frameworks,
        "tensorboard": _version("tensorboard"),
        "data": _data(),
        "problems": problems,
    }


def text(found: Json) -> str:
    """What `examine` found, for people."""
    lines = [f"ganlib {found['ganlib']}, Python {found['python']}, {found['system']}, {found['cores']} CPU cores", ""]
    for name, one in found["frameworks"].items():
        if one["status"] == "works":
            known = [f"{key} {version}" for key, version in one["versions"].items() if key != name]
            lines += [
                f"{TITLES[name]} {', '.join([one['versions'][name], *known])}: works",
                f"    devices     {', '.join(one['devices'])}; training uses {one['device']}",
                f"    precisions  {', '.join(one['precisions'])}; auto takes {one['auto']}",
                *(f"    no {precision}: {why}" for precision, why in one["refused"].items()),
            ]
        elif one["status"] == "missing":
            lines.append(f"{TITLES[name]}: not installed. {one['remedy']}")
        else:
            lines += [f"{TITLES[name]}: installed but broken. {one['problem']}", f"    {one['remedy']}"]
    data = found["data"]
    held = ", ".join(data["names"]) or "none yet"
    writable = "" if data["writable"] else "; it cannot be written to"
    tensorboard = found["tensorboard"] or "not installed. `train --tensorboard` needs it: pip install tensorboard"
    packages = ", ".join(f"{name} {version or 'MISSING'}" for name, version in found["packages"].items())
    lines += ["", f"Data sets    {data['path']}: {held}{writable}", f"             {data['why']}"]
    lines += [f"TensorBoard  {tensorboard}", f"Packages     {packages}", ""]
    return "\n".join(lines + (found["problems"] or ["All is well."]))


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _framework(name: str) -> Json:
    """Looks at a framework in a process of its own, so that one that is broken, even one that crashes, is reported."""
    if importlib.util.find_spec(name) is None:
        return {"status": "missing", "remedy": f'Get it: pip install "ganlib[{name}]".'}
    path = os.pathsep.join([str(Path(ganlib.__file__).parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": path, "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-m", "ganlib.runtime.doctor", name]
    try:
        result = subprocess.run(command, env=environment, capture_output=True, errors="replace", timeout=PATIENCE)
        if result.returncode == 0:
            return {"status": "works", **json.loads(result.stdout.splitlines()[-1])}
        what = ([line.strip() for line in result.stderr.splitlines() if line.strip()] or ["It said nothing."])[-1]
        if result.returncode < 0:
            what = f"Its process was ended by signal {-result.returncode}. {what}"
    except subprocess.TimeoutExpired:
        what = f"It did not answer within {PATIENCE} seconds."
    remedy = f'Install it anew: pip install --force-reinstall "ganlib[{name}]".'
    return {"status": "broken", "problem": what.rstrip(".") + ".", "remedy": remedy}


def _probe(name: str) -> Json:
    """What `_framework`'s process finds: it imports the framework, and trains one step in each precision."""
    from ganlib.data import load
    from ganlib.runtime.files import LOADED, versions

    gl = ganlib.backend(name)
    recipe = ganlib.recipe("ring", width=4, batch_size=8)
    real = load("ring", n=8).samples
    precisions, refused = [], {}
    for precision in ("float64", "float32", "bfloat16"):
        try:
            gl.Trainer(recipe, precision=precision).step(real)
            precisions.append(precision)
        except Exception as error:  # whatever the framework says: it is reported, not hidden
            refused[precision] = (str(error).splitlines() or [type(error).__name__])[0]
    trainer = gl.Trainer(recipe, precision="auto")
    return {
        "versions": {part: version for part, version in versions(name).items() if part in LOADED[name]},
        "devices": _devices(name),
        "device": str(trainer.device),
        "precisions": precisions,
        "refused": refused,
        "auto": trainer.precision,
    }


def _devices(name: str) -> list[str]:
    if name == "torch":
        import torch

        cards = [torch.cuda.get_device_properties(i) for i in range(torch.cuda.device_count())]
        gpus = [f"cuda:{i} ({card.name}, {card.total_memory / 1e9:.1f} GB)" for i, card in enumerate(cards)]
        return ["cpu", *gpus, *(["mps"] if torch.backends.mps.is_available() else [])]
    import tensorflow as tf

    found = []
    for device in tf.config.list_physical_devices():
        described = tf.config.experimental.get_device_details(device).get("device_name")
        found.append(device.name.removeprefix("/physical_device:") + (f" ({described})" if described else ""))
    return found


def _data() -> Json:
    """Where downloaded data sets are kept, and which are there."""
    import pooch

    own = os.environ.get("GANLIB_DATA")
    path = Path(own or pooch.os_cache("ganlib")).expanduser()
    existing = next(parent for parent in (path, *path.parents) if parent.exists())
    return {
        "path": str(path),
        "why": "where GANLIB_DATA says" if own else "GANLIB_DATA names another folder",
        "names": sorted(folder.name for folder in path.glob("*/")),
        "writable": existing.is_dir() and os.access(existing, os.W_OK),
    }


if __name__ == "__main__":
    print(json.dumps(_probe(sys.argv[1])))
