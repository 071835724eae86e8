"""Messages: how a kernel sends what it says, so that no output of a cell is lost on the way.

A publisher of ZeroMQ drops what waits beyond the first thousand messages, without a word: on a busy
machine outputs, and the message that a cell has ended. Here they wait, however many.
"""

from __future__ import annotations

import json
from typing import Any

import zmq
from jupyter_client.jsonutil import json_default
from jupyter_client.session import json_packer

from officer_assaults import compiled
from officer_assaults.pipeline.terminal import HALF_SIGN

#: Arguments with which a kernel takes :func:`pack` and lets its messages wait.
ARGUMENTS = [
    "--Session.packer=officer_assaults.pipeline.messages.pack",
    "--IPKernelApp.extra_extensions=officer_assaults.pipeline.messages",
]
_NO_LIMIT = 0


def pack(message: Any) -> bytes:
    """Write a message as JSON; half of a sign, which UTF-8 cannot hold, as U+FFFD.

    Jupyter's own way loses the whole message, and prints a traceback into the report.
    """
    try:
        return json_packer(message)  # type: ignore[no-any-return, unused-ignore]
    except UnicodeEncodeError:
        whole = json.dumps(message, default=json_default, allow_nan=False, ensure_ascii=False)
        return HALF_SIGN.sub("\ufffd", whole).encode()


def checked(message: dict[str, Any]) -> dict[str, Any]:
    """Give a message back, or an error in its place if what it shows is neither text nor JSON.

    A notebook cannot hold it, and the whole run would be lost.
    """
    data = message.get("content", {}).get("data")
    shown = data.items() if isinstance(data, dict) else ()
    wrong = [mime for mime, value in shown if not _is_shown(mime, value)]
    if not wrong:
        return message
    said = f"what it shows as {wrong[0]} is no text"
    content = {"ename": "TypeError", "evalue": said, "traceback": [f"TypeError: {said}"]}
    header = {**message.get("header", {}), "msg_type": "error"}
    return {**message, "header": header, "msg_type": "error", "content": content}


def _is_shown(mime: str, value: Any) -> bool:
    lines = value if isinstance(value, list) else [value]
    return mime.endswith(("/json", "+json")) or all(isinstance(line, str) for line in lines)


def load_ipython_extension(shell: Any) -> None:
    """Let a kernel's outputs wait until they are sent, and its imports mend what was cut off.

    Before each cell, since ZeroMQ takes this limit only for clients that are connected already.
    """
    compiled.mend()
    thread = shell.kernel.iopub_thread

    def wait_without_limit(*_: Any) -> None:
        thread.schedule(lambda: thread.socket.set(zmq.SNDHWM, _NO_LIMIT))

    shell.events.register("pre_run_cell", wait_without_limit)
