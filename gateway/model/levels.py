"""What people are told: four colours for an alarm, seven states for a place."""

from enum import IntEnum, StrEnum


class Level(IntEnum):
    """Level of an alarm; red is highest (红橙黄蓝 = I-IV)."""

    BLUE = 1
    YELLOW = 2
    ORANGE = 3
    RED = 4

    @property
    def word(self) -> str:
        """The word used in topics, config and JSON."""
        return self.name.lower()

    @property
    def chinese(self) -> str:
        """One character, as people say it."""
        return {1: "蓝", 2: "黄", 3: "橙", 4: "红"}[self.value]

    @classmethod
    def parse(cls, word: str) -> "Level":
        """``"red"`` -> ``Level.RED``.

        Raises:
            ValueError: not one of the four words.
        """
        try:
            return cls[word.upper()]
        except KeyError:
            raise ValueError(f"{word!r} is not one of red, orange, yellow, blue") from None


class LiveLevel(StrEnum):
    """State of a site or installation now. Not knowing is never ``normal`` (promise 8)."""

    RED = "red"
    ORANGE = "orange"
    YELLOW = "yellow"
    BLUE = "blue"
    NO_VIEW = "no-view"
    NOT_JUDGED = "not-judged"
    NORMAL = "normal"


class Stage(StrEnum):
    """Stage of a rule or installation."""

    SHADOW = "shadow"
    LIVE = "live"
