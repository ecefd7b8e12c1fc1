"""Run a command that ends together with whoever started it, even by a kill: `python -m tools.tether command …`.

The one who starts it holds the other end of standard input; when that end closes, the command and all that it
started in its process group are asked to end, and made to if they do not.
"""

import os
import signal
import subprocess
import sys
import threading

GRACE = 30  # seconds between asking and making


def main(command):
    """Run the command until it ends or standard input does; return its exit code."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=_end_with_input, args=[child], daemon=True).start()
    return child.wait()


def _end_with_input(child):
    while os.read(0, 4096):
        pass
    for number, patience in ((signal.SIGTERM, GRACE), (signal.SIGKILL, None)):
        if child.poll() is None:
            os.killpg(child.pid, number)
            try:
                child.wait(patience)
            except subprocess.TimeoutExpired:
                continue


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):  # the terminal's Ctrl-C goes to the one who started this
        signal.signal(number, lambda *_: None)
    sys.exit(main(sys.argv[1:]))
