"""The tables of an archive in PostgreSQL, as migrations: each is applied once, in order, and never changed again.

The same tables as `indexer.store_schema` has for SQLite. Text that is quoted is bytes in UTF-8; the rest has the
collation C, so that both stores sort alike.
"""

from __future__ import annotations

_FIRST = """
CREATE TABLE meta(key TEXT COLLATE "C" PRIMARY KEY, value TEXT COLLATE "C" NOT NULL);
CREATE TABLE article(
  rowid BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id TEXT COLLATE "C" NOT NULL,
  added_seq BIGINT NOT NULL, removed_seq BIGINT,
  title TEXT COLLATE "C", source TEXT COLLATE "C", url TEXT COLLATE "C", author TEXT COLLATE "C",
  published_at TEXT COLLATE "C", published_raw TEXT COLLATE "C", language TEXT COLLATE "C",
  text_sha256 TEXT COLLATE "C" NOT NULL, source_sha256 TEXT COLLATE "C" NOT NULL,
  metadata TEXT COLLATE "C" NOT NULL, blocks TEXT COLLATE "C" NOT NULL,
  text BYTEA NOT NULL
);
CREATE UNIQUE INDEX article_live_id ON article(id) WHERE removed_seq IS NULL;
CREATE INDEX article_id ON article(id);
CREATE INDEX article_seq ON article(added_seq, removed_seq);
CREATE INDEX article_removed ON article(removed_seq) WHERE removed_seq IS NOT NULL;
CREATE INDEX article_text ON article(text_sha256);
CREATE INDEX article_published ON article(published_at DESC, id);
CREATE TABLE origin(
  key TEXT COLLATE "C" PRIMARY KEY,
  source_sha256 TEXT COLLATE "C" NOT NULL, extractor TEXT COLLATE "C" NOT NULL,
  article BIGINT NOT NULL REFERENCES article(rowid)
);
CREATE INDEX origin_article ON origin(article);
CREATE TABLE passage(
  rowid BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  article BIGINT NOT NULL REFERENCES article(rowid),
  ordinal BIGINT NOT NULL, start BIGINT NOT NULL, "end" BIGINT NOT NULL,
  UNIQUE(article, ordinal)
);
CREATE TABLE vector(
  passage BIGINT NOT NULL REFERENCES passage(rowid),
  embedder TEXT COLLATE "C" NOT NULL,
  fp16 BYTEA NOT NULL,
  PRIMARY KEY(passage, embedder)
);
CREATE TABLE segment(  -- always empty: what is sealed in a folder is one machine's own
  id TEXT COLLATE "C" PRIMARY KEY, embedder TEXT COLLATE "C" NOT NULL,
  first BIGINT NOT NULL, last BIGINT NOT NULL, n BIGINT NOT NULL, files TEXT COLLATE "C" NOT NULL
);
CREATE TABLE duplicate(
  article BIGINT PRIMARY KEY REFERENCES article(rowid),
  original BIGINT NOT NULL REFERENCES article(rowid),
  kind TEXT COLLATE "C" NOT NULL
);
CREATE TABLE band(
  hash BIGINT NOT NULL, article BIGINT NOT NULL REFERENCES article(rowid) ON DELETE CASCADE,
  PRIMARY KEY(hash, article)
);
CREATE INDEX band_article ON band(article);
CREATE TABLE near(
  article BIGINT NOT NULL REFERENCES article(rowid) ON DELETE CASCADE,
  other BIGINT NOT NULL REFERENCES article(rowid) ON DELETE CASCADE,
  jaccard DOUBLE PRECISION NOT NULL,
  PRIMARY KEY(article, other)
);
CREATE INDEX near_other ON near(other);
CREATE TABLE refusal(
  key TEXT COLLATE "C" PRIMARY KEY, source_sha256 TEXT COLLATE "C" NOT NULL,
  extractor TEXT COLLATE "C" NOT NULL, reason TEXT COLLATE "C" NOT NULL
);
CREATE TABLE fetched(
  url TEXT COLLATE "C" PRIMARY KEY, etag TEXT COLLATE "C", modified TEXT COLLATE "C", reader TEXT COLLATE "C" NOT NULL
);
CREATE TABLE looked(
  key TEXT COLLATE "C" PRIMARY KEY, stamp TEXT COLLATE "C" NOT NULL, reader TEXT COLLATE "C" NOT NULL,
  source_sha256 TEXT COLLATE "C" NOT NULL, extractor TEXT COLLATE "C" NOT NULL
);
INSERT INTO meta VALUES ('sequence', '0'), ('layout', '0');
"""

# A B-tree takes no key above 2.7 kB, and URLs may be longer: an index of hashes has no such bound, and an index of
# beginnings finds the keys that begin alike.
_LONG_KEYS = """
ALTER TABLE origin DROP CONSTRAINT origin_pkey, ALTER COLUMN key SET NOT NULL,
  ADD CONSTRAINT origin_key EXCLUDE USING hash (key WITH =);
CREATE INDEX origin_prefix ON origin(substr(key, 1, 500));
ALTER TABLE refusal DROP CONSTRAINT refusal_pkey, ALTER COLUMN key SET NOT NULL,
  ADD CONSTRAINT refusal_key EXCLUDE USING hash (key WITH =);
ALTER TABLE fetched DROP CONSTRAINT fetched_pkey, ALTER COLUMN url SET NOT NULL,
  ADD CONSTRAINT fetched_url EXCLUDE USING hash (url WITH =);
ALTER TABLE looked DROP CONSTRAINT looked_pkey, ALTER COLUMN key SET NOT NULL,
  ADD CONSTRAINT looked_key EXCLUDE USING hash (key WITH =);
"""

# Of `api.keyrings`; that any were ever made, and how often they changed, is in meta.
_KEYS = """
CREATE TABLE access_key(
  rowid BIGINT GENERATED ALWAYS AS IDENTITY,
  id TEXT COLLATE "C" PRIMARY KEY, name TEXT COLLATE "C" NOT NULL, scope TEXT COLLATE "C" NOT NULL,
  origins TEXT COLLATE "C" NOT NULL, created TEXT COLLATE "C" NOT NULL, expires TEXT COLLATE "C",
  sha256 TEXT COLLATE "C" NOT NULL
);
"""

# What an index outside the store has still to follow: see `indexer.outbox`.
_OUTBOX = """
CREATE TABLE outbox(
  number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, article BIGINT NOT NULL, due BIGINT NOT NULL
);
CREATE INDEX outbox_article ON outbox(article);
"""

MIGRATIONS = (_FIRST, _LONG_KEYS, _KEYS, _OUTBOX)
