"""No page, module or script runs what a file brings along, lets a shell read text, or listens to the world."""

import ast
from pathlib import Path

from tests.plugin import PATHS
from tools import notebooks
from tools.notebooks import ROOT

SCRIPTS = [path for folder in ("d2lhelpers", "data/checkpoints", "benchmarks", "tools", ".jupyterhub")
           for path in sorted((ROOT / folder).rglob("*.py"))]
# 04 saves a whole model and reads it back, to show why one should not
SHOWN_AS_A_TRAP = {("04_backprop", "whole.pt")}


def cells():
    """Yield (name, source) of every code cell and script; magics are left out."""
    for name, path in PATHS.items():
        for i, cell in enumerate(notebooks.code_cells(notebooks.read(path)), 1):
            lines = [line for line in cell.source.splitlines() if line.lstrip()[:1] not in ("%", "!", "?")]
            yield f"{name} [{i}]", "\n".join(lines)
    for path in SCRIPTS:
        yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def parsed():
    """Yield (name, tree); programs inside strings, which 14 writes to files, are parsed as well."""
    for name, source in cells():
        try:
            tree = ast.parse(source)
        except SyntaxError:  # a page may show one
            continue
        yield name, tree
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "import " in node.value:
                try:
                    yield name, ast.parse(node.value)
                except SyntaxError:
                    continue


def calls(tree, *ends):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(ends):
            yield node


def test_torch_load_reads_tensors_only():
    found = 0
    for name, tree in parsed():
        for call in (*calls(tree, "torch.load"), *calls(tree, "partial")):
            if ast.unparse(call).startswith(("torch.load", "partial(torch.load")):
                given = {word.arg: ast.unparse(word.value) for word in call.keywords}
                trap = any(name.startswith(page) and text in ast.unparse(call) for page, text in SHOWN_AS_A_TRAP)
                assert given.get("weights_only") == ("False" if trap else "True"), f"{name}: {ast.unparse(call)}"
                found += 1
    assert found >= 8


def test_no_shell_reads_text():
    for name, tree in parsed():
        assert not [*calls(tree, "os.system", "os.popen")], name
        for call in calls(tree, "run", "Popen", "call", "check_call", "check_output"):
            assert "shell" not in [word.arg for word in call.keywords], f"{name}: {ast.unparse(call)}"


def test_servers_listen_on_this_machine_only():
    for name, tree in parsed():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert "0.0.0.0" not in node.value and "--ip=*" not in node.value, name


def test_pickles_are_read_only_where_they_are_the_lesson():
    loads = "pickle.load", "pickle.loads", "joblib.load"
    readers = {name.split()[0] for name, tree in parsed() if [*calls(tree, *loads)]}
    assert readers <= {"04_backprop", "12_house_prices"}


def test_yaml_and_arrays_are_read_safely():
    for name, tree in parsed():
        assert not [*calls(tree, "yaml.load", "yaml.unsafe_load")], name
        for call in calls(tree, "np.load", "numpy.load"):
            assert "allow_pickle" not in [word.arg for word in call.keywords], name


def test_scripts_are_found():
    assert {Path("data/checkpoints/poems.py"), Path("d2lhelpers/data.py")} <= {p.relative_to(ROOT) for p in SCRIPTS}
