"""The answer where a job was taken."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from archive.web.jobs import Job


def taken(job: Job) -> Response:
    """202, with where to ask what becomes of it."""
    return JSONResponse(job.as_dict(), 202, headers={"location": f"/api/jobs/{job.id}"})
