"""`GET /exports/{id}`: the ZIP file of an export, by signed URL alone."""

import logging

import pymongo
from beanie import PydanticObjectId
from bson import ObjectId
from pymongo.errors import PyMongoError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from graph.core.context import Services
from graph.transport.files.file_response import (
    StoredBytes,
    make_disposition,
    respond_file,
    respond_missing,
    respond_outage,
    respond_suspended,
)
from models import ContactExport, ExportState
from models.database.outage_log import log_failure
from whatsapp.exports.exports import is_exportable
from whatsapp.media.media_store import FileMissing, StoreUnavailable
from whatsapp.workspaces.workspace_states import WorkspaceSuspended

logger = logging.getLogger(__name__)


def export_routes() -> list[Route]:
    """Routes that expect the process's `Services` in `request.state.services`."""
    return [Route("/exports/{id}", serve_export, methods=["GET"])]


async def serve_export(request: Request) -> Response:
    """Serves a file.

    200, 206, 304 or 416; 403 if its workspace is suspended; 404 without a valid URL or file; 503 in
    an outage.
    """
    services: Services = request.state.services
    try:
        with pymongo.timeout(services.timeouts.media_database_seconds):
            export = await _find(request, services)
        store = services.media_stores.find(export.store) if export is not None else None
        if export is None or store is None:
            return respond_missing()
        file = StoredBytes(store, str(export.stored_as), export.size_bytes or 0, export.sha256)
        return await respond_file(request, file, _make_headers(export))
    except WorkspaceSuspended:
        return respond_suspended()
    except FileMissing:
        logger.error("The file of an export is missing in its store")
        return respond_missing()
    except (PyMongoError, StoreUnavailable) as error:
        log_failure(logger, error, "Could not read an export")
        return respond_outage()


async def _find(request: Request, services: Services) -> ContactExport | None:
    text = request.path_params["id"]
    if not ObjectId.is_valid(text):
        return None
    export_id = PydanticObjectId(text)
    expires, signature = (request.query_params.get(key, "") for key in ("expires", "signature"))
    if not services.export_urls.is_valid(export_id, expires=expires, signature=signature):
        return None
    export = await ContactExport.find_one({"_id": export_id, "erased_at": None})
    if export is None or export.shown_state is not ExportState.READY:
        return None
    if not await services.workspace_states.may_be_used(export.workspace_id):
        return None
    return export if await is_exportable(export) else None


def _make_headers(export: ContactExport) -> dict[str, str]:
    name = f"contact-export-{export.created_at:%Y-%m-%d}.zip"
    return {
        "Content-Type": "application/zip",
        "Content-Disposition": make_disposition(name, is_inline=False),
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
