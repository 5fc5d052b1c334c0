"""The summary: every number computed, what differs explained, names shown as they are."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from video_analytics.panopto.retention import marked
from video_analytics.panopto.retention.held import Held, opened
from video_analytics.panopto.retention.offered import offer
from video_analytics.panopto.retention.summary import summary
from video_analytics.panopto.retention.user_folders import said
from video_analytics.settings.retention import SCENARIOS, Hours, Published, Retention, Rule, Scenario
from video_analytics_tests.panopto.retention.small_college import DAY, ZONE, Json, reckoned, session, sessions

MARKDOWN = MarkdownIt("gfm-like", {"linkify": False, "html": True})


@contextmanager
def told(folder: Path, retention: Retention, **given: Any) -> Iterator[tuple[str, Held]]:
    lake = reckoned(folder / "lake", retention, **given)
    with opened(lake, DAY, ZONE, retention) as held:
        offer(held, lake)
        yield summary(held, lake), held


def summed(folder: Path, retention: Retention | None = None, **given: Any) -> str:
    with told(folder, retention or Retention(scenarios=SCENARIOS[:1]), **given) as (text, _):
        return text


def section(text: str, title: str) -> str:
    """What stands below a heading."""
    return re.split(r"^#+ ", text.partition(f"# {title}")[2], maxsplit=1, flags=re.MULTILINE)[0]


@pytest.fixture(scope="module")
def college(tmp_path_factory: pytest.TempPathFactory) -> str:
    return summed(tmp_path_factory.mktemp("college"), Retention())


def test_a_reader_learns_the_date_the_period_the_reports_and_the_zone(college: str) -> None:
    assert college.startswith("# Session usage and the storage plan, 2022-06-01\n")
    assert "Views counted: from 2020-06-01 to 2022-06-01." in college
    assert "Reports: session_usage 2020-06-01..2022-06-01 (use.csv)." in college
    assert "Times in the CSV files are those of America/Los_Angeles; Parquet files have UTC." in college


def test_what_the_choice_of_reports_may_mislead_in_is_told(tmp_path: Path) -> None:
    text = summed(tmp_path, warnings=["Views are told up to 2020-01-01 only.", "a_b is *left out*."])
    assert "- **Mind**: Views are told up to 2020-01-01 only.\n" in text
    assert "- **Mind**: a_b is \\*left out\\*.\n" in text


def test_the_conclusions_are_those_of_the_college(college: str) -> None:
    found = section(college, "What there is")
    assert "19,627.13 h in 13 sessions: 5,770.39 h watched (29 %), 13,856.74 h unwatched (71 %)." in found
    assert "- Zoom is 82 % of hours, 82 % of it unwatched." in found
    assert "- Web API is 17 % of hours, 14 % of it unwatched." in found
    assert "(none) is" not in found  # less than a hundredth of all
    for months, hours, share in ((6, "1,761.83", 9), (12, "3,104.84", 16), (18, "4,835.15", 25)):
        assert re.search(rf"within {months} months \(since [\d-]+\): {hours} h, {share} % of all", found)
    assert "Academic year 2021-06-01 to 2022-06-01 (the last day is not in it): 6,732.91 h created" in found
    assert "the greatest difference is 0.00 h" in found
    assert "| (none) | 50.55 | under 1 % | 0.00 | 50.55 | 100 % |" in found


def test_the_scenarios_stand_against_their_limits(college: str) -> None:
    found = section(college, "The scenarios")
    assert "| Save money | archived | 1,291.46 | 4,400.00 | 3,108.54 | yes |" in found
    assert "| Save content | archived | 14,791.98 | 54,400.00 | 39,608.02 | yes |" in found
    assert "| Save Zoom | deleted | 13,856.74 | \u2013 | \u2013 | no limit |" in found
    assert "- Save both (viewed within 6 months is recent; with archive, create) fits." in found


def test_a_breach_is_said_with_its_hours(tmp_path: Path) -> None:
    tight = Retention(scenarios=SCENARIOS[:1], limits=Hours(stored=7000.0, created=4400.0, archived=1000.0))
    found = section(summed(tmp_path, tight), "The scenarios")
    assert "| stored | 7,035.73 | 7,000.00 | -35.73 | **no**: 35.73 h over |" in found
    assert (
        "- Save money (viewed within 18 months is recent; no bundle) does **not** fit: stored, archived."
        in found
    )


def test_figures_that_differ_are_both_given_and_explained(college: str) -> None:
    found = section(college, "Published figures and those that add up")
    assert (
        "- Save money, stored: published 7,035.73 h, of what exists 4,835.15 h. "
        "The published figure includes the hours that the coming year creates."
    ) in found
    assert (
        "- Save money, deleted: published 9,456.74 h, of what exists 13,500.52 h. "
        "The published figure counts as deleted only the unwatched hours beyond the plan's archive limit."
    ) in found
    assert "- Save both, archived: published 13,856.74 h, of what exists 17,865.30 h." in found
    assert "- Save money, created: 2,200.58 h, as 4,532.33 h of the last academic year" in found
    assert "Save Zoom, created" not in found
    assert "Save money, archived" not in found


def test_a_figure_that_differs_without_a_sentence_is_still_given(tmp_path: Path) -> None:
    mine = Scenario(
        name="mine",
        window_months=6,
        stored=(),
        archived=(Rule(),),
        published=Published(archived=(Rule(watched=True),)),
    )
    found = section(summed(tmp_path, Retention(scenarios=(mine,))), "Published figures")
    assert "- Mine, archived: published 5,770.39 h, of what exists 19,627.13 h. The scenario defines" in found


def test_what_is_archived_already_and_stays_so_is_told(tmp_path: Path) -> None:
    rows = sessions()
    rows[3]["archived"] = 1  # 943.01 h, viewed within 12 months
    found = section(summed(tmp_path, rows=rows), "Published figures")
    assert (
        "archived: published 1,291.46 h, of what exists 2,234.47 h. "
        "What is archived now stays archived, also where the rules would store it.\n"
    ) in found
    assert "stored: published 6,092.72 h, of what exists 3,892.14 h. The published figure includes" in found


def test_user_folders_that_exist_are_told_with_what_they_leave_out(college: str) -> None:
    found = section(college, "User folders")
    assert '- "Users" is a root folder, with 949.04 h.' in found
    assert (
        "- Save money: 543.43 h are unwatched, not from Zoom. The rule on user folders takes 356.22 h of "
        'them and leaves out 187.21 h. In "Users" lie 187.21 h of them.'
    ) in found
    assert '| Save money | "Users" (as set) | 1,291.46 | 9,456.74 | 13,500.52 |' in found
    assert "| Save money | none: without the filter | 1,478.67 | 9,456.74 | 13,313.31 |" in found
    assert found.count("| Save") == 2


def test_a_user_folder_that_does_not_exist_is_named_with_the_one_that_is_meant(tmp_path: Path) -> None:
    plan = Retention(user_root_folders=("User",), scenarios=SCENARIOS[:1])
    found = section(summed(tmp_path, plan), "User folders")
    assert '- "User" is no root folder here, so this filter leaves out nothing; there is "Users".' in found
    assert 'takes 543.43 h of them and leaves out 0.00 h. In "Users" lie 187.21 h of them.' in found
    assert '| Save money | "User" (as set) | 1,478.67 | 9,456.74 | 13,313.31 |' in found
    assert '| Save money | "Users" | 1,291.46 | 9,456.74 | 13,500.52 |' in found


def test_a_name_that_is_like_none_has_no_suggestion(tmp_path: Path) -> None:
    plan = Retention(user_root_folders=("Personal",), scenarios=SCENARIOS[:1])
    found = section(summed(tmp_path, plan), "User folders")
    assert '- "Personal" is no root folder here, so this filter leaves out nothing.\n' in found
    assert found.count("| Save") == 2


def test_without_user_folders_or_rules_on_them_little_is_said(tmp_path: Path) -> None:
    found = section(
        summed(tmp_path, Retention(user_root_folders=(), scenarios=SCENARIOS[2:3])), "User folders"
    )
    assert found.strip() == "`retention.user_root_folders` names none."


def test_the_forecast_tells_the_first_month_of_a_breach(college: str) -> None:
    found = section(college, "Forecast to 2022-08-01")
    assert "low -5.00 %, mid 2.50 %, high 10.00 %" in found
    assert "| Save money | high | **2022-08-01** | archived | 4,401.00 | 4,400.00 |" in found
    assert "| Save money | mid | none until then | \u2013 | \u2013 | \u2013 |" in found


def test_what_does_not_count_is_told_with_its_hours(tmp_path: Path, college: str) -> None:
    assert "Nothing: every row of the reports counts." in section(college, "What does not count")
    apart = [
        {"report": "session_usage", "reason": reason, "hours_us": round(hours * 3.6e9)}
        for reason, hours in (("duplicate", 1.5), ("duplicate", 2.25), ("negative_length", -1.0))
    ]
    found = section(summed(tmp_path, apart=apart, quarantined_hours=2.25), "What does not count")
    assert "| duplicate | 2 | 3.75 |" in found
    assert "| negative_length | 1 | 0.00 |" in found
    assert "2.25 h in all are in no table" in found


def test_the_setting_of_creators_is_told(tmp_path: Path, college: str) -> None:
    assert "Creators: without their names" in college
    named = summed(tmp_path, Retention(creator_names=True, scenarios=SCENARIOS[:1]))
    assert "Creators: with their names" in named


def test_every_number_follows_the_data(tmp_path: Path, college: str) -> None:
    double = [row | {name: 2 * row[name] for name in ("hours", "hours_us")} for row in sessions()]
    text = summed(tmp_path, Retention(), rows=double)
    assert "39,254.26 h in 13 sessions: 11,540.78 h watched (29 %)" in text
    numbers = set(re.findall(r"\d[\d,]*\.\d\d(?= h)", college))
    kept = numbers & set(re.findall(r"\d[\d,]*\.\d\d(?= h)", text))
    assert kept <= {"0.00"} | _deleted_beyond_a_limit(text)


def _deleted_beyond_a_limit(text: str) -> set[str]:
    """27,713.48 h less the limit of 4,400 h, and differences of the kind, may fall on an old number."""
    return set(re.findall(r"([\d,.]+) h over", text))


NAMES = (
    *(
        "*a*",
        "_a_",
        "a_b_c",
        "<b>x</b>",
        "[x](http://x.example)",
        "![x](y)",
        "`x`",
        "a|b",
        "\\",
        "&amp;",
        "# x",
    ),
    *(
        "- x",
        "1. x",
        "+ x",
        "> x",
        "~~x~~",
        "https://x.example",
        "www.x.example",
        "two\nlines",
        "$x$",
        "漢字 🎬",
    ),
)


def names() -> list[Json]:
    return [
        session(
            *(number, 100.0 + number),
            stream_source=name,
            root_folder=name,
            creator=name,
            folder_path=name,
        )
        for number, name in enumerate(NAMES)
    ]


def test_names_of_the_vendor_are_shown_as_they_are(tmp_path: Path) -> None:
    plan = Retention(scenarios=(SCENARIOS[0].model_copy(update={"title": "<i>*Mine*</i> | - x"}),))
    text = summed(tmp_path, plan, rows=names(), reports=["session_usage (_<u>x</u>_.csv)"])
    tokens = [each for token in MARKDOWN.parse(text) for each in (token, *(token.children or ()))]
    assert {token.type for token in tokens} <= {
        *("heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline", "text"),
        *("bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close", "softbreak"),
        *("table_open", "table_close", "thead_open", "thead_close", "tbody_open", "tbody_close"),
        *("tr_open", "tr_close", "th_open", "th_close", "td_open", "td_close"),
        *("code_inline", "strong_open", "strong_close", "text_special"),
    }
    shown = [_text(token.children) for token in tokens if token.type == "inline"]
    assert {" ".join(name.split()) for name in NAMES} <= set(shown)
    assert "Reports: session_usage (_<u>x</u>_.csv)." in shown
    assert "<i>*Mine*</i> | - x" in shown


def _text(children: Any) -> str:
    return "".join(child.content for child in children)


@examples(max_examples=200, deadline=None)
@given(
    st.text(st.characters(codec="utf-8"), max_size=20), st.sampled_from(["- {}", "x {} y", "| {} |\n| --- |"])
)
def test_any_name_is_shown_as_text_on_one_line(name: str, place: str) -> None:
    shown = marked.text(name)
    assert "\n" not in shown
    tokens = MARKDOWN.parse(place.format(f"{shown}."))
    inline = [token for token in tokens if token.type == "inline"]
    wanted = " ".join(re.sub("[\x00-\x1f\x7f]", " ", name).split())
    assert [_text(token.children) for token in inline] == [place[:3].strip("- |{}") + _around(wanted, place)]


def _around(wanted: str, place: str) -> str:
    return f" {wanted}. y" if place.startswith("x") else f"{wanted}."


def test_what_is_marked_already_and_what_is_no_text_stays() -> None:
    assert marked.text(marked.text("*")) == "\\*"
    assert marked.text(7) == 7


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        *(
            (0, 10, "0 %"),
            (10, 10, "100 %"),
            (5, 10, "50 %"),
            (1, 1000, "under 1 %"),
            (999, 1000, "over 99 %"),
        ),
        (0, 0, "\u2013"),
    ],
)
def test_a_share_is_never_rounded_to_nothing_or_all(part: float, whole: float, shown: str) -> None:
    assert marked.percent(part, whole) == shown


def test_hours_have_two_decimals_and_no_negative_zero() -> None:
    assert [marked.hours(value) for value in (1234.5, -0.001, None)] == ["1,234.50", "0.00", "\u2013"]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Rule(), "there"),
        (Rule(watched=False, except_stream_sources=("Zoom", "RTMP")), "unwatched, not from Zoom or RTMP"),
        (Rule(watched=True, recent=False), "watched, not viewed within 6 months"),
        (Rule(user_folder=True, root_folders=("A",)), "in a user folder, in A"),
        (
            Rule(created_before_months=12),
            "created at least 12 months before the report date",
        ),
    ],
)
def test_a_rule_is_said_in_words(rule: Rule, words: str) -> None:
    assert said(rule, 6) == words
