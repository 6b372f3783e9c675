"""The console: pages, HTTP API and probes over the committed present; see ``app.create_app``.

Nothing is imported here: FastAPI costs tens of megabytes, and a gateway without a console does not pay for them.
"""
