"""A. Issuers: what a pin allows, and what stays refused without one."""

from checks import DISTRUST, WITH_SECRET, registry
from provider import (ABSENT, OPENID_PLACE, RESOURCE_PLACE, SERVER_PLACE, Provider, response)

CASES, case = registry()


@case
def default_provider(check):
    with Provider() as one:
        check.signs_in(one)
        check.that("no request to a foreign origin", not any(
            place == "F" for place, *_ in one.log))


@case
def metadata_of_the_path_has_the_issuer_of_the_root(check):
    with Provider(resource={"authorization_servers": ["{H}/tenant"]},
                  server_places=[SERVER_PLACE + "/tenant"]) as one:
        check.refuses(one, says=["{H}/tenant", "{H}"], names=["--issuer {H}"])
        check.signs_in(one, "--issuer", "{H}")


@case
def slash_after_a_path_is_pinned_as_the_error_advises(check):
    with Provider(resource={"authorization_servers": ["{H}/oauth2"]},
                  server={"issuer": "{H}/oauth2/"},
                  server_places=[SERVER_PLACE + "/oauth2"]) as one:
        check.refuses(one, says=["{H}/oauth2/"], names=["--issuer {H}/oauth2/"])
        check.signs_in(one, "--issuer", "{H}/oauth2/")


def pinned(name, pin="{H}", **settings):
    """A case in which the pin alone leads to a sign-in."""
    def judge(check):
        with Provider(**settings) as one:
            check.signs_in(one, "--issuer", pin)
            check.that("nothing of a foreign origin", not any(
                place == "F" for place, *_ in one.log), one.log)
    judge.__name__ = name
    case(judge)


for what, listed in (("absent", ABSENT), ("empty", []), ("null", None), ("foreign", ["{F}"]),
                     ("without_text", [1, None, {}]), ("a_text", "{F}")):
    pinned("pin_and_the_list_is_" + what, resource={"authorization_servers": listed})
pinned("pin_without_a_resource_document", resource_places=())
pinned("pin_has_an_openid_document", server_places=[OPENID_PLACE])
pinned("pin_at_a_place_of_the_second_listed_issuer_of_its_origin", pin="{H}/pin",
       resource={"authorization_servers": ["{F}/x", "{H}/a", "{H}/b"]},
       server={"issuer": "{H}/pin"}, server_places=[SERVER_PLACE + "/b"])
pinned("pin_with_a_path_at_the_root", pin="{H}/pin", server={"issuer": "{H}/pin"},
       resource={"authorization_servers": ["{H}/other"]})
pinned("pin_at_its_own_place_and_another_is_listed", pin="{H}/pin",
       server={"issuer": "{H}/pin"}, server_places=[SERVER_PLACE + "/pin"],
       resource={"authorization_servers": ["{F}"]})
pinned("pin_with_percent_encoding", pin="{H}/a%2Fb", server={"issuer": "{H}/a%2Fb"},
       resource={"authorization_servers": ["{H}/a%2fb"]},
       server_places=[SERVER_PLACE + "/a%2Fb"])
pinned("pin_with_a_slash_at_the_root", pin="{H}/", server={"issuer": "{H}/"})
pinned("pin_without_the_slash_of_the_list", pin="{H}",
       resource={"authorization_servers": ["{H}/"]})
pinned("pin_and_iss_in_the_redirect", pin="{H}",
       resource={"authorization_servers": ["{H}/tenant"]},
       server={"authorization_response_iss_parameter_supported": True},
       server_places=[SERVER_PLACE + "/tenant"])


def differs(name, issuer, listed="{H}"):
    """A case in which the document names another issuer than the list."""
    def judge(check):
        path = listed.replace("{H}", "").rstrip("/")
        with Provider(resource={"authorization_servers": [listed]}, server={"issuer": issuer},
                      server_places=[SERVER_PLACE + path], expects_registration=False,
                      expects_token_request=False) as one:
            check.refuses(one, says=[listed, issuer], names=["--issuer " + issuer])
            one.expects_registration = one.expects_token_request = True
            check.signs_in(one, "--issuer", issuer)
    judge.__name__ = name
    case(judge)


differs("issuer_with_a_slash", "{H}/")
differs("issuer_without_the_slash", "{H}", "{H}/")
differs("issuer_without_the_slash_after_a_path", "{H}/a", "{H}/a/")
differs("issuer_with_another_case_of_its_path", "{H}/Tenant", "{H}/tenant")
differs("issuer_with_percent_encoding", "{H}/a%62", "{H}/ab")
differs("issuer_of_a_deeper_path", "{H}/a/b", "{H}/a")


@case
def issuer_that_cannot_be_pinned_has_another_way_out(check):
    for issuer in ("{H}?tenant=1", "http://example.com", "not a url"):
        with Provider(server={"issuer": issuer}, expects_registration=False) as one:
            check.refuses(one, says=[issuer, "{H}"], names=["--token-endpoint"],
                          not_says=["--issuer"])
    with Provider(server={"issuer": "{H}?tenant=1"}, expects_registration=False) as one:
        check.signs_in(one, "--authorization-endpoint", "{H}/authorize", "--token-endpoint",
                       "{H}/token", *WITH_SECRET)


