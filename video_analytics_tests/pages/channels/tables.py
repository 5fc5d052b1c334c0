"""The tables that the page of channels must show, by SQL over the exported daily files and the lake."""

# ruff: noqa: S608 - SQL of the tests' own words

from video_analytics.pages.channels.data import DIMENSIONS
from video_analytics_tests.pages.channels.small_channels import SPANS
from video_analytics_tests.pages.channels.truth import Cells, Choice, Truth, said

NONE = "\u2013"
SUMS = "sum(video_view), sum(video_seconds_viewed) / 3600, sum(video_impression)"
RATE = "100 * sum(video_view) / nullif(sum(video_impression), 0)"
SHARE = "100 * sum(video_view) / sum(sum(video_view)) OVER ()"


def all_tables(truth: Truth, choice: Choice) -> dict[str, Cells]:
    """The rows of each figure's table."""
    return {
        "channels": channels(truth),
        "funnel": funnel(truth),
        "months": months(truth, choice),
        "devices": devices(truth),
        **{field: by_field(truth, field) for field in DIMENSIONS},
        "top": top(truth),
        "rates": rates(truth),
        "life": life(truth, choice),
        "stale": stale(truth),
        "stalest": stalest(truth),
        "fields": fields(truth),
    }


def channels(truth: Truth) -> Cells:
    sql = f"""
        SELECT channel, CASE channel WHEN 'neo' THEN 'research' ELSE 'internet' END, 'Shared',
            count(DISTINCT strftime(date, '%Y-%m')), sum(video_view), {SHARE},
            sum(video_seconds_viewed) / 3600, sum(video_impression), {RATE}
        FROM daily GROUP BY channel ORDER BY sum(video_view) DESC
    """
    return truth.cells(sql, "ttt00%10%")


def funnel(truth: Truth) -> Cells:
    engaged = [f"sum(video_engagement_{at})" for at in (25, 50, 75, 100)]
    (sums,) = truth.rows(
        f"SELECT {', '.join(['sum(video_impression)', 'sum(video_view)', *engaged])} FROM daily"
    )
    names = ("Impressions", "Views", "25 % reached", "50 % reached", "75 % reached", "The end reached")
    return [
        [name, said(each, "0"), said(100 * each / sums[0], "%"), said(100 * each / sums[1], "%")]
        for name, each in zip(names, sums, strict=True)
    ]


def months(truth: Truth, choice: Choice) -> Cells:
    """Of the complete months; the others are tested by name."""
    sql = f"""
        SELECT channel, strftime(date, '%b %Y'), CASE
            WHEN channel = 'Internet' AND in_month = '2024-12' THEN 'imported'
            WHEN channel = 'Internet' AND in_month = '2025-03' THEN 'provisional'
            ELSE 'complete' END, {SUMS}, {RATE}
        FROM daily GROUP BY ALL, in_month ORDER BY channel, in_month
    """
    held = truth.cells(sql.replace("GROUP BY ALL, in_month", "GROUP BY 1, 2, 3, in_month"), "ttt010%")
    return _with_left_out(held, choice)


def _with_left_out(held: Cells, choice: Choice) -> Cells:
    out = {
        "Internet": [("Apr 2025", "30 of 30 days missing")],
        "Intranet": [("Jan 2025", "1 of 31 days missing"), ("Apr 2025", "held up to day 10 of 30")],
        "neo": [("Jan 2025", "19 of 31 days missing"), ("Apr 2025", "30 of 30 days missing")],
    }
    order = ["Nov 2024", "Dec 2024", "Jan 2025", "Feb 2025", "Mar 2025", "Apr 2025"]
    rows = list(held)
    for channel in choice.channels:
        rows += [
            [channel, month, f"left out: {why}", *[NONE] * 4]
            for month, why in out[channel]
            if choice.since <= int(month[-4:]) <= choice.until
        ]
    return sorted(rows, key=lambda row: (list(SPANS).index(row[0]), order.index(row[1])))


def devices(truth: Truth) -> Cells:
    rows = []
    for name, column in {
        "desktop": "desktop",
        "mobile": "mobile",
        "tablet": "tablet",
        "TV": "tv",
        "other": "other",
    }.items():
        sql = f"""
            SELECT in_month, strftime(min(date), '%b %Y'), '{name}', sum(views_{column}),
                100 * coalesce(sum(views_{column}), 0) / sum(
                    views_desktop + views_mobile + views_tablet + coalesce(views_tv, 0) + views_other
                ),
                CASE WHEN bool_or(finality = 'provisional') THEN 'provisional'
                    WHEN bool_or(finality = 'imported') THEN 'imported' ELSE 'complete' END,
                CASE WHEN bool_or(views_tv IS NULL) THEN 'among other, on imported days' ELSE 'of its own' END
            FROM lake GROUP BY in_month
        """
        rows += truth.cells(sql, "ttt0%tt")
    order = ["desktop", "mobile", "tablet", "TV", "other"]
    rows.sort(key=lambda row: (row[0], order.index(row[2])))
    return [row[1:] for row in rows]


