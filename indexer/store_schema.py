"""The tables of an archive in SQLite. `indexer.postgres_schema` has the same for PostgreSQL."""

from __future__ import annotations

SCHEMA = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE article(
  rowid INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL,
  added_seq INTEGER NOT NULL, removed_seq INTEGER,
  title TEXT, source TEXT, url TEXT, author TEXT,
  published_at TEXT, published_raw TEXT, language TEXT,
  text_sha256 TEXT NOT NULL, source_sha256 TEXT NOT NULL,
  metadata TEXT NOT NULL, blocks TEXT NOT NULL,
  text BLOB NOT NULL  -- last: what comes before it is read without its pages
) STRICT;
CREATE UNIQUE INDEX article_live_id ON article(id) WHERE removed_seq IS NULL;
CREATE INDEX article_seq ON article(added_seq, removed_seq);
CREATE INDEX article_removed ON article(removed_seq) WHERE removed_seq IS NOT NULL;
CREATE INDEX article_text ON article(text_sha256);
CREATE TABLE origin(
  key TEXT PRIMARY KEY,
  source_sha256 TEXT NOT NULL, extractor TEXT NOT NULL,
  article INTEGER NOT NULL REFERENCES article(rowid)
) STRICT, WITHOUT ROWID;
CREATE INDEX origin_article ON origin(article);
CREATE TABLE passage(
  rowid INTEGER PRIMARY KEY AUTOINCREMENT,
  article INTEGER NOT NULL REFERENCES article(rowid),
  ordinal INTEGER NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
  UNIQUE(article, ordinal)
) STRICT;
CREATE TABLE vector(
  passage INTEGER NOT NULL REFERENCES passage(rowid),
  embedder TEXT NOT NULL,
  fp16 BLOB NOT NULL,
  PRIMARY KEY(passage, embedder)
) STRICT, WITHOUT ROWID;
CREATE TABLE segment(
  id TEXT PRIMARY KEY,
  embedder TEXT NOT NULL,
  first INTEGER NOT NULL, last INTEGER NOT NULL, n INTEGER NOT NULL,
  files TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE duplicate(
  article INTEGER PRIMARY KEY REFERENCES article(rowid),
  original INTEGER NOT NULL REFERENCES article(rowid),
  kind TEXT NOT NULL
) STRICT;
"""
# Came after the first format: what filters and "latest" look at, without the pages of texts. Made by the next writer.
LATER = """CREATE INDEX IF NOT EXISTS article_facts
    ON article(source, published_at, author, id, added_seq, removed_seq);
CREATE INDEX IF NOT EXISTS article_published ON article(published_at, added_seq, removed_seq)"""