@case
def issuer_that_a_shell_would_run_is_not_repeated_as_advice(check):
    for issuer in ("{H}/;id", "{H}/$(id)", "{H}/a&b"):
        with Provider(server={"issuer": issuer}, expects_registration=False) as one:
            check.refuses(one, says=["{H}"], names=["--issuer"])
            with check.user(one) as user:
                done = user.login()
                check.says_not(done.error, ["--issuer " + one.fill(issuer)], done)


@case
def issuers_of_all_documents_are_shown(check):
    with Provider(resource={"authorization_servers": ["{H}/tenant"]}, pages={
            "H" + SERVER_PLACE + "/tenant": {"issuer": "{F}/t", "token_endpoint": "{F}/token"}
    }, expects_registration=False) as one:
        check.refuses(one, says=["{H}/tenant", "{F}/t"], names=["--issuer {H}"])


@case
def issuer_of_another_origin_is_refused(check):
    with Provider(server={"issuer": "{F}"}, expects_registration=False,
                  expects_token_request=False) as one:
        check.refuses(one, says=["{H}", "{F}"], status=DISTRUST)
        # The document is not on the origin of this pin.
        check.refuses(one, "--issuer", "{F}", says=["{F}"], status=DISTRUST)


@case
def pin_that_a_foreign_document_names_is_refused(check):
    document = {"issuer": "{H}", "authorization_endpoint": "{F}/authorize",
                "token_endpoint": "{F}/token", "registration_endpoint": "{F}/register",
                "code_challenge_methods_supported": ["S256"]}
    with Provider(resource={"authorization_servers": ["{F}"]}, server_places=(),
                  pages={"F" + SERVER_PLACE: document, "F" + OPENID_PLACE: document}) as one:
        check.refuses(one, "--issuer", "{H}", says=["{H}"])


@case
def pin_differs_from_its_document(check):
    with Provider(server={"issuer": "{H}/other"}) as one:
        check.refuses(one, "--issuer", "{H}", says=["{H}/other"])


@case
def pin_of_another_case_is_refused(check):
    with Provider(resource={"authorization_servers": ["{H}/a%2Fb"]},
                  server={"issuer": "{H}/a%2Fb"}, server_places=[
                      SERVER_PLACE + "/a%2Fb", SERVER_PLACE + "/a%2fb"]) as one:
        check.refuses(one, "--issuer", "{H}/a%2fb", says=["{H}/a%2fb"])


@case
def pin_keeps_the_check_of_the_resource(check):
    with Provider(resource={"resource": "https://other.example/mcp"}) as one:
        check.refuses(one, "--issuer", "{H}", says=["https://other.example/mcp", "{R}/mcp"],
                      status=DISTRUST)


@case
def pin_is_compared_with_iss(check):
    with Provider(resource={"authorization_servers": ["{H}/tenant"]},
                  server={"authorization_response_iss_parameter_supported": True},
                  answer={"iss": "{H}/tenant"}, expects_token_request=False) as one:
        check.refuses(one, "--issuer", "{H}", says=["{H}/tenant"], status=DISTRUST)


@case
def pinned_login_is_used_without_the_pin(check):
    with Provider(resource={"authorization_servers": ["{H}/tenant"]},
                  server_places=[SERVER_PLACE + "/tenant"], life=1) as one, \
            check.user(one) as user:
        check.signed_in(user.login("--issuer", one.H))
        one.life = 3600
        check.sleep(1.1)
        check.listed(user.tools("--issuer", one.H))
        check.that("by the refresh token", len(one.forms("refresh_token")) == 1)
        check.no_faults(one)


def elsewhere(status):
    return lambda one, request: response(status, None, headers=[
        ("Location", one.F + request.path + "?secret=of-the-query")])


@case
def metadata_redirects_to_another_origin(check):
    for status in (301, 302, 307, 308):
        with Provider(pages={"H" + SERVER_PLACE: elsewhere(status)}) as one:
            check.refuses(one, says=["{F}" + SERVER_PLACE], not_says=["of-the-query"])
            check.that("nobody follows", not one.of(SERVER_PLACE, origin="F"))


@case
def resource_metadata_redirects_to_another_origin(check):
    pages = {"R" + place: elsewhere(302) for place in (RESOURCE_PLACE, RESOURCE_PLACE + "/mcp")}
    with Provider(pages=pages, expects_registration=False) as one:
        with check.user(one) as user:
            done = user.login()
            check.that("fails", done.code == 1, done)
            check.says(done.error, [one.F + RESOURCE_PLACE], done)
            check.says_not(done.error, ["of-the-query"], done)
        check.that("nobody follows", not any(place == "F" for place, *_ in one.log), one.log)


@case
def metadata_redirects_elsewhere_and_the_next_place_has_it(check):
    with Provider(pages={"H" + SERVER_PLACE: elsewhere(302)}, server_places=[OPENID_PLACE]) as one:
        check.signs_in(one)


@case
def several_listed_issuers_and_the_first_counts(check):
    with Provider(resource={"authorization_servers": ["{H}", "{F}"]}) as one:
        check.signs_in(one)
    with Provider(resource={"authorization_servers": ["{F}", "{H}"]}) as one:
        check.signs_in(one, "--issuer", "{H}")
