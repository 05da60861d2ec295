"""What the browser tests of the page share: its articles, and how a question is asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page

from tests.api.browser import Watched

Scheme = Literal["light", "dark"]
Opened = Callable[..., Watched]

SEED = Path(__file__).parents[2] / "seeds" / "000_ffa18cde320deb92.txt"
SEED_QUESTION = "What did Xi pledge?"

ASTRAL = (
    "👩🏽‍🚀 The cafe\u0301 on 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 Street reopened on Tuesday 🇵🇰🇨🇳.\r\n\r\n"
    "Its owner, Zoë\u0308 𐍈𐌰\u2028Ekström, said the price of a bun 🥐 would stay at 2\u00a0𝟛 crowns."
)
HOSTILE = [
    {
        "id": "script",
        "title": "<script>window.owned = 1</script><img src=x onerror='window.owned = 2'>",
        "source": "<b>Vellanor Gazette</b>",
        "author": '"><svg onload="window.owned = 3">',
        "url": "javascript:window.owned=4",
        "published_at": "2021-03-04",
        "text": "The harbour committee of Vellanor approved a toll of nine shillings. <i>No one</i> objected.",
    },
    {
        "id": "astral",
        "title": "Café reopens 🥐",
        "source": "Unicode Street News",
        "url": "https://news.example/cafe?a=1&b=2",
        "published_at": "2021-05-06T07:08:09Z",
        "text": ASTRAL,
    },
    {
        "id": "long",
        "title": "A" * 300,
        "source": "Vellanor Gazette",
        "text": "Ferries. "
        + "The ferry timetable of Vellanor will change in the spring, the harbour master said. " * 40,
    },
]


def ask(page: Page, question: str) -> None:
    """Type a question, and send it."""
    page.get_by_label("Ask the archive").fill(question)
    page.keyboard.press("Enter")
