"""`funnelproof stats`: the published reference values recomputed by this build, and simulated A/A tests."""

import json

import typer

from funnelproof.cli.aa import aa
from funnelproof.cli.home import JsonOption

app = typer.Typer(help="The statistics behind results.", no_args_is_help=True)
app.command("aa")(aa)


@app.callback()
def _group() -> None:
    """The statistics behind results."""


@app.command()
def selftest(as_json: JsonOption = False) -> None:
    """Recompute every published value that the methods are known by; 1 if any differs."""
    from funnelproof.statistics.selftest import run

    checks = run()
    wrong = [check for check in checks if not check.ok]
    if as_json:
        typer.echo(json.dumps({"ok": not wrong, "checks": [check._asdict() for check in checks]}))
    else:
        from funnelproof.cli.table import show, table

        rows = [
            ("PASS" if check.ok else "FAIL", check.name, _shown(check.expected), _shown(check.observed))
            for check in checks
            if check.is_printed or not check.ok
        ]
        show(table("Published values, recomputed", ("", "where it was published", "printed", "here"), rows, figures=2))
        vectors = sum(not check.is_printed for check in checks)
        typer.echo(f"{len(checks) - len(wrong)} of {len(checks)} agree, {vectors} of them vectors with all digits.")
    if wrong:
        raise typer.Exit(1)


def _shown(value: float | None) -> str:
    return "none" if value is None else f"{value:.6g}"
