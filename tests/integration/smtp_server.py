"""A real SMTP server as a process: prints its port, then each mail it takes as a line of JSON.

Arguments: "none", "starttls" or "tls"; certificate; key; user:password or "". How it answers depends on
the recipient: later@ 451, never@ 550, lost@ takes the mail and hangs up without an answer, slow@ says
nothing for a minute.
"""

import asyncio
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        for name, answer in (("later", "451 4.3.0 later"), ("never", "550 5.1.1 nobody here")):
            if address.startswith(name):
                return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "content": envelope.content.decode(),
            "tls": server.transport.get_extra_info("sslcontext") is not None,
            "login": bool(session.authenticated),
        }
        print(json.dumps(mail), flush=True)
        if envelope.rcpt_tos[0].startswith("lost"):
            server.transport.abort()
        if envelope.rcpt_tos[0].startswith("slow"):
            await asyncio.sleep(60)
        return "250 OK"


async def main(mode, certificate, key, login):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    loop = asyncio.get_running_loop()

    def authenticate(server, session, envelope, mechanism, data):
        given = f"{data.login.decode()}:{data.password.decode()}"
        return AuthResult(success=given == login, handled=False)

    def session():
        return SMTP(
            Handler(),
            loop=loop,
            tls_context=context if mode == "starttls" else None,
            authenticator=authenticate,
            auth_required=bool(login),
            auth_require_tls=mode == "starttls",
        )

    server = await loop.create_server(session, "127.0.0.1", 0, ssl=context if mode == "tls" else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main(*sys.argv[1:]))
