"""Messages: how a kernel writes what it says, so that no text of a cell is lost on the way."""

from __future__ import annotations

import json
from typing import Any

from jupyter_client.jsonutil import json_default
from jupyter_client.session import json_packer

from officer_assaults.pipeline.terminal import HALF_SIGN

#: Argument with which a kernel takes :func:`pack` instead of its own way.
ARGUMENT = "--Session.packer=officer_assaults.pipeline.messages.pack"


def pack(message: Any) -> bytes:
    """Write a message as JSON; half of a sign, which UTF-8 cannot hold, as U+FFFD.

    Jupyter's own way loses the whole message, and prints a traceback into the report.
    """
    try:
        return json_packer(message)  # type: ignore[no-any-return, unused-ignore]
    except UnicodeEncodeError:
        whole = json.dumps(message, default=json_default, allow_nan=False, ensure_ascii=False)
        return HALF_SIGN.sub("\ufffd", whole).encode()
