"""The door to pymilvus, the only module that imports it: without the `.env` that it reads, its errors told apart."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import grpc

from indexer.circuit import first_line

_DISABLED = "PYTHON_DOTENV_DISABLED"  # what python-dotenv heeds


@contextmanager
def _without_dotenv() -> Iterator[None]:
    """Keep what a file `.env` says out of the environment: pymilvus takes it in, from this folder or above its own."""
    known = os.environ.get(_DISABLED)
    os.environ[_DISABLED] = "1"
    try:
        yield
    finally:
        if known is None:
            del os.environ[_DISABLED]
        else:
            os.environ[_DISABLED] = known


with _without_dotenv():
    from pymilvus import DataType, Function, FunctionType, MilvusClient
    from pymilvus.exceptions import MilvusException

__all__ = [
    "FAILURES",
    "DataType",
    "Function",
    "FunctionType",
    "MilvusClient",
    "MilvusException",
    "is_gone",
    "is_outage",
    "is_stale",
    "said",
]

FAILURES = (MilvusException, grpc.RpcError)

# Statuses of gRPC that say nothing of the request; the others that pymilvus passes on do (its IGNORE_RETRY_CODES).
_AWAY = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
}
# Milvus's own codes (pkg/util/merr): service unavailable, which is also pymilvus's "cannot connect"; out of memory; too
# many requests; rate limit; behind in time.
_CONNECT, _OVERCOME = 2, {2, 3, 4, 8, 11}
_UNEXPECTED = 1  # "not ready", and what pymilvus or Milvus Lite has no code for
_SIGNS = ("timeout", "retry run out", "not ready", "channel")  # of an outage, in messages of that code
_GONE = {100}  # no such collection
_CLOSED = "should create connection first"  # another thread closed the connection
_STALE = {100, 101, 103, 200, 201, 202}  # no such collection or partition, or not loaded


def is_outage(error: Exception) -> bool:
    """Whether an error says that Milvus is away, not ready or too slow, and nothing of what it was asked."""
    error = _meant(error)
    if isinstance(error, grpc.RpcError):
        return _status(error) in _AWAY
    assert isinstance(error, MilvusException)
    if isinstance(error.code, grpc.StatusCode):  # pymilvus tried again until its time was up
        return True
    if error.code == _UNEXPECTED:
        message = error.message.lower()
        return any(sign in message for sign in _SIGNS)
    return error.retriable or error.code in _OVERCOME


def is_stale(error: Exception) -> bool:
    """Whether a new connection may help: what it knows was made or loaded anew by others."""
    return isinstance(error, MilvusException) and (error.code in _STALE or _CLOSED in str(error.message))


def is_gone(error: Exception) -> bool:
    """Whether there is no such collection."""
    return isinstance(error, MilvusException) and error.code in _GONE


def said(error: Exception) -> str:
    """What an error says, in one line."""
    error = _meant(error)
    if isinstance(error, MilvusException):
        return first_line(Exception(error.message or str(error)))
    details = getattr(error, "details", lambda: None)()
    return str(details or first_line(error))


def _meant(error: Exception) -> Exception:
    """Why pymilvus could not connect, which it does not say: it takes a wrong password for a server that is away."""
    cause: BaseException | None = error.__cause__
    is_wrapped = isinstance(error, MilvusException) and error.code == _CONNECT and isinstance(cause, grpc.RpcError)
    return cause if is_wrapped and isinstance(cause, Exception) else error


def _status(error: grpc.RpcError) -> object:
    code = getattr(error, "code", None)
    return code() if callable(code) else grpc.StatusCode.UNKNOWN
