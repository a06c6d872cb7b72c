"""Documents with a member that is not what it should be: the client goes on or says
why not, and never hangs."""

from checks import Check, registry
from provider import ABSENT, Provider

CASES, case = registry()
VALUES = {"null": None, "number": 7, "text": "text", "array": ["text", 7, None],
          "object": {"text": 7}, "absent": ABSENT, "true": True, "empty": "",
          "long": "x" * 70000, "control": "a\u0000\n\u001b[31m\u00fc"}
MEMBERS = {
    "token": ("access_token", "token_type", "expires_in", "refresh_token", "scope"),
    "registration": ("client_id", "client_secret", "client_secret_expires_at",
                     "client_id_issued_at", "token_endpoint_auth_method", "redirect_uris",
                     "grant_types", "response_types", "scope"),
    "server": ("issuer", "authorization_endpoint", "token_endpoint", "registration_endpoint",
               "grant_types_supported", "token_endpoint_auth_methods_supported",
               "code_challenge_methods_supported", "scopes_supported",
               "response_types_supported", "revocation_endpoint",
               "authorization_response_iss_parameter_supported",
               "client_id_metadata_document_supported"),
    "resource": ("resource", "authorization_servers", "scopes_supported", "resource_name",
                 "dpop_bound_access_tokens_required"),
}


class Lenient(Provider):
    """Accepts what a client makes of a strange document."""

    def expect(self, is_so, what):
        if "secret" in what:
            super().expect(is_so, what)

    def is_redirect_of(self, client, back):
        return True

    def authenticated(self, request, form):
        asked = self.codes.get(form.get("code")) or self.refresh.get(form.get("refresh_token"))
        return (asked or {}).get("client_id")


def mutated(document, member):
    def judge(check):
        for name, value in VALUES.items():
            one_check = Check(name)
            with Lenient(**{document: {member: value}}) as one, one_check.user(one) as user:
                done = user.login()
                one_check.that("exit status 0 or 1", done.code in (0, 1), done)
                lines = [line for line in done.error.split("\n") if line and
                         not line.startswith("  http") and not line.endswith("visit")]
                one_check.that("one line", len(lines) <= 1 or done.code == 0, done)
                one_check.that("says why", done.code == 0 or len(lines) == 1
                               and len(lines[0]) < 3000, done)
                one_check.that("printable", all(line.isprintable() for line in lines),
                               repr(done.error))
                if done.code == 0:
                    done = user.tools()
                    one_check.that("exit status 0 or 1", done.code in (0, 1), done)
            check.faults += ["%s: %s" % (name, fault) for fault in one_check.faults + one.faults]
    judge.__name__ = "%s_mutated_%s" % (document, member)
    case(judge)


for kind, names in MEMBERS.items():
    for one_name in names:
        mutated(kind, one_name)
