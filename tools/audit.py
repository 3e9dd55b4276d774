"""Ask whether anything that camwire depends on is known to be vulnerable: `make audit`; it takes the network.

pip-audit runs in an environment of its own, so that nothing of it mixes with what it judges. It looks at the
locked dependencies, what users install first of all; it asks the Python Package Index's advisories.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bootstrap import make_environment

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".cache" / "audit"
PIP_AUDIT = "pip-audit==2.10.1"
LOCKS = tuple(f"requirements/{name}.txt" for name in ("runtime", "dev", "demo-clip", "cuda", "build"))


def main() -> int:
    python = ENVIRONMENT / "bin" / "python"
    ready = ENVIRONMENT / PIP_AUDIT
    if not ready.exists():
        pip = make_environment(ENVIRONMENT)
        subprocess.run([*pip, "install", "--quiet", "--disable-pip-version-check", PIP_AUDIT], check=True)
        ready.touch()
    vulnerable = False
    for lock in LOCKS:
        print(f"{lock}:", flush=True)
        # Every version is locked with its hash, so nothing has to be resolved or installed. Strict: a package
        # that the advisories can't be asked about is a failure, not a clean bill.
        options = ["--strict", "--require-hashes", "--disable-pip", "--progress-spinner", "off"]
        command = [str(python), "-m", "pip_audit", *options, "-r", str(ROOT / lock), *sys.argv[1:]]
        vulnerable |= subprocess.run(command, cwd=ROOT).returncode != 0
    return int(vulnerable)


if __name__ == "__main__":
    sys.exit(main())
