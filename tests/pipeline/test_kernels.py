"""Forked kernels beside stock papermill: the same outputs, one process each, nothing shared."""

import json
import os
import signal
import subprocess
import sys
import time

import nbformat
import notebook_tree as tree
import papermill
import psutil
import pytest

from officer_assaults.pipeline import engines, forked, forkserver, lean
from officer_assaults.pipeline.collect import reproducible
from officer_assaults.pipeline.plan import make_plan
from officer_assaults.pipeline.run import CELL_ERROR, KERNEL_DIED, OK, make_job, perform

pytestmark = pytest.mark.skipif(not forked.can_fork(), reason="kernels are forked on Linux only")

# Looking up a module that is there takes microseconds, importing pandas above a quarter second.
PRELOAD = ("numpy", "pandas", "matplotlib.pyplot", "no_such_module")
EVERY_KIND_OF_OUTPUT = [
    "import sys, warnings\nimport numpy as np, pandas as pd\nimport matplotlib.pyplot as plt",
    'print("one"); print("two", file=sys.stderr); warnings.warn("careful")',
    'pd.DataFrame({"x": np.arange(size), "y": list("abcdefghi")[:size]})',
    "fig, ax = plt.subplots(figsize=(3, 2))\nax.plot(np.arange(size) ** 2)\nplt.show()",
    "plt.figure(figsize=(3, 2)); plt.bar([1, 2], [3, size]);",
    'plt.rcParams["figure.figsize"], plt.get_backend()',
    "np.random.default_rng(1).normal(size=3)",
    "import os; os.system('echo from a child')",
    "from IPython.display import Markdown, SVG\nSVG(\"<svg xmlns='http://www.w3.org/2000/svg'/>\")",
    'Markdown(f"**{place}** at {level}")',
    "sorted(name for name in globals() if not name.startswith('_'))",
]


@pytest.fixture(scope="module")
def server():
    one = forked.KernelServer(PRELOAD)
    one.wait_ready()
    yield one
    one.close()


@pytest.fixture
def use_server(server, monkeypatch):
    monkeypatch.setenv(forked.ADDRESS_VARIABLE, server.address)


def _job(tmp_path, nb, engine=engines.FORKED, settings=None, **options):
    project = tree.plant(tmp_path, {"01_small": nb}, **options)
    return make_job(project, make_plan(project, settings=settings).runs[0], engine=engine)


def test_a_function_is_called_where_the_imports_are_done(server, tmp_path):
    made = tmp_path / "made"
    assert server.call("os:mkdir", [str(made)])
    assert made.is_dir()
    assert not server.call("os:mkdir", [str(made)])
    assert not server.call("no_such_module:function", [])


def test_outputs_are_those_of_stock_papermill(tmp_path, use_server):
    source = tmp_path / "a.ipynb"
    nbformat.write(tree.notebook(*EVERY_KIND_OF_OUTPUT), source)
    made = {}
    for engine in (None, engines.STOCK, engines.FORKED):
        executed = papermill.execute_notebook(
            str(source), None, {"place": "south"}, engine_name=engine, progress_bar=False
        )
        made[engine] = reproducible(executed, {})
    stock = made[None]
    figures = [o for c in stock["cells"] for o in c.get("outputs", []) if "image/png" in
               o.get("data", {})]  # fmt: skip
    assert len(figures) == 2
    assert made[engines.STOCK]["cells"] == stock["cells"]
    assert made[engines.FORKED]["cells"] == stock["cells"]


# The reader sleeps, as on a busy machine, while far more is said than ZeroMQ keeps of itself.
SPEAKS_WHILE_NOBODY_READS = """import os, signal, subprocess
subprocess.Popen(["sh", "-c", f"sleep 1; kill -CONT {reader}"])
os.kill(reader, signal.SIGSTOP)
for i in range(3_000):
    display(i)"""
READER = """import os, sys
from officer_assaults.pipeline import engines
import papermill
_, source, engine = sys.argv
engines._OUTPUT_SECONDS = 60
done = papermill.execute_notebook(
    source, None, {"reader": os.getpid()}, engine_name=engine, progress_bar=False
)
sys.stdout.write(str(len(done.cells[-1].outputs)))"""


@pytest.mark.parametrize("engine", [engines.STOCK, engines.FORKED])
def test_what_nobody_reads_yet_is_kept(tmp_path, engine):
    source = tmp_path / "a.ipynb"
    nbformat.write(tree.notebook(SPEAKS_WHILE_NOBODY_READS), source)
    command = [sys.executable, "-c", READER, str(source), engine]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, start_new_session=True
    )
    assert done.stdout == "3000", done.stderr[-2000:]


