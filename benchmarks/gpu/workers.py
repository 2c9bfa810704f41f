"""Other processes that are asked and answer, a line of JSON each way.

Each variant that is timed lives in a process of its own, so that precision, compiled programs and peak memory do not
blur. It stays alive while the others have their turns, so that it compiles only once.
"""

import json
import queue
import subprocess
import sys
import tempfile
import threading

from gan_book.paths import BOOK

MARK = "@@"  # begins the lines that are answers; libraries print what they like


class NoAnswer(Exception):
    """A worker ended, failed or was too slow; the message says which."""


class Worker:
    """A process that runs a module of the book.

    Args:
        module: its name.
        arguments: of its command line.
        environment: of the process.
    """

    def __init__(self, module, arguments, environment):
        self._errors = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 - lives as long as the process
        self._answers = queue.Queue()
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=BOOK, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors,
        )  # fmt: skip
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        for line in self._process.stdout:
            if line.startswith(MARK):
                self._answers.put(json.loads(line.removeprefix(MARK)))
        self._answers.put(None)  # it has ended

    def ask(self, **question):
        """Sends a question."""
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
        except OSError:  # it has ended, which `answer` will say
            return

    def answer(self, seconds):
        """The next answer, a dict.

        Raises:
            NoAnswer: none came within so many seconds, or the process has ended; it is ended in any case.
        """
        try:
            found = self._answers.get(timeout=max(seconds, 0.01))
        except queue.Empty:
            self.kill()
            raise NoAnswer("cut: no time was left") from None
        if found is None:
            self.kill()
            raise NoAnswer(f"failed: {self._last_words()}")
        return found

    def kill(self):
        """Ends the process at once."""
        self._process.kill()
        self._process.wait()

    def _last_words(self):
        """The last lines that the process wrote to standard error."""
        self._errors.seek(0)
        return self._errors.read().strip()[-1500:] or f"it ended with status {self._process.returncode}"


def questions():
    """In a worker: yields what is asked until the parent ends."""
    for line in sys.stdin:
        yield json.loads(line)


def reply(**answer):
    """In a worker: sends an answer."""
    print(MARK + json.dumps(answer), flush=True)
