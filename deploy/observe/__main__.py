"""`python -m deploy.observe [--check]`: writes what Prometheus and Grafana read, or says which of it is not as written."""

import argparse
import sys
from pathlib import Path

from deploy.observe.written import ROOT, files, stale


def main() -> int:
    """0 when all is written, or as it should be."""
    parser = argparse.ArgumentParser(prog="python -m deploy.observe", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 if a file would change")
    if parser.parse_args().check:
        faults = stale()
        for path in faults:
            print(f"{path}: not as generated; run `make dashboards`", file=sys.stderr)
        return 1 if faults else 0
    for path, text in files().items():
        place = ROOT / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    for path in stale():
        Path(ROOT / path).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
