"""`tumint --help` lists every verb once under what a person wants."""

from __future__ import annotations

import re

import pytest

from tumint.cli import build_parser, help, main


def test_every_verb_stands_once_under_a_want(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    listed = re.findall(r"^  ([a-z]+) {2,}\S", said, re.MULTILINE)
    assert sorted(listed) == sorted(build_parser().verbs.choices)
    assert "Examples:" in said
    assert len(re.findall(r"^  tumint \w+ ", said, re.MULTILINE)) == 3
    assert max(map(len, said.splitlines())) <= 120
    assert "import" not in said  # of how it is written, a user is told nothing


def test_examples_are_commands_that_parse() -> None:
    parser = build_parser()
    for command, _ in help._EXAMPLES:
        parser.parse_args(command.split()[1:])


def test_a_verb_that_nobody_put_anywhere_is_listed_too() -> None:
    assert help.grouped(["run", "dance"]) == {
        "Run a cohort, from its tables to the reports": ["run"],
        "More": ["dance"],
    }
