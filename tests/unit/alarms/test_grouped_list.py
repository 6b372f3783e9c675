"""The list by groups: every alarm once, the first of a group at its head."""

from gateway.cli.alarms import by_group


def alarm(ident: str, group: str, raised: str, *, first_out: bool = False) -> dict[str, object]:
    return {"id": ident, "group": group, "raised": raised, "first_out": first_out}


def test_every_alarm_is_in_its_group_and_the_largest_comes_first() -> None:
    alarms = [
        alarm("a", "installation:farm", "t1"),
        alarm("b", "first-out:trip", "t0"),
        alarm("c", "first-out:trip", "t2", first_out=True),
        alarm("d", "device:plc1", "t0"),
    ]
    found = by_group(alarms)
    assert {k: [a["id"] for a in own] for k, own in found.items()} == {
        "first-out:trip": ["c", "b"], "device:plc1": ["d"], "installation:farm": ["a"],
    }  # fmt: skip
