"""The example on the page of the library runs, with nothing of the gateway, and prints what the page says."""

from __future__ import annotations

import contextlib
import io
import re

from tests.docs import tree

PAGE = "docs/library.md"
CODE = re.compile(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_example_prints_what_the_page_says() -> None:
    found = CODE.search(tree.text(tree.ROOT / PAGE))
    assert found is not None
    code, printed = found.groups()
    assert "gateway" not in code
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(code, PAGE, "exec"), {})
    assert said.getvalue() == printed