def test_imports_are_paid_once(tmp_path, use_server):
    cell = "import sys; done = {'pandas', 'matplotlib.pyplot'} <= set(sys.modules)"
    job = _job(
        tmp_path, tree.notebook(tree.HELPERS, tree.HEADLINE, cell, 'record("done", int(done))')
    )
    result = perform(job)
    assert result.outcome == OK, result.error
    assert json.loads(result.json)["findings"][0]["value"] == 1


def test_reading_notebooks_builds_no_grammars():
    """Where JupyterLab is installed, jsonschema would build some for two seconds."""
    code = (
        "import sys, officer_assaults.pipeline.run, papermill, nbconvert, importlib.util\n"
        f"print([name for name in ('lark', *{lean.NOT_NEEDED}) if name in sys.modules])\n"
        f"print(all(map(importlib.util.find_spec, {lean.NOT_NEEDED})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[]", "True"]


GOOD_CELLS = (tree.HELPERS, tree.HEADLINE, tree.FINDING)
PROBE = """import os, threading, json
import numpy as np
state = {"pid": os.getpid(), "parent": os.getppid(), "session": os.getsid(0), "cwd": os.getcwd(),
         "random": [float(np.random.rand()), __import__("random").random()],
         "threads": os.environ["OPENBLAS_NUM_THREADS"], "files": os.listdir()}
open("left-behind.txt", "w").write("x")
import matplotlib; matplotlib.rcParams["font.size"] = 33
record("state", 1.0, state=state)"""


def test_each_run_is_a_process_of_its_own(tmp_path, use_server, server):
    job = _job(tmp_path, tree.notebook(tree.HELPERS, tree.HEADLINE, PROBE))
    states = []
    for _ in range(2):
        result = perform(job)
        assert result.outcome == OK, result.error
        states.append(json.loads(result.json)["findings"][0]["state"])
    one, other = states
    assert one["parent"] == other["parent"] == server.pid
    for key in ("pid", "session", "random"):
        assert one[key] != other[key]
    assert one["files"] == other["files"] == []
    assert one["cwd"] == other["cwd"] == "."  # Paths of the machine are not shown.
    assert one["threads"] == "1"
    assert not psutil.pid_exists(one["pid"])


