"""The command itself: every check, one line each."""

import json

import typer

from funnelproof.cli.home import DataOption, JsonOption


def doctor(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Look at everything that serving needs, change nothing; 1 if anything is wrong."""
    from funnelproof.cli.doctor.checks import examine

    findings = examine(data)
    failed = [finding for finding in findings if not finding.ok]
    if as_json:
        checks = [
            {"id": one.check, "status": "PASS" if one.ok else "FAIL", "found": one.found, "remedy": one.remedy}
            for one in findings
        ]
        typer.echo(json.dumps({"ok": not failed, "checks": checks}))
    else:
        for one in findings:
            typer.echo(f"{'PASS' if one.ok else 'FAIL'}  {one.check:<12} {one.found}")
            if not one.ok:
                typer.echo(f"      {'':<12} → {one.remedy}")
    if failed:
        raise typer.Exit(1)
