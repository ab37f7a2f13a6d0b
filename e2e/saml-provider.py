"""An identity provider for tests that speaks SAML 2.0: pysaml2 (which signs, verifies and
encrypts with xmlsec1) on a free port of this machine, with people who have passwords.

    /usr/bin/python3 saml-provider.py --sp METADATA-FILE [--encrypt]

It says where it is in one line, {"issuer": …, "metadata": …}, and ends with its standard
input. --encrypt encrypts assertions, and signs around them too. POST /rotate makes it sign
with its second key; both stand in its metadata.
"""
import argparse
import base64
import functools
import html
import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from http import cookies
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import saml2.entity
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.authn_context import PASSWORDPROTECTEDTRANSPORT
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAMEID_FORMAT_PERSISTENT, NameID
from saml2.server import Server
from saml2.sigver import CryptoBackendXmlSec1, verify_redirect_signature

args = argparse.ArgumentParser()
args.add_argument("--sp", required=True)
args.add_argument("--encrypt", action="store_true")
args = args.parse_args()

if args.encrypt:  # pysaml2 knows triple DES alone, xmlsec1 more
    part, encrypt = saml2.entity.pre_encryption_part, CryptoBackendXmlSec1.encrypt_assertion
    saml2.entity.pre_encryption_part = functools.partial(part, msg_enc="http://www.w3.org/2009/xmlenc11#aes256-gcm")
    CryptoBackendXmlSec1.encrypt_assertion = lambda self, statement, key, template, _, path: encrypt(self, statement, key, template, "aes-256", path)

PEOPLE = {
    "maeve": dict(id="00u1", password="maeves password there", mail="maeve@example.org", displayName="Maeve Doyle"),
    "aoife": dict(id="00u2", password="aoifes password there", mail="aoife@example.net", displayName="Aoife Kelly"),
}
dir = tempfile.mkdtemp()


def pair(name):
    key, cert = os.path.join(dir, name + ".key"), os.path.join(dir, name + ".crt")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "400", "-subj", "/CN=" + name, "-keyout", key, "-out", cert],
                   check=True, stderr=subprocess.DEVNULL)
    return key, cert


PAIRS = [pair("one"), pair("two")]


def make(base, which):
    key, cert = PAIRS[which]
    config = IdPConfig()
    config.load({
        "entityid": base + "/metadata", "xmlsec_binary": "/usr/bin/xmlsec1", "key_file": key, "cert_file": cert,
        "metadata": {"local": [args.sp]},
        "service": {"idp": {
            "name": "The organisation's login", "endpoints": {"single_sign_on_service": [(base + "/sso", BINDING_HTTP_REDIRECT)]},
            "sign_assertion": True, "sign_response": args.encrypt,
            "policy": {"default": {"lifetime": {"minutes": 5}, "attribute_restrictions": None, "name_form": "urn:oasis:names:tc:SAML:2.0:attrname-format:uri", "nameid_format": NAMEID_FORMAT_PERSISTENT}},
        }},
    })
    return Server(config=config)


class State:
    server = None  # of pysaml2
    metadata = ""
    known = {}  # cookie to (login, when)


PAGE = """<!doctype html><html lang="en"><title>Log in</title><main><h1>The organisation's login</h1><p>%s</p>
<form method="post" action="/sso?%s"><label>Name <input name="login"></label> <label>Password <input name="password" type="password"></label> <button>Log in</button></form></main></html>"""


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def say(self, code, text, kind="text/html; charset=utf-8", **headers):
        raw = text.encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(raw)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(raw)

    def do_GET(self):
        at = urlsplit(self.path)
        if at.path == "/metadata":
            return self.say(200, State.metadata, "application/samlmetadata+xml")
        if at.path == "/sso":
            return self.sso(at.query, {})
        self.say(404, "nothing is here")

    def do_POST(self):
        at = urlsplit(self.path)
        form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
        if at.path == "/rotate":
            State.server = make(base, 1)
            return self.say(200, "rotated")
        if at.path == "/sso":
            return self.sso(at.query, {k: v[0] for k, v in form.items()})
        self.say(404, "nothing is here")

    def sso(self, query, form):
        q = {k: v[0] for k, v in parse_qs(query).items()}
        try:
            message = State.server.parse_authn_request(q["SAMLRequest"], BINDING_HTTP_REDIRECT).message
            certificates = State.server.metadata.certs(message.issuer.text, "spsso", "signing")
            if not any(verify_redirect_signature(q, State.server.sec.sec_backend, c) for c in certificates):
                return self.say(400, "the request is not signed by the application")
        except Exception as err:
            return self.say(400, "this request is refused: " + html.escape(repr(err)))
        jar = cookies.SimpleCookie(self.headers.get("Cookie", ""))
        held = State.known.get(jar["idp"].value) if "idp" in jar else None
        headers = {}
        if form:
            who = PEOPLE.get(form.get("login", ""))
            if not who or who["password"] != form.get("password"):
                return self.say(200, PAGE % ("The name or the password is wrong.", html.escape(query)))
            word = secrets.token_hex(16)
            held = State.known[word] = (form["login"], time.time())
            headers["Set_Cookie"] = "idp=%s; Path=/; HttpOnly" % word
        elif not held or message.force_authn in ("true", "1"):
            return self.say(200, PAGE % ("", html.escape(query)))
        login, when = held
        who = PEOPLE[login]
        to = State.server.response_args(message)
        response = State.server.create_authn_response(
            {"mail": [who["mail"]], "displayName": [who["displayName"]]}, message.id, to["destination"], to["sp_entity_id"],
            name_id=NameID(format=NAMEID_FORMAT_PERSISTENT, text=who["id"], name_qualifier=base + "/metadata", sp_name_qualifier=to["sp_entity_id"]),
            authn={"class_ref": PASSWORDPROTECTEDTRANSPORT, "authn_auth": base, "authn_instant": int(when)},
            sign_assertion=True, sign_response=args.encrypt, encrypt_assertion=args.encrypt,
            sign_alg="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", digest_alg="http://www.w3.org/2001/04/xmlenc#sha256",
            session_not_on_or_after=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when + 2 * 3600)))
        text = base64.b64encode(str(response).encode()).decode()
        self.say(200, """<!doctype html><html lang="en"><title>Back</title><body><form method="post" action="%s"><input type="hidden" name="SAMLResponse" value="%s"><input type="hidden" name="RelayState" value="%s"><button>Back</button></form>
<script>document.forms[0].submit()</script></body></html>""" % (html.escape(to["destination"]), text, html.escape(q.get("RelayState", ""))), **headers)


http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
base = "http://127.0.0.1:%d" % http.server_port
State.server = make(base, 0)
described = str(entity_descriptor(State.server.config))
with open(PAIRS[1][1]) as f:
    second = "".join(line.strip() for line in f if "-----" not in line)
mark = "</ns0:KeyDescriptor>" if "</ns0:KeyDescriptor>" in described else "</md:KeyDescriptor>"
first = described[: described.index(mark) + len(mark)]
block = first[first.rindex("<" + mark[2:-1]):]
start = block.index("X509Certificate>") + len("X509Certificate>")
end = block.index("</", start)
State.metadata = first + block[:start] + second + block[end:] + described[len(first):]
threading.Thread(target=http.serve_forever, daemon=True).start()
print(json.dumps({"issuer": base + "/metadata", "metadata": base + "/metadata"}), flush=True)
sys.stdin.read()
