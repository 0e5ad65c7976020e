"""`python -S -I forked.py SOCKET ARGUMENT…`: what `python ARGUMENT…` does, in a process that the fork server forks.

Passes on the signals that it gets, ends as that process ends, and takes it along if it is killed, or if the process
that started it is. Where no fork server answers it becomes `python ARGUMENT…` itself. Imports little, as it is started
again and again.
"""

import os
import select
import signal
import socket
import sys
from contextlib import suppress

LENGTH_BYTES = 8
TOLD = (signal.SIGINT, signal.SIGTERM)
PARENT_LOOK_SECONDS = 0.5


def main() -> None:
    path, *arguments = sys.argv[1:]
    parent = os.getppid()
    folder = os.getcwd()  # noqa: PTH109  importing pathlib takes as long as all the rest
    with socket.socket(socket.AF_UNIX) as server:
        try:
            # By its name in the folder: the path of a socket may have a hundred characters only.
            os.chdir(os.path.dirname(path))  # noqa: PTH120
            server.connect(os.path.basename(path))  # noqa: PTH119
        except OSError:
            os.chdir(folder)
            os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606  as itself
        environment = [b"%s=%s" % each for each in os.environb.items()]
        start = [os.fsencode(folder), b"%d" % len(arguments), *map(os.fsencode, arguments), *environment]
        text = b"\0".join(start)
        message = len(text).to_bytes(LENGTH_BYTES) + text
        sent = socket.send_fds(server, [message], [0, 1, 2])
        # Not of nothing: a process that has ended by then would be a broken pipe.
        if sent < len(message):
            server.sendall(message[sent:])
        for number in TOLD:
            signal.signal(number, lambda number, _: tell(server, number))
        status = wait(server, parent)
    if status < 0:
        if -status in TOLD:
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    sys.exit(status)


def tell(server: socket.socket, number: int) -> None:
    with suppress(OSError):  # it has ended
        server.sendall(bytes([number]))


def wait(server: socket.socket, parent: int) -> int:
    """Status of the forked process; 1 where it is of no interest, or lost with the fork server."""
    while os.getppid() == parent:
        if select.select([server], [], [], PARENT_LOOK_SECONDS)[0]:
            return int(server.recv(16) or 1)
    return 1


if __name__ == "__main__":
    main()