def by_field(truth: Truth, field: str) -> Cells:
    sql = f"""
        SELECT CASE nullif(trim({field}), '') WHEN 'missing' THEN '“missing”' ELSE trim({field}) END AS value,
            sum(video_view), {SHARE}, sum(video_seconds_viewed) / 3600
        FROM (SELECT * REPLACE (coalesce(trim({field}), '') AS {field}) FROM daily)
        GROUP BY value ORDER BY value = '', sum(video_view) DESC
    """
    return [[row[0] or "missing", *row[1:]] for row in truth.cells(sql, "t0%1")]


PUBLISHED = """
    strftime(timezone(CASE channel WHEN 'Internet' THEN 'Europe/Zurich' ELSE 'UTC' END,
        published_at::VARCHAR::TIMESTAMPTZ), '%-d %b %Y')
"""


def top(truth: Truth) -> Cells:
    sql = f"""
        SELECT arg_max(name, date), channel, {SUMS}, {RATE}, coalesce(min({PUBLISHED}), '')
        FROM daily GROUP BY channel, video_id HAVING sum(video_view) > 0
        ORDER BY sum(video_view) DESC, channel, video_id LIMIT 15
    """
    return truth.cells(sql, "tt010%t")


def rates(truth: Truth) -> Cells:
    sql = f"""
        SELECT arg_max(name, date), channel, sum(video_impression), sum(video_view), {RATE},
            coalesce(min({PUBLISHED}), '')
        FROM daily GROUP BY channel, video_id HAVING sum(video_impression) > 0
        ORDER BY sum(video_impression) DESC, channel, video_id LIMIT 40
    """
    return truth.cells(sql, "tt00%t")


def life(truth: Truth, choice: Choice) -> Cells:
    sql = f"""
        WITH published AS (
            SELECT channel, video_id, datetrunc('month', strptime({PUBLISHED}, '%-d %b %Y')) AS born
            FROM lake_cms_catalog JOIN names USING (account_id) JOIN here USING (channel)
            WHERE year(born) BETWEEN {choice.since} AND {choice.until}
        ),
        complete AS (SELECT channel, month FROM everything JOIN here USING (channel)),
        pairs AS (
            SELECT *, datediff('month', born, (month || '-01')::DATE) AS age
            FROM published JOIN complete USING (channel) WHERE age >= 0
        ),
        viewed AS (
            SELECT channel, video_id, strftime(date, '%Y-%m') AS month, sum(video_view) AS views
            FROM csv GROUP BY ALL
        )
        SELECT age, count(*), coalesce(sum(views), 0), coalesce(sum(views), 0) / count(*)
        FROM pairs LEFT JOIN viewed USING (channel, video_id, month)
        GROUP BY age ORDER BY age
    """
    return truth.cells(sql, "0002")


LISTED = """
    (SELECT cms.*, names.channel, seen.last_viewed, last
    FROM lake_cms_catalog AS cms JOIN names USING (account_id) JOIN here USING (channel)
    JOIN (SELECT account_id, max(date) AS last FROM lake_daily_analytics GROUP BY ALL) USING (account_id)
    LEFT JOIN lake_last_viewed AS seen USING (account_id, video_id) WHERE cms.status = 'listed')
"""


def stale(truth: Truth) -> Cells:
    names = ["less than 1 month ago", "1 or 2 months ago", "3 to 5 months ago", "6 to 11 months ago"]
    names += ["12 to 23 months ago", "24 months ago or more", "never viewed"]
    sql = f"""
        SELECT CASE WHEN last_viewed IS NULL THEN 6 WHEN last_viewed > last - INTERVAL 1 MONTH THEN 0
            WHEN last_viewed > last - INTERVAL 3 MONTH THEN 1 ELSE 2 END,
            count(*), 100 * count(*) / sum(count(*)) OVER (), sum(duration_ms) / 3600000
        FROM {LISTED} GROUP BY ALL
    """
    found = {row[0]: row[1:] for row in truth.cells(sql, "t0%1")}
    return (
        [[name, *found.get(str(at), ["0", "0.0\u202f%", "0.0"])] for at, name in enumerate(names)]
        if found
        else []
    )


def stalest(truth: Truth) -> Cells:
    sql = f"""
        SELECT name, channel, coalesce(strftime(last_viewed, '%-d %b %Y'), 'never'),
            datesub('month', last_viewed, last), strftime(created_at[:10]::DATE, '%-d %b %Y'),
            duration_ms / 3600000
        FROM {LISTED} ORDER BY last_viewed NULLS FIRST, created_at, channel, video_id LIMIT 25
    """
    return truth.cells(sql, "ttt0t1")


def fields(truth: Truth) -> Cells:
    names = ("business_unit", "country", "language", "sign_off", "video_content_type")
    counts = ", ".join(f"count(nullif(trim(raw->'custom_fields'->>'{name}'), ''))" for name in names)
    (row,) = truth.rows(f"SELECT count(*), count(DISTINCT channel), {counts} FROM {LISTED}")
    size, channels, *filled = row
    rows = sorted(zip(filled, names, strict=True), key=lambda pair: (-pair[0], pair[1]))
    return (
        [
            [name, str(number), str(size), said(100 * number / size, "%"), str(channels)]
            for number, name in rows
        ]
        if size
        else []
    )
