# SPDX-License-Identifier: Apache-2.0
"""The walls, and ratchets that may only get better."""

import ast
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
OURS = sorted(
    [
        *SOURCES,
        *(ROOT / "tests").rglob("*.py"),
        *(ROOT / "scripts").rglob("*.py"),
        *(ROOT / "bench").rglob("*.py"),
        *(ROOT / "examples").rglob("*.py"),
    ]
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

# Longer than a room should be, each with its reason. May only get shorter.
EXCUSED: dict[str, str] = {}
LONGEST_FILE = 420


def test_import_contracts_hold():
    """Nobody imports upwards, and no watcher has a route to a key or a name."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]


def test_core_install_stays_small():
    """The core has at most twelve direct dependencies."""
    assert len(PROJECT["project"]["dependencies"]) <= 12


def test_every_dependency_says_why():
    """Each dependency stands on a line with its reason."""
    text = (ROOT / "pyproject.toml").read_text()
    lines = [line for line in text.splitlines() if line.startswith('    "') and any(op in line for op in (">=", "=="))]
    assert lines
    assert [line for line in lines if "# " not in line] == []


def test_licence_and_idea_come_first():
    """Every file names its licence, and every module opens with its idea."""
    first = re.compile(r'# SPDX-License-Identifier: Apache-2\.0\n\n?r?"""\S')
    assert len(OURS) > 1000
    assert [str(path.relative_to(ROOT)) for path in OURS if not first.match(path.read_text())] == []


def test_packages_export_nothing():
    """`__init__.py` holds a docstring only, or a package would re-export what a contract keeps apart."""
    for path in SOURCES:
        if path.name == "__init__.py":
            assert len(ast.parse(path.read_text()).body) == 1, path


@cache
def said() -> dict[Path, tuple[int, list[str]]]:
    """Of each file how many asserts it has and what it imports from, read once: no trees are kept."""
    found = {}
    for path in SOURCES:
        nodes = list(ast.walk(ast.parse(path.read_text())))
        modules = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
        found[path] = sum(isinstance(node, ast.Assert) for node in nodes), modules
    return found


def test_security_never_rests_on_assert():
    """`python -O` removes asserts: none stands in the package."""
    assert [path for path, (asserts, _) in said().items() if asserts] == []


def test_rooms_stay_small():
    """No file grows into a hall without saying why."""
    long = {str(p.relative_to(ROOT)) for p in SOURCES if len(p.read_text().splitlines()) > LONGEST_FILE}
    assert long <= EXCUSED.keys()


def test_no_store_is_named_outside_wiring():
    """Only `wiring` and its three rooms choose implementations; the contract's twin, for imports inside functions too."""
    for path, (_, modules) in said().items():
        where = path.relative_to(ROOT / "src/whosaw")
        if where.parts[0] in {"store", "wiring.py", "beside.py", "datafolder.py", "shared.py"}:
            continue
        assert not [module for module in modules if module.startswith("whosaw.store")], path
