"""`camwire doctor`: what can this machine do?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Annotated

import typer

from camwire.cli.diagnosis import Finding, can_run, diagnose
from camwire.cli.errors import FAILURE


def command(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Show what this machine can do.

    Looks at codecs, devices, model runtimes and the demonstration's parts. Each thing that is missing comes
    with the one command that adds it. The exit status is 0 if camwire can run here and 1 if it can't.
    """
    findings = diagnose()
    runs = can_run(findings)
    if as_json:
        report = {"can_run": runs, "findings": [asdict(finding) for finding in findings]}
        print(json.dumps(report, indent=2, ensure_ascii=False))
    else:
        print(table(findings))
        print("\ncamwire can run here." if runs else "\ncamwire can't run here: see the lines marked NO.")
    if not runs:
        raise typer.Exit(FAILURE)


def table(findings: Sequence[Finding]) -> str:
    """The findings for people, grouped, with the fixing command below each thing that is missing."""
    width = max(len(finding.name) for finding in findings)
    lines: list[str] = []
    for group, members in groupby(findings, key=lambda finding: finding.group):
        lines += ["", group] if lines else [group]
        for finding in members:
            mark = "yes" if finding.present else "NO " if finding.needed else "no "
            lines.append(f"  {mark}  {finding.name:<{width}}  {finding.detail}")
            if finding.fix is not None:
                lines.append(f"       {'':<{width}}  add it: {finding.fix}")
    return "\n".join(lines)
