"""`python -m bench.reference.usual PORT`"""

import sys

from bench.reference.serving import run
from bench.reference.usual.app import create_app

if __name__ == "__main__":
    run(create_app, int(sys.argv[1]))
