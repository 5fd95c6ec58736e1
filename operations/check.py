"""All checks of a deployment, in the order in which an operator mends failures."""

from urllib.parse import urlsplit

from pymongo.errors import PyMongoError

from models.connection import DatabaseUnusable, create_client
from operations.accounts import check_accounts, check_secrets
from operations.findings import Finding, Outcome, failed, passed, warned
from operations.mongodb import check_mongodb
from operations.reach import check_callback, check_media_store
from operations.restore import check_restore
from whatsapp.accounts.account_api import AccountAPI
from whatsapp.cloud_api.client import CloudAPI, create_http_client
from whatsapp.common.crypto import KeyRing
from whatsapp.settings import Settings, list_unknown_variables

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


async def check_deployment(settings: Settings, *, checks_callback: bool) -> list[Finding]:
    """Runs all checks. They change nothing, apart from a file that is stored and deleted.

    Args:
        checks_callback: True to request the webhook URL, which needs a running server.
    """
    findings = check_settings(settings)
    keyring = KeyRing.from_text(settings.encryption_keys.get_secret_value())
    try:
        client = create_client(settings.mongodb_uri.get_secret_value())
    except DatabaseUnusable as error:
        return [*findings, failed("mongodb.connection", str(error))]
    async with client, create_http_client() as http:
        database = client[settings.mongodb_database]
        findings += await check_mongodb(database)
        if any(finding.outcome is Outcome.FAILED for finding in findings):
            return findings
        cloud_api = CloudAPI(http, settings=settings)
        account_api = AccountAPI(cloud_api, keyring=keyring, stops_accounts=False)
        try:
            findings.append(await check_restore(database, settings))
            findings += await check_secrets(keyring)
            findings.append(await check_media_store(database, url=settings.media_store_url))
            findings += await check_accounts(account_api, keyring=keyring, settings=settings)
            if checks_callback:
                findings.append(await check_callback(http, settings, keyring))
        except PyMongoError as error:
            findings.append(
                failed("mongodb.reads", f"MongoDB failed ({type(error).__name__}).", "Try again.")
            )
    return findings


def check_settings(settings: Settings) -> list[Finding]:
    """Checks the settings beyond the formats of their values."""
    names = sorted(name.upper() for name in settings.model_fields_set)
    findings = [passed("settings", f"All settings are valid; set are {', '.join(names)}.")]
    findings += [
        warned("settings.unknown", warning, "Correct the name, or delete the line.")
        for warning in list_unknown_variables()
    ]
    url = urlsplit(settings.public_url)
    if url.scheme != "https" or url.hostname in _LOOPBACK:
        findings.append(
            warned(
                "settings.public_url",
                f"Meta can't send webhooks to {settings.public_url}.",
                "Set PUBLIC_URL to an https URL that the internet can reach.",
            )
        )
    if settings.trusted_documents:
        # Imported here: other deployments need no schema.
        from operations.documents import check_trusted_documents  # noqa: PLC0415

        findings += check_trusted_documents(settings)
    return findings


def list_setting_problems(message: str) -> list[Finding]:
    """Returns a failure for each line of a SettingsError."""
    remedy = "See docs/settings.md."
    return [failed("settings", f"{line}.", remedy) for line in message.splitlines()]
