"""`tumint --help`: the verbs by what a person wants, and three examples; nothing is listed twice or left out."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterable

_WANTS = {
    "Begin": ("init", "simulate", "fetch", "power", "doctor"),
    "Run a cohort, from its tables to the reports": ("run", "plan"),
    "One table of your own, without the workflow": ("score", "compare"),
    "Use and pass on what came out": ("report", "export", "share", "verify", "store"),
    "Steps of the workflow, which `run` calls": ("ingest", "qc", "cluster", "neighbourhood", "response"),
}
_REST = "More"
_EXAMPLES = (
    ("tumint init mine --from data/", "look at your data; write config, sample sheet and panel to edit"),
    ("tumint run mine/config.yaml", "check them, run everything, and say where the reports are"),
    ("tumint score cells.csv -o scores.csv", "which cell types touch more than by chance, in a table of cells"),
)
_WIDTH, _INDENT = 110, 18


class Parser(argparse.ArgumentParser):
    """The parser of the command line: its help is written here, that of a verb by argparse."""

    verbs: argparse._SubParsersAction[argparse.ArgumentParser]

    def format_help(self) -> str:
        """The whole help."""
        summaries = {one.dest: one.help or "" for one in self.verbs._choices_actions}
        lines = [
            "usage: tumint VERB ...",
            "",
            "Which cell types touch more often than by chance in imaged tumours, and does it differ between groups?",
            "",
        ]
        for want, names in grouped(summaries).items():
            lines.append(f"{want}:")
            for name in names:
                text = textwrap.fill(summaries[name], _WIDTH, subsequent_indent=" " * _INDENT, break_long_words=False)
                lines.append(f"  {name.ljust(_INDENT - 2)}{text}")
            lines.append("")
        widest = max(len(command) for command, _ in _EXAMPLES)
        lines += ["Examples:", *(f"  {command.ljust(widest)}   {what}" for command, what in _EXAMPLES), ""]
        lines += ["`tumint VERB --help` has the options of a verb; `tumint --version` the version.", ""]
        return "\n".join(lines)


def grouped(verbs: Iterable[str]) -> dict[str, list[str]]:
    """Each verb once, under what a person wants; those that nobody put anywhere come last."""
    there = list(verbs)
    known = {name for names in _WANTS.values() for name in names}
    groups = {want: [name for name in names if name in there] for want, names in _WANTS.items()}
    groups[_REST] = [name for name in there if name not in known]
    return {want: names for want, names in groups.items() if names}
