"""Media: downloads from Meta, and uploads to it."""

from telemetry.metrics.registry import make_counter, make_counters, make_histogram

DOWNLOADS = make_counters(
    "wagraph_media_downloads_total",
    "Attempts to download a file: stored, expired at Meta, failed for good, retried, or postponed"
    " because key, store or account are not available.",
    result=("stored", "expired", "failed", "retried", "postponed"),
)
DOWNLOAD_SECONDS = make_histogram(
    "wagraph_media_download_seconds",
    "Time to download and store a file.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0),
)
DOWNLOADED_BYTES = make_counter("wagraph_media_downloaded_bytes_total", "Bytes of stored files.")
UPLOADED_BYTES = make_counter(
    "wagraph_media_uploaded_bytes_total", "Bytes of files that were uploaded to Meta."
)
