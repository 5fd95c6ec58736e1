"""compose.yaml agrees with the settings, the Dockerfile and the Caddyfile."""

import ipaddress
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.image.dockerfile import read_stages
from tests.conftest import ENCRYPTION_KEYS
from tests.fixtures.servers import ROOT
from whatsapp.common.timeouts import Timeouts
from whatsapp.settings import Settings, load_settings

STAGES = read_stages(ROOT / "Dockerfile")
# Read by uvicorn, and by the sandbox.
OTHER_VARIABLES = {"FORWARDED_ALLOW_IPS"}


@cache
def read_compose() -> dict[str, Any]:
    value: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return value


def read_service(name: str) -> dict[str, Any]:
    service: dict[str, Any] = read_compose()["services"][name]
    return service


def read_environment(name: str) -> dict[str, str]:
    """Returns the variables of a service, with the defaults of those that compose inserts."""
    values = read_service(name)["environment"]
    return {key: re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value) for key, value in values.items()}


def is_secret(name: str) -> bool:
    return "SecretStr" in str(Settings.model_fields[name].annotation)


@pytest.mark.parametrize("service", ["server", "sandbox"])
def test_variables_are_settings(service: str) -> None:
    names = {name.lower() for name in Settings.model_fields}
    names |= {f"{name}_file" for name in names if is_secret(name)}

    variables = set(read_environment(service)) - OTHER_VARIABLES
    assert {name.lower() for name in variables} <= names


def test_server_starts_with_its_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    secret = tmp_path / "secret"
    secret.write_text(ENCRYPTION_KEYS + "\n")
    for name, value in read_environment("server").items():
        monkeypatch.setenv(name, str(secret) if name.endswith("_FILE") else value)

    settings = load_settings()

    assert settings.encryption_keys.get_secret_value() == ENCRYPTION_KEYS
    assert settings.public_url == "https://localhost"
    assert settings.workers == 1


def test_secrets_come_from_files() -> None:
    environment = read_environment("server")
    files = {name: path for name, path in environment.items() if name.endswith("_FILE")}
    declared = set(read_service("server")["secrets"])

    assert set(files) == {"ENCRYPTION_KEYS_FILE", "META_APP_SECRET_FILE"}
    assert set(files.values()) == {f"/run/secrets/{name}" for name in declared}
    assert declared == set(read_compose()["secrets"])
    inline = {name for name in environment if name.lower() in Settings.model_fields}
    assert {name for name in inline if is_secret(name.lower())} == {"MONGODB_URI"}
    assert "@" not in environment["MONGODB_URI"]
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {Path(one["file"]).parts[0] for one in read_compose()["secrets"].values()} == {"secrets"}
    assert "secrets/" in ignored


def test_only_caddys_address_is_trusted() -> None:
    address = read_service("caddy")["networks"]["front"]["ipv4_address"]
    [config] = read_compose()["networks"]["front"]["ipam"]["config"]

    assert read_environment("server")["FORWARDED_ALLOW_IPS"] == address
    assert ipaddress.ip_address(address) in ipaddress.ip_network(config["subnet"])


def test_caddy_leads_to_the_servers_port() -> None:
    [environment] = [statement.read_pairs() for statement in STAGES["product"].list("ENV")]
    exposed = [statement.text for statement in STAGES["product"].list("EXPOSE")]
    caddyfile = (ROOT / "deploy/Caddyfile").read_text()
    variables = set(re.findall(r"\{\$(\w+):", caddyfile))

    assert read_environment("caddy")["UPSTREAM"] == f"server:{environment['PORT']}"
    assert exposed == [environment["PORT"]]
    assert variables == set(read_environment("caddy"))
    assert "./deploy/Caddyfile:/etc/caddy/Caddyfile:ro" in read_service("caddy")["volumes"]


@pytest.mark.parametrize("name", ["server", "caddy", "mongodb", "sandbox"])
def test_services_are_hardened(name: str) -> None:
    service = read_service(name)

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert re.search(r":(\d+\.\d+|\$\{VERSION:-)", service["image"])


def test_only_caddy_is_public() -> None:
    published = {
        name: service["ports"]
        for name, service in read_compose()["services"].items()
        if "ports" in service
    }

    assert set(published) == {"caddy", "sandbox"}
    assert all(port.startswith("127.0.0.1:") for port in published["sandbox"])


def test_mongodb_is_reached_only_by_servers() -> None:
    services = read_compose()["services"]
    on_network = {name for name, service in services.items() if "data" in service["networks"]}

    assert read_compose()["networks"]["data"] == {"internal": True}
    assert on_network == {"server", "sandbox", "mongodb"}
    assert read_service("mongodb")["networks"] == ["data"]


def test_mongodb_makes_the_replica_set_of_the_uri() -> None:
    mongodb = read_service("mongodb")
    check = mongodb["healthcheck"]["test"][-1]
    uri = read_environment("server")["MONGODB_URI"]

    assert uri == "mongodb://mongodb:27017/?replicaSet=rs0"
    assert '{_id: "rs0", members: [{_id: 0, host: "mongodb:27017"}]}' in check
    assert "--replSet=rs0" in mongodb["command"]
    for name in ("server", "sandbox"):
        depends = read_service(name)["depends_on"]
        assert depends == {"mongodb": {"condition": "service_healthy"}}
        assert read_environment(name)["MONGODB_URI"] == uri


def test_temporary_files_have_room_for_all_uploads() -> None:
    [tmpfs] = read_service("server")["tmpfs"]
    size = re.search(r"^/tmp:size=(\d+)g", tmpfs)
    assert size is not None
    uploads = int(read_environment("server")["UPLOAD_CONCURRENCY"])

    assert int(size[1]) * 1024**3 >= uploads * Settings.model_fields["upload_max_bytes"].default


def test_server_has_time_to_stop() -> None:
    grace = int(read_service("server")["stop_grace_period"].removesuffix("s"))

    assert grace > Timeouts().worker_stop_seconds


def test_targets_and_volumes_exist() -> None:
    compose = read_compose()
    named = {
        volume.partition(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", [])
        if not volume.startswith("./")
    }

    assert {read_service(name)["build"]["target"] for name in ("server", "sandbox")} <= set(STAGES)
    assert named == set(compose["volumes"])
    home = STAGES["sandbox"].list("ENV")[0].read_pairs()["SANDBOX_HOME"]
    assert read_service("sandbox")["volumes"] == [f"sandbox:{home}"]
