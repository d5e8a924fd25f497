"""The guards of the pages, each taken away once."""

from tests.mutants.mutant import Mutant

__all__ = ["PAGES"]

PACKAGE = "shared/platform/pages"
TESTS = "tests/unit/platform/test_pages.py"
SIGNING_IN = "tests/unit/platform/test_pages_signing_in.py"
FORM = f"{TESTS}::test_a_form_of_the_page_is_done_once_and_says_so_once"
UNPROVED = f"{TESTS}::test_a_form_without_this_sessions_proof_does_nothing"
ELSEWHERE = f"{TESTS}::test_a_form_from_elsewhere_does_nothing_whatever_it_proves"
FLASH = f"{TESTS}::test_nobody_else_puts_a_message_on_a_page"
LEADS = f"{SIGNING_IN}::test_signing_in_leads_to_no_other_host"
COMES_BACK = f"{SIGNING_IN}::test_nobody_signed_in_is_sent_to_sign_in_and_comes_back"

PAGES = (
    Mutant(
        name="page-form-proof",
        without="a form needs no proof that it is this session's",
        file=f"{PACKAGE}/visiting.py",
        old='not from_here(request) or not matches((await request.form()).get("csrf"), visitor.token)',
        new="not from_here(request)",
        red=(UNPROVED,),
        green=(FORM, ELSEWHERE),
    ),
    Mutant(
        name="page-form-origin",
        without="it does not count what the browser says of where a form comes from",
        file=f"{PACKAGE}/visiting.py",
        old="not from_here(request) or ",
        new="",
        red=(ELSEWHERE,),
        green=(FORM, UNPROVED),
    ),
    Mutant(
        name="page-role",
        without="whoever is signed in sees every page",
        file=f"{PACKAGE}/visiting.py",
        old="        self.check(visitor.principal)\n",
        new="",
        red=(f"{TESTS}::test_another_role_is_told_who_may",),
        green=(FORM,),
    ),
    Mutant(
        name="page-form-permission",
        without="a route that takes forms may do without their proof",
        file=f"{PACKAGE}/rendering.py",
        old="isinstance(one, (Posted, Public))",
        new="True",
        red=(f"{TESTS}::test_a_form_that_asks_for_no_proof_is_refused",),
        green=(FORM,),
    ),
    Mutant(
        name="page-escaping",
        without="what people write is HTML",
        file=f"{PACKAGE}/rendering.py",
        old="autoescape=True",
        new="autoescape=False",
        red=(f"{TESTS}::test_what_people_write_is_text",),
        green=(FORM,),
    ),
    Mutant(
        name="page-headers",
        without="pages have no security policy",
        file=f"{PACKAGE}/rendering.py",
        old="            for name, value in HEADERS.items():\n",
        new="            for name, value in ():\n",
        red=(f"{TESTS}::test_every_page_forbids_scripts_frames_and_copies",),
        green=(FORM,),
    ),
    Mutant(
        name="page-message-proof",
        without="whoever can set a cookie can put a message on a page",
        file=f"{PACKAGE}/session.py",
        old="return text.decode() if genuine else None",
        new="return text.decode()",
        red=(FLASH,),
        green=(FORM,),
    ),
    Mutant(
        name="page-cookie-flags",
        without="scripts can read the token",
        file=f"{PACKAGE}/rendering.py",
        old="httponly=True",
        new="httponly=False",
        red=(f"{SIGNING_IN}::test_no_script_and_no_other_site_gets_at_the_cookies",),
        green=(COMES_BACK,),
    ),
    Mutant(
        name="page-next-slashes",
        without="signing in may lead to an address that begins with two slashes, which is another host",
        file=f"{PACKAGE}/session.py",
        old=' or text.startswith("//")',
        new="",
        red=(LEADS,),
        green=(COMES_BACK,),
    ),
    Mutant(
        name="page-next-signs",
        without="signing in may lead where a browser reads a backslash or a control sign as the start of a host",
        file=f"{PACKAGE}/session.py",
        old='    if "\\\\" in text or not text.isprintable() or " " in text:\n        return otherwise\n',
        new="",
        red=(LEADS,),
        green=(COMES_BACK,),
    ),
    Mutant(
        name="page-one-click",
        without="a production profile lets anybody in by one click",
        file="shared/platform/settings.py",
        old="            if self.development_issuer is not None:\n",
        new="            if False:\n",
        red=(f"{SIGNING_IN}::test_production_refuses_a_development_issuer",),
        green=(f"{SIGNING_IN}::test_one_click_is_enough_on_a_laptop",),
    ),
)
