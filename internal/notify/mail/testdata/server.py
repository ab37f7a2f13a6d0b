"""A mail server for tests, of Debian's python3-aiosmtpd: TLS, a login, and
answers that the tests choose. It writes a line of JSON for each mail it took.

usage: server.py PORT MODE CERT KEY; MODE is starttls, implicit, bare or none.
RCPT later@… is put off twice, never@… refused for good, slow@… put off always.
"""
import base64, json, ssl, sys, time
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

port, mode, cert, key = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(cert, key)


def login(server, session, envelope, mechanism, data):
    return AuthResult(success=data.login == b"attesta" and data.password == b"hush-hush", handled=False)


class Handler:
    def __init__(self):
        self.put_off = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.split("@")[0]
        if name == "later":
            self.put_off += 1
            if self.put_off <= 2:
                return "451 4.2.1 come back later"
        if name == "slow":
            return "451 4.2.1 the mailbox is busy"
        if name == "never":
            return "550 5.1.1 nobody has this name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        secure = session.ssl is not None or mode == "implicit"
        print(json.dumps({"from": envelope.mail_from, "to": envelope.rcpt_tos, "tls": secure, "login": session.authenticated,
                          "data": base64.b64encode(envelope.content).decode()}), flush=True)
        return "250 2.0.0 taken as 4711"


class Test(Controller):
    def factory(self):
        options = {"hostname": "mail.test", "enable_SMTPUTF8": True}
        if mode == "starttls":
            options.update(tls_context=context, require_starttls=True, authenticator=login, auth_required=True)
        if mode == "implicit":
            options.update(authenticator=login, auth_required=True, auth_require_tls=False)
        return SMTP(self.handler, **options)


server = Test(Handler(), hostname="127.0.0.1", port=port, ssl_context=context if mode == "implicit" else None)
server.start()
print(json.dumps({"ready": True}), flush=True)
sys.stdin.read()  # until the test closes it
server.stop()
