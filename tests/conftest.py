"""What every test shares."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("pullquote", deadline=None)  # a busy machine is no bug
settings.load_profile("pullquote")
