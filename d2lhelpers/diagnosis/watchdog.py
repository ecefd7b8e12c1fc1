"""A loop that never ends must not take the notebook with it: calls with a time limit, in this very thread."""

import ctypes
import signal
import sys
import threading
import time

CPU, WALL = 6.0, 30.0  # seconds for one call of an answer; a slow but honest one needs a small part of it
LOADING = 60.0  # seconds more for libraries that a call imports for the first time (`torch.func` takes some)


class TooLong(BaseException):  # not an Exception: the answer's own `except Exception` must not catch it
    """Raised inside a call that used up its time."""


class Watchdog:
    """Calls functions in this thread, and raises `TooLong` in one that runs too long.

    A second thread looks at the clocks; the function itself runs at full speed. One that swallows `TooLong`
    gets it again and again, and one that sleeps in C is woken by a signal. Use it in a ``with``.

    Parameters
    ----------
    cpu, wall : float
        Seconds of the process's computing time, and of real time, that one call may take.
    """

    def __init__(self, cpu=CPU, wall=WALL):
        self.cpu, self.wall, self.target = cpu, wall, threading.get_ident()
        self.armed = self.busy = self.over = False
        self.since = None

    def __enter__(self):
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.over = True

    def call(self, function, *args):
        """Return `function(*args)`, or raise `TooLong`."""
        try:
            try:
                self.since = _clocks()
                self.armed = True
                return function(*args)
            finally:
                self._rest()
        except TooLong:
            self._rest()
            raise
        except KeyboardInterrupt:
            if time.monotonic() - self.since[1] > self.wall or time.process_time() - self.since[0] > self.cpu:
                raise TooLong from None  # it was our own signal
            raise

    def _rest(self):
        """Stop watching; what the second thread raises at this moment is swallowed."""
        while True:
            try:
                self.armed = False
                while self.busy:
                    time.sleep(0.0005)
                for _ in range(100):  # an exception that is on its way arrives here; taking it back with NULL
                    pass              # would leave CPython's eval breaker set for good (slow, and profilers hang)
                return
            except TooLong:
                continue

    def _watch(self):
        pause, tries = min(0.05, self.cpu / 4), 0
        seen, patience = _clocks(), LOADING
        while not self.over:
            time.sleep(pause if tries == 0 else 0.003)
            self.busy = True  # `_rest` waits until this is over, so nothing is raised after a call's end
            seen, before = _clocks(), seen
            if self.armed and patience > 0 and self._is_loading():  # a first import is not the call's work
                self.since = tuple(a + b - c for a, b, c in zip(self.since, seen, before, strict=True))
                patience -= seen[1] - before[1]
            if self.armed and (time.process_time() - self.since[0] > self.cpu
                               or time.monotonic() - self.since[1] > self.wall):
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.target), ctypes.py_object(TooLong))
                tries += 1
            else:
                tries = 0
            self.busy = False
            if tries and tries % 300 == 0:
                self._wake()

    def _is_loading(self):
        """Whether the watched call is inside an import; that it was itself started by one does not count."""
        frame = sys._current_frames().get(self.target)
        while frame is not None and frame.f_code is not Watchdog.call.__code__:
            if frame.f_code.co_filename.startswith("<frozen importlib"):
                return True
            frame = frame.f_back
        return False

    def _wake(self):
        """Interrupt a system call of the main thread, where that is possible."""
        main = self.target == threading.main_thread().ident and hasattr(signal, "pthread_kill")
        if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.pthread_kill(self.target, signal.SIGINT)


def _clocks():
    """Return the process's computing time and the real time, in seconds."""
    return time.process_time(), time.monotonic()
