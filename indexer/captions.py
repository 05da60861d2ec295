"""What the lines under pictures look like: they begin as descriptions of one, or end in its credit."""

from __future__ import annotations

from indexer.patterns import AnyOf

LONGEST = 600  # characters: no longer line is taken for a caption

_AGENCY = (
    r"(?:reuters|ap(?: photo)?|afp|getty(?: images)?|pti|ani|ians|epa(?:-efe)?|bloomberg|shutterstock|istock|alamy"
    r"|xinhua|dpa|upi|pa(?: media| wire)?|anadolu(?: agency)?|twitter|instagram|facebook)"
)
_PHOTO = r"(?:photo(?:graph(?:er|y)?)?s?|image|picture|pic|illustration|graphic|video)"

_OPENING = AnyOf(
    r"file (?:photo|image|picture|pic)s?\b|file ?[-–—:] ?\S",
    r"(?:photo|image|picture|pictured|caption|photo caption|image caption)\s?:",
    r"(?:image|photo) (?:source|credit|caption|courtesy)\b",
    r"in this (?:[\w.,]+ ){0,5}(?:photo|image|picture|handout|frame|screengrab)\b(?!-)",
    r"(?:a |an )?(?:representative|representational) (?:image|photo|picture)|screen ?grab (?:from|of)\b",
)

_ENDING = AnyOf(
    rf"\b{_PHOTO}(?: (?:credits?|sources?|courtesy|by))?\s*[:/]\s*\(?[^.:]{{1,60}}\)?\.?$",
    rf"[(\[](?:file )?(?:{_PHOTO} (?:by|credit|courtesy)|{_PHOTO}[:/]|ap photo|credit:|via (?:ap|reuters))"
    r"[^()\[\]]{0,80}[)\]]\.?$",
    r"\b(?:credit|source)s?\s*:\s*[^.:]{1,60}$",
    rf"(?:[|/]|©)\s*{_AGENCY}$",
    r"\b(?-i:REUTERS)/[^.]{1,40}$",
    r"\bvia (?:getty images|reuters|ap|afp)\b[^.]{0,30}$",
    r"\b(?:hide|toggle) caption$",
)
# Below each picture of a gallery, all of which may have run into one line.
_GALLERY = AnyOf(r"\b(?:(?:hide|toggle) caption|photo|image|picture|slide) \d{1,4} (?:of|/) \d{1,4}(?=\s|$)")
_CREDITED = AnyOf(rf"[^.]{{1,200}}[-–—]\s*{_AGENCY}$")  # one sentence only: whole articles end in "– AFP" too
_LONGEST_CREDIT = 200
_LONGEST_PICTURE = 800


def is_caption(line: str) -> bool:
    """Whether a line says of itself that it describes a picture, or ends in a picture's credit."""
    if _is_gallery(line):
        return True
    if len(line) > LONGEST:
        return False
    return bool(
        _OPENING.re.match(line) or _CREDITED.re.match(line) or _ENDING.re.search(line, len(line) - _LONGEST_CREDIT)
    )


def _is_gallery(line: str) -> bool:
    """Whether a line ends as a picture of a gallery does, and is no longer than so many captions would be."""
    places = [found.end() for found in _GALLERY.re.finditer(line)]
    return bool(places) and places[-1] == len(line) <= _LONGEST_PICTURE * len(places)
