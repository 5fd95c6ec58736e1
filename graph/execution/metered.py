"""graphql-core's executor, with answers that are bounded while they are produced."""

from typing import Any

from graphql import ExecutionResult, GraphQLLeafType
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from graph.limits.response_size import ResponseMeter, ResponseTooLarge, create_meter, measure_keys


class MeteredExecutor(StrawberryGraphQLCoreExecutionContext):
    """Ends an operation as a whole as soon as its answer is too large."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._meter: ResponseMeter = create_meter(self.context_value)

    def build_per_event_executor(self, payload: Any) -> "MeteredExecutor":
        executor: Any = super().build_per_event_executor(payload)
        executor._meter = create_meter(self.context_value, is_event=True)
        return executor  # type: ignore[no-any-return]  # a copy of this one

    def execute_fields(
        self, parent_type: Any, source_value: Any, path: Any, grouped: Any, position: Any
    ) -> Any:
        self._meter.add(measure_keys(tuple(grouped)))
        return super().execute_fields(parent_type, source_value, path, grouped, position)

    def complete_leaf_value(self, return_type: GraphQLLeafType, result: Any) -> Any:  # type: ignore[override]  # a static method there
        completed = super().complete_leaf_value(return_type, result)
        self._meter.add_value(completed)
        return completed

    def handle_field_error(
        self, raw_error: Exception, return_type: Any, details: Any, path: Any
    ) -> None:
        if isinstance(raw_error, ResponseTooLarge):
            raise raw_error  # not an error of the field, which would be null without it
        super().handle_field_error(raw_error, return_type, details, path)

    def build_response(self, data: dict[str, Any] | None) -> Any:
        if not self._meter.is_exceeded:
            return super().build_response(data)
        found = [one for one in self.collected_errors.errors if isinstance(one, ResponseTooLarge)]
        return ExecutionResult(data=None, errors=[*found[:1]])
