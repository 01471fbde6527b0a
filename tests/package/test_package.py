"""What is installed stands alone: the wheel carries all that it reads, and the demo runs from it, far from here."""

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from ruamel import yaml

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the wheel and the source archive."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", folder], cwd=ROOT, check=True, timeout=100)
    return folder


def wheel_in(folder: Path) -> Path:
    (wheel,) = folder.glob("*.whl")
    return wheel


def test_the_wheel_holds_every_file_of_the_package_and_the_manual(built: Path) -> None:
    packed = set(zipfile.ZipFile(wheel_in(built)).namelist())
    package = {str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*") if path.is_file()}
    manual = {f"funnelproof/{path.relative_to(ROOT)}" for path in (ROOT / "docs").rglob("*") if path.is_file()}
    assert {name for name in package if "__pycache__" not in name} | manual <= packed


def test_the_source_archive_can_be_built_again(built: Path, tmp_path: Path) -> None:
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel"], cwd=source, check=True, timeout=100)
    first, again = (sorted(zipfile.ZipFile(wheel_in(folder)).namelist()) for folder in (built, source / "dist"))
    assert first == again


def test_the_demo_runs_from_the_installed_wheel_without_the_repository(built: Path, tmp_path: Path) -> None:
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    elsewhere.mkdir()
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*install, "--no-index", "--target", site, wheel_in(built)], check=True, timeout=100)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FUNNELPROOF_")}
    environment |= {"PYTHONPATH": str(site), "COLUMNS": "100", "NO_COLOR": "1"}
    where = "import funnelproof, funnelproof.manual as m; print(funnelproof.__file__, m.PACKAGED)"
    found = subprocess.run(
        [sys.executable, "-c", where], cwd=elsewhere, env=environment, check=True, capture_output=True, text=True
    ).stdout.split()
    assert found == [str(site / "funnelproof" / "__init__.py"), str(site / "funnelproof" / "docs")]
    demo = subprocess.run(
        [sys.executable, "-m", "funnelproof", "demo", "--exit"],
        cwd=elsewhere,
        env=environment,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "Receipt of the test conversion: PASS" in demo.stdout


def settings_named_in(text: str) -> set[str]:
    return set(re.findall(r"FUNNELPROOF_[A-Z_]+", text))


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml", "funnelproof.service"])
def test_what_deploys_it_names_settings_that_exist(name: str) -> None:
    known = settings_named_in((ROOT / "docs" / "settings.md").read_text())
    named = settings_named_in((ROOT / "deploy" / name).read_text())
    assert named
    assert named <= known


def test_compose_starts_the_server_after_its_database_and_neither_without_a_password() -> None:
    services = yaml.YAML(typ="safe", pure=True).load((ROOT / "deploy" / "compose.yaml").read_text())["services"]
    assert services["funnelproof"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert ":?" in services["database"]["environment"]["POSTGRES_PASSWORD"]
    assert ":?" in services["funnelproof"]["environment"]["FUNNELPROOF_SECRET"]
