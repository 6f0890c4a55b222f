"""How long a skilled hand takes at keys and mouse, by the keystroke-level model of Card, Moran and Newell."""

from collections.abc import Sequence

from playwright.sync_api import Locator, Page, expect

Place = Locator | Sequence[float]


class Hands:
    """Somebody at a desk, and how long it takes him (The Psychology of Human-Computer Interaction, 1983, ch. 8).

    In seconds: M = 1.35 to make up his mind before each act, K = 0.28 for each key of an average typist, P = 1.1 to
    point, B = 0.1 to press a mouse button or let it go, H = 0.4 from keys to mouse or back. A word is one act, a
    Chinese character three keys; Tabs and arrows on the way are keys. What the machine takes is not counted.
    """

    MIND, KEY, POINT, BUTTON, HOME = 1.35, 0.28, 1.1, 0.1, 0.4

    def __init__(self, page: Page) -> None:
        self.page = page
        self.acts = self.keys = self.points = self.buttons = self.homings = 0
        self._at_keys: bool | None = None

    @property
    def seconds(self) -> float:
        """So far."""
        return (
            self.acts * self.MIND + self.keys * self.KEY + self.points * self.POINT + self.buttons * self.BUTTON
            + self.homings * self.HOME
        )  # fmt: skip

    def __str__(self) -> str:
        return (
            f"{self.acts} M, {self.keys} K, {self.points} P, {self.buttons} B, {self.homings} H: {self.seconds:.0f} s"
        )

    # ---------------------------------------------------------------- the mouse

    def click(self, place: Place) -> None:
        """Point at it and click; a pair is a point of the window."""
        self._point()
        if isinstance(place, Locator):
            place.click()
        else:
            self.page.mouse.click(*place)

    def pick(self, select: Locator, value: str | None = None, *, label: str | None = None) -> None:
        """Open a list by a click, and click one of its options."""
        self._point()
        self._point()
        select.select_option(value, label=label)

    def fill(self, field: Locator, words: str) -> None:
        """Click a field, and write into it what it shall hold."""
        self.click(field)
        if field.evaluate("found => found.value ?? found.textContent"):
            self.press("Control+a")
        self.type(words)

    # ---------------------------------------------------------------- the keys

    def press(self, key: str, times: int = 1) -> None:
        """One key, several times."""
        self.acts += 1
        self._strike(key, times)

    def type(self, words: str) -> None:
        """Where the focus is."""
        self.acts += 1
        self._to_keys()
        self.keys += sum(1 if character.isascii() else 3 for character in words)
        self.page.keyboard.type(words)

    def to(self, place: Locator, key: str = "Tab", most: int = 60) -> None:
        """Go there by pressing one key again and again."""
        self.acts += 1
        for _ in range(most):
            if place.evaluate("found => found === document.activeElement"):
                return
            self._strike(key)
        raise AssertionError(f"{most} times {key} do not lead to {place}")

    def choose(self, place: Locator, words: str) -> None:
        """Go to a select and down to one of its options."""
        self.to(place)
        wanted, now = place.evaluate(
            "(found, words) => [[...found.options].findIndex(one => one.text.trim() === words), found.selectedIndex]",
            words,
        )
        assert wanted >= 0, words
        self.press("ArrowDown" if wanted > now else "ArrowUp", abs(wanted - now))

    def add(self, kind: str) -> None:
        """ "+" behind the card that has the focus; the settings of the new one are open then."""
        self.press("+")
        self.to(self.page.locator(f".tk-plus details[open] button[value={kind}]"))
        self.press("Enter")
        expect(self.page.locator("#sheet-title")).to_be_focused()

    def apply(self) -> None:
        """Enter in the settings of a card."""
        self.press("Enter")
        expect(self.page.locator("#sheet")).to_have_count(0)
        expect(self.page.locator("[data-card]:focus")).to_have_count(1)

    def _strike(self, key: str, times: int = 1) -> None:
        self._to_keys()
        self.keys += times
        for _ in range(times):
            self.page.keyboard.press(key)

    def _to_keys(self) -> None:
        self.homings += self._at_keys is False
        self._at_keys = True

    def _point(self) -> None:
        self.homings += self._at_keys is True
        self._at_keys = False
        self.acts += 1
        self.points += 1
        self.buttons += 2
