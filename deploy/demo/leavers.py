"""Leavers. What is expected is written from the landlords' rules by hand; nothing here computes a deadline.

Both landlords' staff work Monday to Friday, 09:00 to 17:00. An administrator's role or a shared password is overdue
after 4 of those hours, anything else after two days of 8; counted from the leaving or, where HR is late, from being known.
Person 1001 works at both landlords, and is two people.
"""

from deploy.demo.acts import Promise, Story, stamp
from deploy.demo.register import claimed, confirmed, hr, registered

__all__ = ["LEAVERS"]

LEAVER = "westward:6.4"
SCOPE = "wheatley:scope"

WESTWARD = (
    Story(
        "a leaver loses all five accesses at once; somebody else has seen each of them gone",
        "westward",
        LEAVER,
        (
            registered(
                "Fri 10:00",
                sites="""
                    site,network,kind,state
                    ww-facebook,facebook,page,live
                    ww-instagram,instagram,page,live
                    ww-linkedin,linkedin,page,live
                    ww-tenants,facebook,closed-group,live
                    ww-x,x,channel,live
                """,
                people="""
                    person,manager,stint,starts_on,roles
                    1001,1002,1,2019-05-01,
                    1002,,1,2012-01-09,
                    1003,1002,1,2020-02-03,communications
                """,
                accounts="""
                    account,person,network,kind,mfa
                    fb-1001,1001,facebook,work,on
                    ig-team,1001,instagram,shared,on
                    li-1001,1001,linkedin,work,on
                    x-1001,1001,x,work,on
                """,
                grants="""
                    grant,account,site,role
                    g-11,fb-1001,ww-facebook,editor
                    g-12,ig-team,ww-instagram,editor
                    g-13,li-1001,ww-linkedin,editor
                    g-14,fb-1001,ww-tenants,moderator
                    g-15,x-1001,ww-x,editor
                """,
            ),
            hr("Mon 09:30", "staff-left", "1001 has left, just now", person="1001"),
            claimed("Mon 11:00", "1001"),
            confirmed("Mon 11:20", "1001", evidence=False),
            confirmed("Mon 11:30", "1001"),
        ),
        (
            "imported: 17 new",
            "5 × confirm refused: 422",
            "Mon 09:30 remove-role at ww-facebook, due Wed 09:30",
            "Mon 09:30 rotate-secret at ww-instagram, due Mon 13:30",
            "Mon 09:30 remove-role at ww-linkedin, due Wed 09:30",
            "Mon 09:30 remove-member at ww-tenants, due Wed 09:30",
            "Mon 09:30 remove-role at ww-x, due Wed 09:30",
            "Mon 09:30 processed: 5 to go, 0 held",
            "5 × Mon 11:00 claimed by local-is-team",
            "5 × Mon 11:30 confirmed by local-head-of-communications, with evidence",
            "[left: 5 confirmed, holds 0]",
        ),
        part=Promise.LEAVERS,
        about=("1001",),
    ),
    Story(
        "HR is two days late: the time to act counts from being told",
        "westward",
        LEAVER,
        (
            registered(
                "Fri 10:20",
                sites="site,network,kind,state\nww-youtube,youtube,channel,live",
                people="person,manager,stint,starts_on\n1010,1002,1,2021-08-02",
                accounts="account,person,network,kind\nyt-team,1010,youtube,shared",
                grants="grant,account,site,role\ng-21,yt-team,ww-youtube,editor",
            ),
            hr(
                "Wed 09:30",
                "staff-left",
                "1010 left on Monday at noon",
                person="1010",
                leave_at=stamp("Mon 12:00"),
            ),
            claimed("Wed 11:10", "1010"),
            confirmed("Wed 11:20", "1010"),
        ),
        (
            "imported: 4 new",
            "Wed 09:30 rotate-secret at ww-youtube, due Wed 13:30",
            "Wed 09:30 processed: 1 to go, 0 held",
            "Wed 11:10 claimed by local-is-team",
            "Wed 11:20 confirmed by local-head-of-communications, with evidence",
            "[left: 1 confirmed, holds 0]",
        ),
        part=Promise.LEAVERS,
        about=("1010",),
    ),
    Story(
        "a page's last administrator is held until Communications administers it; then the role goes",
        "westward",
        LEAVER,
        (
            registered(
                "Fri 10:40",
                sites="site,network,kind,state\nww-repairs,facebook,page,live",
                people="""
                    person,manager,stint,starts_on,roles
                    1020,1002,1,2018-10-01,
                    1021,1002,1,2022-06-06,communications
                """,
                accounts="account,person,network,kind\nfb-1020,1020,facebook,work\nfb-1021,1021,facebook,work",
                grants="grant,account,site,role\ng-31,fb-1020,ww-repairs,admin\ng-32,fb-1020,ww-facebook,moderator",
            ),
            hr("Mon 10:00", "staff-left", "1020 has left, just now", person="1020"),
            registered("Mon 11:40", grants="grant,account,site,role\ng-33,fb-1021,ww-repairs,admin"),
            claimed("Mon 12:00", "1020", "communications"),
            confirmed("Mon 12:10", "1020", "communications"),
            confirmed("Mon 13:00", "1020"),
        ),
        (
            "imported: 7 new",
            "imported: 1 new",
            "confirm refused: 403",
            "Mon 10:00 remove-role at ww-facebook, due Wed 10:00",
            "Mon 10:00 held at ww-repairs (clauses: westward:6.8)",
            "Mon 10:00 processed: 2 to go, 1 held",
            "Mon 11:40 remove-role at ww-repairs, due Mon 14:00",
            "2 × Mon 12:00 claimed by local-communications",
            "Mon 12:10 confirmed by local-communications, with evidence",
            "Mon 13:00 confirmed by local-head-of-communications, with evidence",
            "[left: 2 confirmed, holds 0]",
        ),
        part=Promise.LEAVERS,
        about=("1020",),
    ),
)

