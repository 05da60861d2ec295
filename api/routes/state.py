"""What the service is made of, and how it is."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.bodies import StrictRoute
from api.replies import reply
from api.routes.parts import ArchiveDep, ServiceDep, cacheable, kept, problems, says

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
async def readyz(archive: ArchiveDep) -> Response:
    """Say whether questions are answered: 503 until the archive and its models are loaded."""
    return reply({"status": "ready"})
