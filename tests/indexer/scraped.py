"""Texts as scrapers leave them, with everything in them that is hard to count; and the real seeds."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st

from tests.texts import PIECES, SPACES, without_surrogates

SEEDS = Path(__file__).parents[2] / "seeds"
SEED = SEEDS / "000_ffa18cde320deb92.txt"
WIKINEWS = SEEDS / "wikinews.jsonl"

_LINES = (
    *(
        "The minister said so.",
        "Mr. Smith went to Rs. 500 at 5 p.m.",
        "“It is,” he said.",
        "No end here",
        "E.U. É. J. Doe",
    ),
    *(
        "By Jane Doe",
        "Metro Web Team",
        "Oslo, NorwayUpdated: Feb 06, 2022, 05:26 PM IST",
        "Beijing, China",
        "(Reuters)",
    ),
    *("main img", "ugc_banner", "×", "* * *", "Story highlights", "Advertisement", "Read also: x", "– Jane Doe"),
    *("File photo of a man. Photograph:(Reuters)", "A headline of some words", "(With inputs from agencies)"),
    *("你好。", "शांति की अपील।", "مرحبا؟", "x" * 60, "word " * 25, "1.5", "https://a.b/c?d=e.", "\ufffd", "\x1b[0m"),
)
_GAPS = ("\n", "\n\n", "\n\n", "\x85", "\x0b", "\x0c", "\x1c", "\u3000")


def news_texts() -> st.SearchStrategy[str]:
    """Any text without NUL, most often one like a scraped page."""
    piece = st.sampled_from(_LINES) | st.sampled_from(_LINES + PIECES) | st.text(max_size=8)
    gap = st.sampled_from(_GAPS) | st.sampled_from(SPACES)
    pages = st.lists(st.tuples(piece, gap).map("".join), max_size=40).map("".join)
    return (pages | st.text(max_size=60)).map(lambda text: without_surrogates(text).replace("\0", ""))
