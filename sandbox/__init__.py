"""A whole WhatsApp world on one machine, for `make run` and for the tests. Never for production.

What is where:

- `mongod.py`: EmbeddedMongod, a private one-node replica set; `child_process.py` ties it to us.
- `cloud_api.py`: create_fake_cloud_api(numbers, settings), the fake Meta as one ASGI application;
  `fake_meta.py` is its inside, `server.py` (FakeCloudServer) runs it on a real socket.
- `numbers.py`: which business numbers exist. `settings.py`: every interval and habit.
- Meta's side: `graph_api.py` has the endpoints, `sending.py` accepts messages after the checks of
  `send_validation.py`, `interactive_validation.py` and `rate_limits.py`, `statuses.py` tells what
  became of them, `media.py` and `templates.py` (with `demo_templates.py` and `template_sends.py`)
  hold what they name; `validation.py`, `meta_errors.py` and `identifiers.py` know Meta's words and
  forms.
- Webhooks: `webhook_bodies.py` builds, escapes and signs them, `webhook_sender.py` delivers them,
  `callbacks.py` knows where to, and asks each URL for its challenge.
- Of a number: `number_fields.py` describes it, `blocking.py` has whom it blocks.
- Customers: `inbound.py` writes for them, `customers.py` remembers what is on their phones,
  `phone_page.py` and `static/` show it at GET /.
- Faults: `faults.py` has the rules, `fault_answers.py` breaks the answers.
- For scripts: `control_api.py` (/sandbox/inbound, /sandbox/webhook, /sandbox/faults,
  /sandbox/requests and more), `request_log.py`.
- `__main__.py` starts all of it and the server; `home.py`, `accounts.py`, `seed.py` and `recall.py`
  (what the phones showed before a restart) help it.
"""