WHEATLEY = (
    Story(
        "a leave dated ahead: nothing goes before its day is over, then all of it, once",
        "wheatley",
        SCOPE,
        (
            registered(
                "Fri 10:10",
                sites="site,network,kind,state\nwh-facebook,facebook,page,live\nwh-x,x,channel,live",
                people="""
                    person,manager,stint,starts_on
                    1001,1102,1,2015-03-02
                    1102,,1,2011-11-14
                """,
                accounts="account,person,network,kind\nfb-1001,1001,facebook,work\nx-1001,1001,x,work",
                grants="grant,account,site,role\ng-11,fb-1001,wh-facebook,editor\ng-12,x-1001,wh-x,editor",
            ),
            hr("Fri 11:00", "staff-left", "1001 leaves at the end of Monday", person="1001", leave_on="2026-03-30"),
            hr("Tue 09:05", "staff-left", "the same once more", person="1001", leave_on="2026-03-30"),
            claimed("Tue 10:10", "1001"),
            confirmed("Tue 10:20", "1001"),
        ),
        (
            "imported: 8 new",
            "Fri 11:00 planned for Mon 24:00: 2 to go",
            "Mon 24:00 remove-role at wh-facebook, due Wed 17:00",
            "Mon 24:00 remove-role at wh-x, due Wed 17:00",
            "Mon 24:00 processed: 2 to go, 0 held",
            "2 × Tue 10:10 claimed by local-is-team",
            "2 × Tue 10:20 confirmed by local-head-of-communications, with evidence",
            "[left: 2 confirmed, holds 0]",
        ),
        part=Promise.LEAVERS,
        about=("1001",),
    ),
    Story(
        "nobody acts in time: the line manager and Communications are told at the very instant",
        "wheatley",
        SCOPE,
        (
            registered(
                "Fri 10:30",
                sites="site,network,kind,state\nwh-instagram,instagram,page,live",
                people="person,manager,stint,starts_on\n1110,1102,1,2020-01-06",
                accounts="account,person,network,kind\nig-team,1110,instagram,shared",
                grants="grant,account,site,role\ng-21,ig-team,wh-instagram,editor",
            ),
            hr("Tue 10:30", "staff-left", "1110 has left, just now", person="1110"),
            claimed("Tue 15:00", "1110"),
            confirmed("Tue 15:10", "1110"),
        ),
        (
            "imported: 4 new",
            "Tue 10:30 rotate-secret at wh-instagram, due Tue 14:30",
            "Tue 10:30 processed: 1 to go, 0 held",
            "Tue 14:30 overdue, level 1: 1102, communications told",
            "Tue 15:00 claimed by local-is-team",
            "Tue 15:10 confirmed by local-head-of-communications, with evidence",
            "[left: 1 confirmed, holds 0]",
        ),
        part=Promise.LEAVERS,
        about=("1110",),
    ),
)

LEAVERS = WESTWARD + WHEATLEY
