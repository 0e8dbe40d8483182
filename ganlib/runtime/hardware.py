"""What the processor does well."""

from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")


def fast_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 faster than float32. False where it cannot be told.

    With AMX it does (amx_bf16), and so do AMD's with avx512_bf16. Intel's avx512_bf16 alone is no faster than its
    float32, and the conversions come on top: a step takes 1.1 to 1.6 times as long where a virtual machine hides AMX.
    """
    try:
        text = CPUINFO.read_text(encoding="ascii", errors="ignore")
    except OSError:
        return False
    return "amx_bf16" in text or ("AuthenticAMD" in text and "avx512_bf16" in text)
