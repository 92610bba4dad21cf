import subprocess
import sys
from types import FunctionType

import coordrl


def test_importing_adds_coordrl_alone_to_what_sb3_imports() -> None:
    code = (
        "import sys, stable_baselines3; before = set(sys.modules); import coordrl\n"
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))\n"
        "print(any(name.startswith('coordrl.compare') for name in sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    added, compare = result.stdout.splitlines()
    forbidden = {"matplotlib", "ale_py", "pandas", "scipy", "agents", "envs"}
    assert "coordrl" in added.split()
    assert not forbidden & set(added.split())
    assert compare == "False"


def test_every_public_name_exists_and_is_documented() -> None:
    assert coordrl.__all__ == sorted(coordrl.__all__)
    for name in coordrl.__all__:
        value = getattr(coordrl, name)
        if isinstance(value, type | FunctionType):
            assert ">>>" in (value.__doc__ or ""), name
