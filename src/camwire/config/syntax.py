"""What the YAML parser finds wrong, in words that help and that quote nothing: the file may hold secrets."""

from __future__ import annotations

import re
from typing import Any

from ruamel.yaml.error import MarkedYAMLError

_QUOTED = re.compile(r"'[^<'][^']{2,}'")
"""A piece of the file in the parser's words; a single character and the parser's own `<...>` may stay."""

_AT_THE_BEGINNING = {
    "while scanning a simple key": "this line has no `key: value`; a blank goes behind the colon",
    "while scanning a quoted scalar": "the quote that begins here is not closed",
}
"""What the parser was about, in which case the mistake lies where that began."""

_AT_THE_END = {
    "'\\t'": "a tab can't indent YAML; use spaces",
    "undefined alias": "this alias has no anchor before it; text that begins with * goes in quotes",
    "maximum depth": "nested too deeply",
    "another document": "a second document begins here; a configuration is one document",
    "mapping values are not allowed": "a colon and a blank can't be within text; put the text in quotes",
    "cannot start any token": "text can't begin with this character; put it in quotes",
    "expected ',' or": "a comma or the closing bracket is missing before this",
    "expected the node content": "a value or the closing bracket is missing before this",
    "expected <block end>": "indented unlike the lines above that it belongs to",
}
"""What the parser stumbled over."""


def explain_syntax(error: MarkedYAMLError) -> tuple[int, int, str]:
    """Line and column, counted from 1, and what is wrong: in the parser's words where there are none here."""
    problem, context = str(error.problem or ""), str(error.context or "")
    for begins, message in _AT_THE_BEGINNING.items():
        if context.startswith(begins) and error.context_mark is not None and "'\\t'" not in problem:
            return (*_counted(error.context_mark), message)
    where = _counted(error.problem_mark or error.context_mark)
    for part, message in _AT_THE_END.items():
        if part in problem:
            return (*where, message)
    return (*where, f"not valid YAML: {_QUOTED.sub('this', problem or context)}")


def _counted(mark: Any) -> tuple[int, int]:
    """A parser's mark, which counts from 0 and may be absent."""
    return (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
