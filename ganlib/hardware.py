"""What the processor does well."""

from pathlib import Path


def native_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 natively (avx512_bf16 or amx_bf16). False where it cannot be told."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="ignore")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags
