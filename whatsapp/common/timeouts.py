"""Deadlines, intervals, leases and numbers of retries, passed to constructors as one value."""

from dataclasses import dataclass

from models.changes.stream import OPEN_SECONDS, SILENCE_SECONDS


@dataclass(frozen=True)
class Timeouts:
    """Times in seconds. Operators have no reason to change them; tests shorten or lengthen them."""

    # MongoDB
    mongodb_operation_seconds: float = 10.0
    """Deadline for one operation with its retries."""
    mongodb_reach_seconds: float = 3.0
    """Deadline for finding a server and connecting to it."""
    reconnect_seconds: float = 1.0
    """Interval between two attempts to reach MongoDB at startup."""
    backlog_read_seconds: float = 2.0
    """Deadline for the reads whose results are metrics of the backlog."""
    readiness_seconds: float = 2.0
    """Deadline for the read that checks whether the primary has a majority."""

    count_interval_seconds: float = 1.0
    """Interval between two equal counts of conversations."""

    # Server and its connections
    server_shutdown_seconds: int = 3
    """Deadline for requests under way when the process stops."""
    worker_restart_seconds: float = 2.0
    """Interval between two starts of a worker that ends immediately."""
    worker_hung_seconds: float = 60.0
    """Time without a heartbeat of the event loop after which a worker is killed."""
    worker_stop_seconds: float = 9.0
    """Time until a stopping worker is killed; below the 10 s that most supervisors grant us."""
    http_first_byte_seconds: float = 30.0
    """Deadline from the connection to its first byte."""
    http_header_seconds: float = 10.0
    """Deadline for the headers of a request."""
    http_body_margin_seconds: float = 10.0
    """Time in addition to the longest deadline of a route that reads a body."""
    http_rest_seconds: float = 10.0
    """Deadline for reading the rest of a body after its request was answered."""
    http_read_seconds: float = 120.0
    """Deadline for a client to read a part of a response."""
    http_idle_seconds: int = 75
    """Deadline between two requests; longer than load balancers keep idle connections."""

    # Requests to Meta
    send_deadline_seconds: float = 15.0
    """Deadline for a whole request to the Cloud API."""
    number_proof_seconds: float = 6.0
    """Deadline for asking Meta whether a number is the caller's; below that of an operation."""
    retry_base_seconds: float = 1.0
    """Pause before the first retry; each further pause is four times as long."""
    retry_limit: int = 6
    """Retries of a message that Meta refuses without a reason."""

    # Sending
    member_lease_seconds: float = 30.0
    """Time after which another process takes over the accounts of a crashed one."""
    member_check_seconds: float = 10.0
    """Interval between two searches for processes that crashed or stopped."""
    reconcile_seconds: float = 30.0
    """Interval between two searches for queued messages that no process knows."""
    unknown_hold_seconds: float = 30.0
    """Time for which a send with unknown outcome holds back later messages of its conversation."""
    media_hold_seconds: float = 30.0
    """Time for which a file holds back later messages, unless Meta reports it as sent before."""
    dispatcher_shutdown_seconds: float = 3.0
    """Deadline for sends in progress at a stop; together with the server's shutdown below 10 s."""
    dispatcher_record_seconds: float = 1.5
    """Deadline for recording the outcome of the cancelled requests."""
    member_leave_seconds: float = 1.0
    """Deadline for giving up the accounts when the process stops."""

    background_poll_seconds: float = 30.0
    """Interval between two searches for account checks, template syncs and read receipts that other
    processes left; each process wakes its own workers."""

    restore_poll_seconds: float = 5.0
    """Interval between two checks whether the restore of the database is finished."""

    restore_watch_seconds: float = 30.0
    """Interval between two checks whether the database was restored under the running process."""
    restore_mark_seconds: float = 60.0
    """Interval between two marks in the erasure log; a restore to a later time is not seen."""
    erasure_log_seconds: float = 10.0
    """Deadline of a request to the erasure log, including at startup."""

    # Webhooks
    webhook_lease_seconds: float = 10.0
    """Time after which another process takes over a stored webhook that no process has finished."""
    takeover_lease_seconds: float = 30.0
    """Lease of a webhook that was taken over."""
    webhook_body_seconds: float = 30.0
    """Deadline for receiving the body."""
    webhook_database_seconds: float = 3.0
    """Deadline for one database call of the route."""
    webhook_answer_seconds: float = 4.0
    """Deadline for the answer, which may wait for another request's database call."""
    webhook_shutdown_seconds: float = 2.0
    """Deadline for releasing the leases of unfinished webhooks."""

    raw_body_rules_seconds: float = 10.0
    """Time for which the rules of workspaces for raw bodies are used before they are read again."""

    # Templates
    template_sync_seconds: float = 86_400.0
    """Interval between two full reads of an account's templates."""
    template_refresh_seconds: float = 5.0
    """Delay until templates are read after a webhook that reported only part of a change."""

    # Media and uploads
    media_deadline_seconds: float = 120.0
    """Deadline for one download."""
    media_poll_seconds: float = 10.0
    """Interval between two searches for downloads that another process has left."""
    media_retry_seconds: float = 10.0
    """Pause before the first retry; each further pause is four times as long."""
    media_retry_limit: int = 4
    """Retries of a download; Meta blocks a number for a while after 20 errors."""
    media_release_seconds: float = 2.0
    """Deadline for releasing a download when its worker is cancelled."""
    upload_deadline_seconds: float = 120.0
    """Deadline for reading an upload, and again for passing it to Meta."""

    # Exports
    export_lease_seconds: float = 30.0
    """Time after which another process takes over an export whose process crashed."""
    export_report_seconds: float = 1.0
    """Interval between two reports of the progress, each of which extends the lease."""
    export_retry_seconds: float = 10.0
    """Pause before the first retry; each further pause is four times as long."""
    export_attempts: int = 5
    """Attempts after which an export fails."""
    export_release_seconds: float = 2.0
    """Deadline for releasing an export when its worker is cancelled."""

    # Workspaces
    quota_refresh_seconds: float = 2.0
    """Interval between two reads of changed quotas, while they are used."""
    usage_poll_seconds: float = 60.0
    """Interval between two searches for workspaces whose usage is to be measured."""
    usage_interval_seconds: float = 3600.0
    """Interval between two measurements of a workspace, unless its storage is nearly full."""

    workspace_active_seconds: float = 10.0
    """Time after its last operation for which a workspace counts as active."""
    refusal_hold_seconds: float = 1.0
    """Longest time for which a refusal of a workspace over its quota is held back."""
    limited_start_seconds: float = 0.02
    """Interval between two starts of operations on sockets of a workspace with a quota, while
    others are active."""
    limited_rest_seconds: float = 0.25
    """Longest rest of a place that such a workspace has used; it is as long as the use."""

    # Removals and merges
    account_removal_seconds: float = 5.0
    """Time for which `deleteAccount` waits for the removal; a background job finishes it."""
    erasure_wait_seconds: float = 5.0
    """Time for which an erasure waits for webhooks being processed; then a job finishes it."""
    merge_wait_seconds: float = 5.0
    """Time for which a merge waits for a message that is being sent; then a job finishes it."""

    # Retention
    retention_interval_seconds: float = 86_400.0
    """Interval between two runs of a workspace's retention rules."""
    retention_poll_seconds: float = 60.0
    """Interval between two searches for workspaces whose rules are due."""
    retention_spread_seconds: float = 30.0
    """Time after which each process knows changed rules; the removed ones are applied until
    then."""

    # GraphQL
    graphql_body_seconds: float = 30.0
    """Deadline for receiving the body of a request without files."""
    operation_seconds: float = 10.0
    """Deadline for a query or mutation."""
    database_deadline_seconds: float = 4.0
    """Deadline for the database calls of an operation, and of signing in."""
    media_database_seconds: float = 3.0
    """Deadline for the database calls of a media request."""
    connection_init_seconds: float = 10.0
    """Time until `connection_init` must arrive on a WebSocket."""
    socket_send_seconds: float = 10.0
    """Deadline for a peer to read the written bytes, such as a part of a long response."""
    close_send_seconds: float = 1.0
    """Deadline for writing the close frame."""
    close_answer_seconds: float = 5.0
    """Deadline for the peer to answer a close frame; then the connection is aborted."""
    keep_alive_seconds: float = 12.0
    """Interval between two keep-alive comments of an event stream."""
    final_event_seconds: float = 1.0
    """Deadline for writing the final event of an event stream."""
    agent_flush_seconds: float = 5.0
    """Interval between two writes of the times at which agents were last seen."""
    presence_poll_seconds: float = 1.0
    """Interval between two reads of the agents that other processes serve, while they are shown."""
    presence_heartbeat_seconds: float = 2.0
    """Interval between two heartbeats of a process with signed-in agents."""
    presence_expiry_seconds: float = 6.0
    """Time without a heartbeat after which the agents of a process are no longer shown."""
    peer_ping_seconds: float = 3.0
    """Interval between two pings on a socket whose agent is shown in a conversation."""
    peer_silence_seconds: float = 7.0
    """Time without a message on such a socket after which the agent is no longer shown."""
    claims_check_seconds: float = 60.0
    """Time after which the claims of a token's subject are compared with its agent again."""
    workspace_check_seconds: float = 10.0
    """Time after which the workspace that a token names is looked up again."""
    credential_check_seconds: float = 2.0
    """Interval between two checks of the credentials of open sockets."""
    credential_query_seconds: float = 2.0
    """Deadline for the database call of a credential check."""

    # Live feed
    stream_open_seconds: float = OPEN_SECONDS
    """Deadline for opening a change stream; MongoDB first searches the oplog for its start."""
    stream_silence_seconds: float = SILENCE_SECONDS
    """Deadline for one read of the change stream; longer than MongoDB's own wait for a change."""
    summary_wait_seconds: float = 0.1
    """Time for which an event waits for a conversation summary, whose writer may have crashed."""

    history_keep_seconds: float = 10.0
    """Time for which events read from history, with their payloads, are kept for reuse."""

    # Identity provider
    jwks_keep_seconds: float = 300.0
    """Time for which signing keys are used before they are fetched again."""
    jwks_pause_seconds: float = 10.0
    """Minimum interval between two fetches, even if tokens name unknown keys."""
    jwks_fetch_seconds: float = 5.0
    """Deadline for one fetch."""
