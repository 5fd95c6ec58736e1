"""Filter by tags, shared by contacts and conversations."""

from typing import Any

import strawberry

from graph.core.errors import bad_input

# MongoDB merges the sorted ranges of this many tags without sorting.
MAX_FILTER_TAGS = 50


@strawberry.input(
    description=f"Filter by tags, up to {MAX_FILTER_TAGS} in each list; both conditions must match."
)
class TagFilter:
    all: list[str] | None = strawberry.field(
        default=None, description="With all of these tags; an empty list has no effect."
    )
    any: list[str] | None = strawberry.field(
        default=None, description="With at least one of these tags; an empty list has no effect."
    )

    def list_conditions(self) -> list[dict[str, Any]]:
        """Returns MongoDB filters that all must match.

        Raises:
            RequestError: BAD_USER_INPUT, too many tags.
        """
        for tags in (self.all, self.any):
            if len(tags or ()) > MAX_FILTER_TAGS:
                raise bad_input(f"Use at most {MAX_FILTER_TAGS} tags in a filter.")
        conditions: list[dict[str, Any]] = []
        if self.all:
            conditions.append({"tags": {"$all": self.all}})
        if self.any:
            conditions.append({"tags": {"$in": self.any}})
        return conditions
