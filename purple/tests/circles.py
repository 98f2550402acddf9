# SPDX-License-Identifier: GPL-2.0-or-later
"""Fails if the object files on the command line call each other in a circle.

    circles.py build/*.o

File A depends on file B where A uses a symbol that B defines. Functions that are passed as pointers at run time do not count,
which is how events.c gets to know the client."""

import graphlib
import pathlib
import subprocess
import sys


def symbols(path, option):
    listed = subprocess.run(["nm", "--format=posix", "--extern-only", option, path], capture_output=True, text=True, check=True)
    return {line.split()[0] for line in listed.stdout.splitlines()}


def main(paths):
    if not paths:
        sys.exit("circles.py: no object files were named")
    defined = {name: path for path in paths for name in symbols(path, "--defined-only")}
    graph = {path: {defined[name] for name in symbols(path, "--undefined-only") if name in defined} for path in paths}
    try:
        order = list(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError as error:
        sys.exit("These files call each other in a circle: " + " <- ".join(pathlib.Path(path).stem for path in error.args[1]))
    print(f"no circle among {len(order)} files")


main(sys.argv[1:])
