"""Permission classes of the root fields, and who is asking."""

from typing import TYPE_CHECKING, Any

from strawberry.permission import BasePermission

from graph.core.errors import forbidden, unauthenticated
from models import Role
from whatsapp.auth.access import Viewer

if TYPE_CHECKING:
    from graph.core.context import Info


def get_viewer(info: "Info") -> Viewer:
    """Who is asking.

    Raises:
        RequestError: UNAUTHENTICATED, nobody showed a valid credential.
    """
    if info.context.viewer is None:
        raise unauthenticated()
    return info.context.viewer


class RolePermission(BasePermission):
    """Lets in whoever has at least `role`."""

    role: Role

    def has_permission(self, source: Any, info: "Info", **kwargs: Any) -> bool:  # noqa: ARG002
        if not get_viewer(info).has_role(self.role):
            raise forbidden(f"Requires role {self.role.value}.")
        return True


class IsViewer(RolePermission):
    role = Role.VIEWER


class IsAgent(RolePermission):
    role = Role.AGENT


class IsAdmin(RolePermission):
    role = Role.ADMIN
