"""Log for schedulers: every line is an event, and nothing that was said is lost."""

import json
import sys

import pytest

from officer_assaults.cli.event_log import told


def run(code):
    with told("json", "reports") as say:
        say("reading")
        sys.stderr.write("one\n\ntwo without an end")
        sys.exit(code)


@pytest.mark.parametrize("code", [0, 3])
def test_all_that_is_written_becomes_events(capsys, code):
    with pytest.raises(SystemExit) as left:
        run(code)
    events = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [event["event"] for event in events] == ["start", "step", "step", "step", "end"]
    assert [event["text"] for event in events[1:4]] == ["reading", "one", "two without an end"]
    assert {event["command"] for event in events} == {"reports"}
    assert left.value.code == events[-1]["exit"] == code
