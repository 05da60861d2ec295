"""What the service counts, for Prometheus. The only module that imports `prometheus_client`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from indexer.types import Reply, ViewInfo

MEDIA_TYPE = CONTENT_TYPE_LATEST
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

Gauges = Callable[[], Mapping[str, float]]


class Metrics:
    """The counts of one service. gauges: asked at each scrape for what is true then, name -> value."""

    def __init__(self, gauges: Gauges) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "pullquote_requests_total", "Requests answered.", ("route", "method", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "pullquote_request_seconds", "From the request to the end of its reply.", ("route",),
            registry=self._registry, buckets=_SECONDS,
        )  # fmt: skip
        self._stages = Histogram(
            "pullquote_stage_seconds", "The stages of an answer.", ("stage",),
            registry=self._registry, buckets=_SECONDS,
        )  # fmt: skip
        self._engines = Histogram(
            "pullquote_engine_seconds", "What each engine took of a request to the models, side by side or not.",
            ("engine",), registry=self._registry, buckets=_SECONDS,
        )  # fmt: skip
        self._replies = Counter(
            "pullquote_replies_total", "Questions by what came of them.", ("outcome",), registry=self._registry
        )
        self._registry.register(_Gauges(gauges))

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one request. route: as it is declared, never the path that was asked for, which anyone may choose."""
        self._requests.labels(route, method if method in _METHODS else "other", str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def reply(self, reply: Reply) -> None:
        """Count one answer or abstention, and the time of its stages."""
        self._replies.labels("answered" if reply.answered else reply.reason or "none").inc()
        for stage, spent in reply.timings_ms.items():
            self._stages.labels(stage).observe(spent / 1000)

    def engines(self, seconds: Mapping[str, float]) -> None:
        """Count what each engine took of one request."""
        for engine, spent in seconds.items():
            self._engines.labels(engine).observe(spent)

    def text(self) -> bytes:
        """Everything, in the text format."""
        return generate_latest(self._registry)


class _Gauges(Collector):
    def __init__(self, gauges: Gauges) -> None:
        self._gauges = gauges

    def describe(self) -> Iterable[Metric]:
        return []  # else registering would ask for the values, before there is an archive

    def collect(self) -> Iterator[Metric]:
        for name, value in self._gauges().items():
            yield GaugeMetricFamily(f"pullquote_{name}", name.replace("_", " "), value=value)


def of_archive(view: ViewInfo, folder: Path | None) -> dict[str, float]:
    """The sizes of an archive: what it holds, and, where it is a folder, the bytes of its files."""
    held = {"articles": view.articles, "passages": view.passages, "sequence": view.sequence}
    if folder is not None:
        held["bytes"] = _bytes_of(folder)
    return {f"archive_{name}": value for name, value in held.items()}


def _bytes_of(folder: Path) -> int:
    total = 0
    for file in folder.rglob("*"):
        try:
            total += file.stat().st_size if file.is_file() else 0
        except FileNotFoundError:  # a merge removed it meanwhile
            continue
    return total
