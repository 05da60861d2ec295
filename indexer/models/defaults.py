"""The models of models.yaml that are taken where none is named."""

from typing import Final

EMBEDDER: Final = "all-minilm-l6-v2"
READER: Final = "minilm-l6-reader"
