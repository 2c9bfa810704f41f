"""Trains with several processes on this machine, as several machines would, and starts them again if one is killed.

    python -m tools.workers 2 train cgan --preset smoke --out runs/two

What follows the number of workers is what ``gan-book`` takes. Each process gets the addresses of all in ``TF_CONFIG``,
which is all that a cluster needs, too (``docs/devices.md``). When one ends without success the others cannot go on: a
step needs the gradients of all. So they are ended, and all are started again with ``--resume``.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

ATTEMPTS = 3


def addresses(count):
    """As many addresses of this machine, each with a port that is free now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    finally:
        for each in sockets:
            each.close()


def start(count, words):
    """Starts the workers, the chief first. Returns their processes."""
    cluster = {"worker": addresses(count)}
    processes = []
    for index in range(count):
        task = {"cluster": cluster, "task": {"type": "worker", "index": index}}
        environment = {**os.environ, "TF_CONFIG": json.dumps(task)}
        processes.append(subprocess.Popen([sys.executable, "-m", "gan_book", *words], env=environment))
    return processes


def wait(processes):
    """Waits until all have ended well, or ends them when one has not. Returns the worst exit status."""
    while True:
        states = [process.poll() for process in processes]
        failed = [state for state in states if state]
        if failed or all(state == 0 for state in states):
            end(processes)
            return failed[0] if failed else 0
        time.sleep(0.2)


def end(processes):
    """Ends those that still run, and waits for them."""
    for process in processes:
        if process.poll() is None:
            process.kill()  # one that waits for the others in a step hears nothing else
    for process in processes:
        process.wait()


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m tools.workers", description=__doc__.partition("\n")[0])
    parser.add_argument("workers", type=int, help="number of processes, from 2 on")
    parser.add_argument("words", nargs=argparse.REMAINDER, help="train, the chapter and the flags of gan-book train")
    given = parser.parse_args(arguments)
    if given.workers < 2 or given.words[:1] != ["train"] or "--out" not in given.words:
        parser.error("give the number of workers, from 2 on, and then: train <chapter> --out <folder> ...")
    words = given.words
    for _ in range(ATTEMPTS):
        processes = start(given.workers, words)
        print(f"workers: {' '.join(str(process.pid) for process in processes)}", flush=True)
        try:
            status = wait(processes)
        except KeyboardInterrupt:
            end(processes)
            return 130
        if status == 0 or not begun(words):  # what ends before it has begun would end so again
            return abs(status)
        print(f"a worker ended with status {status}", flush=True)
        words = words if "--resume" in words else [*words, "--resume"]
    return abs(status)


def begun(words):
    """Whether the run has begun, so that it can be resumed."""
    return (Path(words[words.index("--out") + 1]) / "config.json").exists()


if __name__ == "__main__":
    sys.exit(main())
