-- What the page computes with, by channel: small tables made of `monthly`, `videos`, `seen` and `channels`.

-- Sums by year, of which the next three are made.
CREATE TEMP TABLE yearly AS
SELECT
    channel,
    video_id,
    month // 12 AS year,
    sum(views)::BIGINT AS views,
    sum(seconds)::BIGINT AS seconds,
    sum(impressions)::BIGINT AS impressions
FROM monthly
GROUP BY ALL;

-- The videos that are among the first of their channel in any run of years, by views or by impressions: of
-- them are the first of any choice of channels and years. Ties go by the order of the ids.
CREATE TEMP TABLE leaders AS
WITH years AS (SELECT DISTINCT year FROM yearly),
totals AS (
    SELECT channel, video_id, since.year AS since, until.year AS until, sum(views) AS views, sum(impressions) AS impressions
    FROM yearly
    JOIN years AS since ON since.year <= yearly.year
    JOIN years AS until ON until.year >= yearly.year
    GROUP BY ALL
),
ranked AS (
    SELECT
        channel,
        video_id,
        views > 0 AND row_number() OVER (run ORDER BY views DESC NULLS LAST, video_id) <= $viewed AS is_viewed,
        impressions > 0 AND row_number() OVER (run ORDER BY impressions DESC NULLS LAST, video_id) <= $loaded AS is_loaded
    FROM totals
    WINDOW run AS (PARTITION BY channel, since, until)
)
SELECT DISTINCT channel, video_id FROM ranked WHERE is_viewed OR is_loaded;

-- Views by months since publication: of videos whose month was complete, published in a year with such months.
CREATE TEMP TABLE life AS
WITH published AS (
    SELECT channel, video_id, 12 * year(local) + month(local) - 1 AS month, year(local) AS year
    FROM (
        SELECT channel, video_id, timezone(zone, try_cast(published_at AS TIMESTAMPTZ)) AS local
        FROM videos JOIN channels USING (account_id)
    )
    WHERE local IS NOT NULL AND year IN (SELECT DISTINCT year FROM yearly)
),
observed AS (
    SELECT channel, year, complete.month - published.month AS age, count(*) AS videos
    FROM published JOIN complete USING (channel)
    WHERE age BETWEEN 0 AND $oldest
    GROUP BY ALL
),
viewed AS (
    SELECT channel, year, monthly.month - published.month AS age, sum(views) AS views
    FROM monthly JOIN published USING (channel, video_id)
    WHERE age BETWEEN 0 AND $oldest
    GROUP BY ALL
)
SELECT channel, year, age, videos, coalesce(views, 0)::BIGINT AS views
FROM observed LEFT JOIN viewed USING (channel, year, age)
ORDER BY ALL;

-- When the listed videos were last viewed, counted in full months before the channel's last day.
CREATE TEMP TABLE listed AS
SELECT
    channel,
    videos.video_id,
    coalesce(videos.name, videos.video_id) AS name,
    videos.created_at,
    videos.published_at,
    videos.video_duration AS duration,
    seen.last_viewed,
    datesub('month', seen.last_viewed, channels.as_of) AS months
FROM videos
JOIN cms_catalog ON cms_catalog.account_id = videos.account_id AND cms_catalog.video_id = videos.video_id
JOIN channels ON channels.account_id = videos.account_id
LEFT JOIN seen ON seen.account_id = videos.account_id AND seen.video_id = videos.video_id
WHERE cms_catalog.status = 'listed' AND channels.as_of IS NOT NULL;
