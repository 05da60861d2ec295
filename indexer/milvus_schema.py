"""The fields of a collection in Milvus, and what is indexed of them."""

from __future__ import annotations

from indexer.milvus_client import DataType, Function, FunctionType, MilvusClient
from indexer.milvus_rows import KEYS, LONGEST

_BM25 = {"bm25_k1": 1.2, "bm25_b": 0.75}  # as tantivy has them
_HNSW = {"M": 24, "efConstruction": 200}


def schema(width: int) -> object:
    """The fields of a row, and the function that counts its words. width: of the vectors."""
    made = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    made.add_field("passage", DataType.INT64, is_primary=True)
    for field in ("article", "added", *KEYS.values(), "published_first", "published_last"):
        made.add_field(field, DataType.INT64)
    analyzer = {"tokenizer": "standard"}
    made.add_field("words", DataType.VARCHAR, max_length=LONGEST, enable_analyzer=True, analyzer_params=analyzer)
    made.add_field("terms", DataType.SPARSE_FLOAT_VECTOR)
    made.add_field("vector", DataType.FLOAT_VECTOR, dim=width)
    made.add_function(Function("bm25", FunctionType.BM25, ["words"], ["terms"]))
    return made


def indexes() -> object:
    """How Milvus finds vectors, words, and what filters look at."""
    made = MilvusClient.prepare_index_params()
    made.add_index("vector", index_type="HNSW", metric_type="IP", params=_HNSW)
    made.add_index("terms", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25", params=_BM25)
    for field in (*KEYS.values(), "article", "published_first", "published_last"):
        made.add_index(field, index_type="INVERTED")
    return made
