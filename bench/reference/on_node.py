"""Becomes Node: `python -m bench.reference.on_node NODE SCRIPT ARGUMENT...`, to be started as every server is."""

import os
import sys

if __name__ == "__main__":
    os.execv(sys.argv[1], sys.argv[1:])
