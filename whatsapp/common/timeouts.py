"""Deadlines, intervals, leases and retries, in one value that constructors pass on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Timeouts:
    """Times in seconds. Operators have no reason to change them; tests shorten or lengthen them."""

    # MongoDB
    mongodb_operation_seconds: float = 10.0
    """For one operation with its retries."""
    mongodb_reach_seconds: float = 3.0
    """For finding a server and connecting to it."""
    reconnect_seconds: float = 1.0
    """Between two attempts to reach MongoDB at the start."""
    readiness_seconds: float = 2.0
    """For the read that tells whether the primary has a majority."""

    # Server and its connections
    server_shutdown_seconds: int = 3
    """For requests under way when the process stops."""
    worker_restart_seconds: float = 2.0
    """Between two starts of a worker that ends as soon as it has started."""
    worker_hung_seconds: float = 60.0
    """Without a heartbeat of its event loop, after which a worker is killed."""
    worker_stop_seconds: float = 9.0
    """Until a stopping worker is killed; below the 10 s that most supervisors grant us."""
    http_first_byte_seconds: float = 30.0
    """From the connection to its first byte."""
    http_header_seconds: float = 10.0
    """For the headers of a request."""
    http_body_margin_seconds: float = 10.0
    """In addition to the longest deadline of a route that reads a body."""
    http_rest_seconds: float = 10.0
    """For the rest of a body whose request is answered."""
    http_read_seconds: float = 120.0
    """Without progress of a client in reading a response."""
    http_idle_seconds: int = 75
    """Between two requests; load balancers close idle connections earlier."""

    # Requests to Meta
    send_deadline_seconds: float = 15.0
    """For a whole request to the Cloud API."""
    retry_base_seconds: float = 1.0
    """Pause before the first retry; each further pause is four times as long."""
    retry_limit: int = 6
    """Retries of a message that Meta refuses without a reason."""

    # Sending
    lane_lease_seconds: float = 30.0
    """After which another process takes over the lane of a crashed worker."""
    lane_poll_seconds: float = 0.5
    """Between two searches for due lanes; sweeps run at a multiple of it."""
    unknown_hold_seconds: float = 30.0
    """For which a send with unknown outcome holds back later messages of its conversation."""
    media_hold_seconds: float = 30.0
    """For which a file holds back later messages, unless Meta reports it as sent before."""
    dispatcher_shutdown_seconds: float = 3.0
    """For requests under way when the process stops; with the server's own shutdown below 10 s."""
    dispatcher_record_seconds: float = 1.5
    """For recording the outcome of the requests that were cancelled then."""
    lane_release_seconds: float = 1.0
    """For releasing a lane when its worker is cancelled."""

    # Webhooks
    webhook_lease_seconds: float = 10.0
    """After which another process takes over a stored webhook that nobody has finished."""
    takeover_lease_seconds: float = 30.0
    """Lease of a webhook that was taken over."""
    webhook_body_seconds: float = 30.0
    """For receiving the body."""
    webhook_database_seconds: float = 3.0
    """For one database call of the route."""
    webhook_answer_seconds: float = 4.0
    """For the answer, which may wait for another request's database call."""
    webhook_shutdown_seconds: float = 2.0
    """For releasing the leases of unfinished webhooks."""

    # Templates
    template_sync_seconds: float = 86_400.0
    """Between two full reads of an account's templates."""
    template_refresh_seconds: float = 5.0
    """Until they are read after a webhook that told only a part of the change."""

    # Media and uploads
    media_deadline_seconds: float = 120.0
    """For one download."""
    media_poll_seconds: float = 10.0
    """Between two searches for downloads that another process has left."""
    media_retry_seconds: float = 10.0
    """Pause before the first retry; each further pause is four times as long."""
    media_retry_limit: int = 4
    """Retries of a download; Meta blocks a number for a while after 20 errors."""
    media_release_seconds: float = 2.0
    """For releasing a download when its worker is cancelled."""
    upload_deadline_seconds: float = 120.0
    """For reading an upload, and again for passing it to Meta."""

    # GraphQL
    graphql_body_seconds: float = 30.0
    """For receiving the body of a request without files."""
    operation_seconds: float = 10.0
    """For a query or mutation."""
    database_deadline_seconds: float = 4.0
    """For the database calls of an operation, and for those of signing in."""
    media_database_seconds: float = 3.0
    """For the database calls of a media request."""
    connection_init_seconds: float = 10.0
    """Until `connection_init` must arrive on a WebSocket."""
    socket_send_seconds: float = 10.0
    """For a peer to read what was written, a part of a long response for example."""
    close_send_seconds: float = 1.0
    """For writing the close frame."""
    close_answer_seconds: float = 5.0
    """For the peer to answer a close, before the connection is aborted."""
    keep_alive_seconds: float = 12.0
    """Between two keep-alive comments of an event stream."""
    final_event_seconds: float = 1.0
    """For writing the final event of an event stream."""
    credential_check_seconds: float = 2.0
    """Between two checks of the credentials of open sockets."""
    credential_query_seconds: float = 2.0
    """For the database call of such a check."""

    # Live feed
    stream_open_seconds: float = 30.0
    """For opening a change stream, which MongoDB first searches for its beginning."""
    stream_silence_seconds: float = 3.0
    """For one read of the change stream; longer than MongoDB waits there for a change."""
    summary_wait_seconds: float = 0.1
    """For which an event waits for its conversation's summary, whose writer may have crashed."""

    history_keep_seconds: float = 10.0
    """For which events read from history, and their payloads, are kept for other subscribers."""

    # Identity provider
    jwks_keep_seconds: float = 300.0
    """For which signing keys are used before they are fetched again."""
    jwks_pause_seconds: float = 10.0
    """Between two fetches, whatever unknown keys tokens name."""
    jwks_fetch_seconds: float = 5.0
    """For one fetch."""
