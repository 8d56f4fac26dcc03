"""The package as others install it."""

import ast
import graphlib
import subprocess
import sys
import tomllib
import zipfile

from scripts.paths import ROOT


def test_importing_cnnbook_loads_nothing_else():
    """So it takes no time worth naming, and neither torch nor matplotlib is needed for it."""
    code = "import sys; before = set(sys.modules); import cnnbook; print(set(sys.modules) - before)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert printed.strip() == "{'cnnbook'}"


def test_the_package_file_holds_the_version_and_nothing_else():
    body = ast.parse((ROOT / "cnnbook" / "__init__.py").read_text()).body
    assert [type(node).__name__ for node in body] == ["Expr", "Assign"]


def test_the_version_is_written_in_one_place():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "version" not in project
    assert project["dynamic"] == ["version"]


def test_the_package_pins_nothing():
    """A pin on torch or numpy would replace the ones that Colab brings."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert all(name.replace("-", "").isalnum() for name in project["dependencies"])


def test_requirements_pin_every_version_exactly():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith(("#", "-e"))]
    assert all(line.count("==") == 1 for line in pins)
    assert "torch==2.13.0" in pins
    assert "-e ." in lines


def test_the_wheel_holds_every_module_and_the_type_marker(tmp_path):
    # Of a copy, since setuptools leaves a build folder behind.
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("cnnbook", "pyproject.toml", "README.md", "LICENSE"):
        subprocess.run(["cp", "-r", ROOT / name, copy / name], check=True)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "-w", tmp_path, copy], check=True)
    (wheel,) = tmp_path.glob("cnnbook-*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "cnnbook").rglob("*.py")}
    assert modules <= inside
    assert "cnnbook/py.typed" in inside
    assert not any(name.startswith(("tests/", "scripts/")) for name in inside)


MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in (ROOT / "cnnbook").rglob("*.py")
}


def imported_by(source: str) -> set[str]:
    """Return this package's modules that a module imports, at its top or anywhere inside."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return found & MODULES.keys()


def test_no_module_imports_one_that_imports_it():
    imports = {name: imported_by(path.read_text()) - {name} for name, path in MODULES.items()}
    assert list(graphlib.TopologicalSorter(imports).static_order())  # raises CycleError


def test_an_import_inside_a_function_counts():
    assert imported_by("def f():\n    from cnnbook import checks") == {"cnnbook", "cnnbook.checks"}


def test_files_of_the_grader_fit_on_a_few_screens():
    lines = {
        name: len(path.read_text().splitlines())
        for name, path in MODULES.items()
        if name.startswith(("cnnbook.grading", "cnnbook.forked"))
    }
    assert {name: count for name, count in lines.items() if count > 250} == {}
