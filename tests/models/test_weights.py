"""The weights that come with camwire are the ones that were measured, with what their licence asks for."""

import hashlib

from camwire.models.catalogue import BUNDLED_FILE

SHA256 = "bef83c95eef2ad0baa0dc47da4ed4a559242e63028b8e3e636f7693f31ad71d5"


def test_the_file_is_the_one_that_was_measured() -> None:
    assert hashlib.sha256(BUNDLED_FILE.read_bytes()).hexdigest() == SHA256


def test_the_licence_and_the_notice_lie_beside_it() -> None:
    assert "Apache License" in (BUNDLED_FILE.parent / "LICENSE").read_text()
    notice = (BUNDLED_FILE.parent / "NOTICE").read_text()
    assert "https://github.com/RangiLyu/nanodet" in notice
    assert SHA256 in notice
    assert "Converted" in notice
