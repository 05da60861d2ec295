"""Texts on which offsets go wrong: astral characters, ZWJ sequences, marks, odd white space, odd directions."""

from __future__ import annotations

from hypothesis import strategies as st

PIECES = (
    "Xi", "pledged", "closer cooperation", "China's", "the U.S.", "p.m.", "don’t", "$1,000", "40%", "Inc.",
    "“", "”", '"', "'", "(", ")", "[", ",", ".", "!", "…", "–", ";",
    "👍🏽", "👩\u200d👩\u200d👧", "🇵🇰🇨🇳", "❤️", "1️⃣", "𝒳𝒾", "𐍈𐌰", "🏴\U000e0067\U000e0062\U000e007f",
    "cafe\u0301", "a\u0308\u0304", "\u0301", "\u0e01\u0e33", "\u1112\u1161\u11ab", "कि", "北京", "プレス",
    "\u05e9\u05dc\u05d5\u05dd", "\u200f", "\u202e", "\u2067x\u2069", "\u0600\u0661", "ﷺ", "ß", "İ", "ﬁ",
)  # fmt: skip
SPACES = (
    " ",
    " ",
    " ",
    "",
    "\n",
    "\n\n",
    "\r\n",
    "\r\n\r\n",
    "\r",
    "\u00a0",
    "\u2028",
    "\u2029",
    "\t",
    "\u200b",
    "\ufeff",
)


def texts(max_pieces: int = 40) -> st.SearchStrategy[str]:
    """Odd pieces and odd spaces in turn, or any text at all."""
    piece = st.sampled_from(PIECES) | st.text(max_size=4)
    mixed = st.lists(st.tuples(piece, st.sampled_from(SPACES)).map("".join), max_size=max_pieces).map("".join)
    return (mixed | st.text()).map(without_surrogates)


def without_surrogates(text: str) -> str:
    """What `clean` leaves of a text: lone surrogates become U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
