# SPDX-License-Identifier: MIT OR Apache-2.0
"""What all tests in Python share: fbchatd as a process, waiting, and what may stand between a client and the server.

Nothing here knows libpurple or a browser. `run.py` of each directory of tests puts the parent of this package into sys.path."""

from .network import Link, Listener, free_port, join, receive
from .processes import Lines, run
from .server import Deployment, Server
from .waiting import LIMIT, until

__all__ = ["LIMIT", "Deployment", "Lines", "Link", "Listener", "Server", "free_port", "join", "receive", "run", "until"]
