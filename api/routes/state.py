"""What the service is made of, and how it is."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from api.bodies import StrictRoute
from api.metrics import MEDIA_TYPE
from api.replies import reply
from api.routes.parts import ArchiveDep, ServiceDep, cacheable, kept, problems, says

_TEXT = {"text/plain": {"schema": {"type": "string"}}}
_METRICS: dict[int | str, dict[str, Any]] = {200: {"description": "Prometheus's text format.", "content": _TEXT}}

router = APIRouter(tags=["state"], route_class=StrictRoute)


@router.get("/v1/info", responses=cacheable("Info", "Version, archive, models, and what is in it."))
def info(request: Request, archive: ArchiveDep, service: ServiceDep) -> Response:
    """Say what the archive and the service are made of."""
    return kept(request, archive, service, archive.info)


@router.get("/healthz", responses={**says("up", "The process is up."), **problems()})
async def healthz() -> Response:
    """Say that the process is up; always 200."""
    return reply({"status": "up"})


@router.get("/readyz", responses={**says("ready", "Questions are answered."), **problems(503)})
def readyz(archive: ArchiveDep) -> Response:
    """Say whether questions are answered: 503 while archive and models are loaded, and while store or index is away."""
    archive.check()
    return reply({"status": "ready"})


@router.get("/metrics", responses={**_METRICS, **problems(401, 403, 429, 503)})
def metrics(service: ServiceDep) -> Response:
    """Give the counts of the service to Prometheus; where there are keys, to one of scope admin."""
    return Response(service.metrics.text(), media_type=MEDIA_TYPE)
