"""A fake WhatsApp Cloud API on one machine, for `make run` and the tests. Never for production.

- `mongod.py`: EmbeddedMongod, a private one-node replica set; `child_process.py` ends it with the
  parent process.
- `application.py`: `create_fake_cloud_api(numbers, settings)`, the fake API as an ASGI application;
  `server.py` (FakeCloudServer) runs it on a socket. `settings.py`: intervals and switches.
- `cloud_api/`: the Graph API's endpoints; `cloud_api/fake_meta.py` wires their parts together.
- `validation/`: the checks that Meta makes of a request, with its error codes and messages.
- `webhooks/`: builds, signs and delivers webhooks.
- `world/`: numbers, customers, media, fault rules and the request log, in memory.
- `control/`: the control API (/sandbox/inbound, /sandbox/webhook, /sandbox/faults,
  /sandbox/requests and more) and the phone page at GET /.
- `__main__.py` starts all of it and the server, with `home.py`, `accounts.py`, `seed.py` and
  `recall.py`.
"""
