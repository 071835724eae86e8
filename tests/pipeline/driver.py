"""A batch as a process of its own, for tests to interrupt, to starve, or to run twice at once."""

import argparse
import contextlib
import resource
import sys

import notebook_tree as tree

from officer_assaults.pipeline.batch import run_batch
from officer_assaults.pipeline.lock import locked
from officer_assaults.pipeline.plan import make_plan
from officer_assaults.pipeline.workers import LocalWorkers, choose

SMALLEST_FILE = 200  # Bytes; every page and stamp is larger.


@contextlib.contextmanager
def full_disk():
    """No file of this process can grow; workers started before are not touched."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SMALLEST_FILE, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def say(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--full-after", type=int)
    parser.add_argument("--scheduler")
    parser.add_argument("--render", default="simple_page:render")
    asked = parser.parse_args()
    environment = {"TREE_ROOT": "{root}"}
    project = tree.describe(asked.folder, render=asked.render, environment=environment)
    done = []
    with contextlib.ExitStack() as stack:

        def finished(result):
            done.append(result)
            say(result.outcome, result.key, result.error)
            if len(done) == asked.full_after:
                stack.enter_context(full_disk())

        stack.enter_context(locked(project.state / "lock", lambda holder: say("waiting")))
        plan = make_plan(project, scopes=["all"])
        say("stale", len(plan.stale))
        workers = LocalWorkers(asked.processes)
        if asked.scheduler:
            workers = choose(project, plan, scheduler=asked.scheduler)
        batch = run_batch(project, plan, workers, finished=finished)
    return 130 if batch.interrupted else int(bool(batch.failures))


if __name__ == "__main__":
    sys.exit(main())
