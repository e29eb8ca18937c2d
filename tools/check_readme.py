#!/usr/bin/env python3
"""The C++ and Python blocks of README.md are parts of example programs, which are compiled and run: so they work as printed.

check_readme.py [README] [FOLDER-OF-EXAMPLES]; ends with 1 and names the block that is in no example.
"""
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent.parent


def main():
    readme = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root / "README.md"
    examples = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else root / "examples"
    blocks, strangers = [], []
    for language, ending in (("cpp", "cc"), ("python", "py")):
        sources = [p.read_text() for p in sorted(examples.rglob(f"*.{ending}"))]
        found = re.findall(rf"^```{language}\n(.*?)^```$", readme.read_text(), re.M | re.S)
        blocks += found
        strangers += [b for b in found if not any(b in s for s in sources)]
    for block in strangers:
        print(f"{readme.name}: this block is in no program below {examples.name}/:\n{block}", file=sys.stderr)
    if not blocks:
        print(f"{readme.name}: no block was found", file=sys.stderr)
    print(f"readme: {len(blocks)} blocks, {len(strangers)} problems")
    return 1 if strangers or not blocks else 0


if __name__ == "__main__":
    sys.exit(main())
