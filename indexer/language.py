"""Which language a text is in. The only module that imports py3langid."""

from __future__ import annotations

from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

_SAMPLE = 3000  # characters: more changes no answer
_LEAST = 40  # letters: fewer say little
_SURE = 0.9  # of 1, by a measure that stays calibrated over lengths


@cache
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def detect_language(text: str) -> str | None:
    """The ISO 639-1 code of a text's language, or None where it is short or not clearly in one."""
    sample = text[:_SAMPLE]
    if sum(char.isalpha() for char in sample) < _LEAST:
        return None
    language, sure = _identifier().classify(sample)
    return str(language) if sure >= _SURE else None


def likeliest_language(text: str) -> str:
    """The code of the language that a text is likeliest in, however unsure."""
    return str(_identifier().classify(text[:_SAMPLE])[0])
