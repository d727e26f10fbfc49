"""The environment of the process that runs a model: what programs need to run, and no secrets.

An allow-list, for nobody can list the names of all secrets. Names that look like one are kept out even where
the list would let them in. Files that hold secrets (in the home folder, say) are not kept from the process:
who runs a model that is code of others runs it as a user who has none.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence

from memaudit.errors import UsageError

NAMES = frozenset(
    """
    PATH HOME USER LOGNAME LANG LANGUAGE TZ TERM NO_COLOR TMPDIR TEMP TMP SOURCE_DATE_EPOCH
    LD_LIBRARY_PATH DYLD_LIBRARY_PATH DYLD_FALLBACK_LIBRARY_PATH
    VIRTUAL_ENV CONDA_PREFIX CONDA_DEFAULT_ENV ESPEAK_DATA_PATH SSL_CERT_FILE SSL_CERT_DIR
    XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_RUNTIME_DIR
    HF_HOME HF_HUB_CACHE HF_HUB_OFFLINE TRANSFORMERS_CACHE TRANSFORMERS_OFFLINE
    SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT USERPROFILE APPDATA LOCALAPPDATA PROGRAMDATA PROGRAMFILES
    NUMBER_OF_PROCESSORS PROCESSOR_ARCHITECTURE
    """.split()  # noqa: SIM905 - names are easier to read without quotes
)
#: What the names of settings of languages, of Python, and of what computes begin with.
PREFIXES = tuple(
    """
    LC_ PYTHON OMP_ GOMP_ KMP_ MKL_ OPENBLAS_ BLIS_ VECLIB_ NUMEXPR_ TBB_ CUDA_ CUDNN_ CUBLAS_ NVIDIA_ NCCL_
    TENSORRT_ ORT_ ONNXRUNTIME_ HIP_ HSA_ ROCM_ ROCR_ TORCH_ PYTORCH_ MEMAUDIT_
    """.split()  # noqa: SIM905 - names are easier to read without quotes
)
_SECRET = re.compile(
    r"TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|COOKIE|(^|_)(API_?)?KEY(S|_|$)|(^|_)AUTH(_|$)"
)


def allowed(name: str) -> bool:
    """Whether a variable of that name goes to the process without being asked for."""
    upper = name.upper()
    return (upper in NAMES or upper.startswith(PREFIXES)) and _SECRET.search(upper) is None


def environment(passed: Sequence[str] = (), source: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables that the process is given.

    Args:
        passed: names that are given besides, whatever they are.
        source: the environment that is chosen from; this process's own where None.

    Raises:
        UsageError: if one of ``passed`` is not set.
    """
    given = os.environ if source is None else source
    for name in passed:
        if name not in given:
            raise UsageError(f"{name} is not set here", where="--env", how="set it, or leave it out")
    return {name: value for name, value in given.items() if name in passed or allowed(name)}
