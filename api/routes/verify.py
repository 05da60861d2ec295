"""Citations, checked."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.bodies import StrictRoute
from api.citations import VerifyRequest
from api.replies import reply
from api.routes.parts import ArchiveDep, gives
from api.schemas import VerdictList

router = APIRouter(prefix="/v1", tags=["verify"], route_class=StrictRoute)


@router.post(
    "/verify", responses=gives("VerdictList", "A verdict on each citation, in the order given.", 403, 413, 415)
)
def verify(body: VerifyRequest, archive: ArchiveDep) -> Response:
    """Say where the quotation of each citation stands now."""
    view = archive.view_info()
    verdicts = archive.verify([citation.citation() for citation in body.citations])
    return reply(VerdictList(tuple(verdicts), None, view))