def test_a_page_is_the_same_in_another_world(tmp_path):
    """Hash seed, time zone, locale, folder and start method leave no mark."""
    nb = tree.notebook(
        tree.HELPERS,
        tree.HEADLINE,
        tree.FINDING,
        *EVERY_KIND_OF_OUTPUT[:-1],
        "{'a', 'b', 'c'} and 1",
    )
    script = (
        "import sys, hashlib; sys.path.insert(0, sys.argv[1])\n"
        "import notebook_tree as tree\n"
        "from officer_assaults.pipeline.run import make_job, perform\n"
        "from officer_assaults.pipeline.plan import make_plan\n"
        "project = tree.describe(sys.argv[2])\n"
        "result = perform(make_job(project, make_plan(project).runs[0], engine=sys.argv[3]))\n"
        "print(result.error, hashlib.sha256(result.html + result.json).hexdigest())"
    )
    said = []
    worlds = [
        ("a", engines.STOCK, {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "LC_ALL": "C"}),
        ("b/deeper", engines.FORKED, {"PYTHONHASHSEED": "2", "TZ": "UTC", "LC_ALL": "C.UTF-8"}),
    ]
    for folder, engine, environment in worlds:
        tree.plant(tmp_path / folder, {"01_small": nb})
        done = subprocess.run(
            [sys.executable, "-c", script, str(tree.HERE), str(tmp_path / folder), engine],
            env={**os.environ, **environment}, cwd=tmp_path / folder,
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        said.append(done.stdout.split()[-1])
    assert said[0] == said[1]
    assert len(said[0]) == 64


def test_a_kernel_ends_with_the_connection_of_its_owner(server):
    process = forked.ForkedProcess(server.address, ["-f", "none.json"], dict(os.environ), "/")
    assert psutil.pid_exists(process.pid)
    process._connection.close()
    _wait_until(lambda: not psutil.pid_exists(process.pid))


def _runs(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def _wait_until(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def test_kernels_end_with_their_server(tmp_path):
    server = forked.KernelServer(())
    server.wait_ready()
    process = forked.ForkedProcess(
        server.address, ["-f", str(tmp_path / "k")], dict(os.environ), "/"
    )
    os.kill(server.pid, signal.SIGKILL)
    assert process.wait(60) == -signal.SIGKILL
    assert process.lost
    _wait_until(lambda: not _runs(process.pid))
    server.close()


def test_a_run_survives_the_death_of_the_fork_server(tmp_path, monkeypatch):
    server = forked.KernelServer(())
    server.wait_ready()
    monkeypatch.setenv(forked.ADDRESS_VARIABLE, server.address)
    kill_parent_once = (
        f"import os, pathlib\nmark = pathlib.Path({str(tmp_path / 'mark')!r})\n"
        "first = not mark.exists(); mark.touch()\n"
        "if first: os.kill(os.getppid(), 9)"
    )
    job = _job(tmp_path, tree.notebook(tree.HELPERS, kill_parent_once, tree.HEADLINE, tree.FINDING))
    result = perform(job)
    server.close()
    assert result.outcome == OK, result.error


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("from threading import Thread, Event\nThread(target=Event().wait, daemon=True).start()",
         "2 threads"),
        ("import matplotlib_inline.backend_inline", "no figures"),
    ],
)  # fmt: skip
def test_a_server_that_cannot_fork_says_so(tmp_path, monkeypatch, code, said):
    (tmp_path / "trouble.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    server = forked.KernelServer(("trouble",))
    with pytest.raises(RuntimeError, match=said):
        server.wait_ready()
    server.close()


def test_preload_of_this_project_leaves_figures_to_the_kernel():
    from officer_assaults.cli.project import PRELOAD as OURS

    server = forked.KernelServer(OURS)
    server.wait_ready()
    server.close()
    assert forkserver.FORBIDDEN_MODULE not in OURS


@pytest.mark.parametrize("engine", [engines.STOCK, engines.FORKED])
@pytest.mark.parametrize(
    ("cell", "outcome", "number", "said"),
    [
        ("1 / 0", CELL_ERROR, 3, "ZeroDivisionError: division by zero"),
        ("import os; os.kill(os.getpid(), 9)", KERNEL_DIED, 3, "SIGKILL"),
        ("import os; os._exit(7)", KERNEL_DIED, 3, "exit code 7"),
        ("import os; open(os.getcwd() + '/a.csv')", CELL_ERROR, 3, "directory: './a.csv'"),
    ],
)
def test_failures_name_cell_and_cause(tmp_path, use_server, engine, cell, outcome, number, said):
    result = perform(_job(tmp_path, tree.notebook(cell), engine, {"size": "4"}))
    assert (result.outcome, result.cell) == (outcome, number)
    assert said in result.error
    assert b"papermill" not in result.executed
    executed = nbformat.reads(result.executed.decode(), 4)
    assert executed.cells[2].source.startswith("# Parameters")


def test_papermill_alone_finds_the_engine(tmp_path):
    source, out = tmp_path / "a.ipynb", tmp_path / "out.ipynb"
    nbformat.write(
        tree.notebook("import os, psutil\npsutil.Process(os.getppid()).cmdline()"), source
    )
    command = ["papermill", "--engine", engines.FORKED, "--no-progress-bar", source, out]
    done = subprocess.run(
        [sys.executable, "-m", *command, "-p", "size", "4"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    cells = nbformat.read(out, 4).cells
    assert "size = 4" in cells[2].source
    assert "officer_assaults.pipeline.forkserver" in cells[3].outputs[0].data["text/plain"]


def test_functions_run_before_the_fork(tmp_path, monkeypatch):
    (tmp_path / "warm.py").write_text("state = []\ndef up(): state.append(1)\ndef bad(): 1 / 0")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    server = forked.KernelServer(("warm:up", "warm:bad", "warm:none"), {"WARM": "yes"})
    server.wait_ready()
    monkeypatch.setenv(forked.ADDRESS_VARIABLE, server.address)
    job = _job(
        tmp_path, tree.notebook("import warm; assert warm.state == [1]", *GOOD_CELLS),
    )  # fmt: skip
    result = perform(job)
    server.close()
    assert result.outcome == OK, result.error


def test_a_long_batch_does_more_before_the_fork(tmp_path, monkeypatch):
    (tmp_path / "warm.py").write_text(
        "from pathlib import Path\nstate = []\ndef up(): state.append(1)\n"
        "def say(path): Path(path).write_text(str(state))"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    server = forked.KernelServer((f"{forkserver.LATER}warm:up",))
    server.wait_ready()
    said = []
    for number in range(forkserver.LONG + 2):
        assert server.call("warm:say", [str(tmp_path / f"{number}.txt")])
        said.append((tmp_path / f"{number}.txt").read_text())
    server.close()
    assert said == ["[]"] * forkserver.LONG + ["[1]"] * 2
