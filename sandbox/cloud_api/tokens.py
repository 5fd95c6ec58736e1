"""Access tokens: whether a request has the right one, and GET of its permissions."""

from collections.abc import Collection
from typing import Any

from starlette.requests import Request

from sandbox.cloud_api.paging import list_page
from sandbox.validation.meta_errors import invalid_token, missing_token, no_such_object
from sandbox.world.numbers import PERMISSIONS, FakeNumber

Json = dict[str, Any]


def check_token(
    request: Request, object_id: str, *, readers: Collection[str], valid: Collection[str]
) -> None:
    """Checks that the token may read an object; `valid` are all tokens that Meta accepts.

    Raises:
        MetaError: 104 without a token, 190 with an invalid one, 100/33 with another's token.
    """
    token = read_token(request)
    if token in readers:
        return
    if token not in valid:
        raise invalid_token()
    raise no_such_object(object_id, method=request.method)


def list_permissions(request: Request, numbers: Collection[FakeNumber]) -> Json:
    """Returns the permissions of the token, as GET /me/permissions does."""
    token = read_token(request)
    number = next((number for number in numbers if number.access_token == token), None)
    if number is None:
        raise invalid_token()
    permissions = [
        {"permission": name, "status": "granted" if name in number.permissions else "declined"}
        for name in PERMISSIONS
    ]
    return list_page(permissions, {}, make_next_url=str)


def read_token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        token = request.query_params.get("access_token", "")
    if not token:
        raise missing_token()
    return token
