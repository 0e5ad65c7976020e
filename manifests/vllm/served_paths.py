"""Runs inside the vLLM server (`--middleware`): it answers under /v1, and for its health and metrics, and nowhere else.

vLLM's API key guards paths that begin with /v1 and few others; /invocations gives the same answers without a key, and
others pause the engine or cancel requests. No flag switches them off. Source: github.com/vllm-project/vllm issue 58144
and docs/usage/security.md; --middleware in entrypoints/serve/middleware/register.py of 0.32.0; read 2026-11-24.
"""

SERVED = ("/health", "/metrics")
GUARDED = "/v1/"


class ServedPaths:
    """ASGI middleware: 404 for every other path, before anything of vLLM sees the request."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan" or scope["path"] in SERVED or scope["path"].startswith(GUARDED):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            headers = [(b"content-type", b"text/plain"), (b"content-length", b"10")]
            await send({"type": "http.response.start", "status": 404, "headers": headers})
            await send({"type": "http.response.body", "body": b"not served"})
