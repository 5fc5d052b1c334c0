-- The numbers of a course, of identified viewers only. Videos count from 1, and 0 is the course as a whole;
-- periods too: 1 is the first month, and 0 all dates.
--
-- Given are the views `videos` (session_id, video, measured), `records`, `coverage_clock`, those of the tables
-- of coverage, and the variable `ticks`: so many make a second that all sums of them are exact.

CREATE TEMP TABLE viewers AS
SELECT user_id, row_number() OVER (ORDER BY user_id) AS viewer
FROM (SELECT DISTINCT user_id FROM viewer_coverage WHERE anonymous = 0);

CREATE TEMP TABLE completions AS
SELECT video, viewer, true AS completed
FROM viewer_coverage
JOIN videos USING (session_id)
JOIN viewers USING (user_id)
WHERE completed = 1;

CREATE TEMP TABLE watched AS
SELECT
    video,
    viewer,
    date,
    date_trunc('month', date)::DATE AS month,
    chunk_index AS chunk,
    round(total_time_spent * getvariable('ticks'))::BIGINT AS spent
FROM chunked_coverage
JOIN videos USING (session_id)
JOIN viewers USING (user_id)
WHERE total_time_spent > 0;  -- a chunk that was merely touched has a row in the older layout

CREATE TEMP TABLE watched_in_all AS
SELECT
    video,
    viewer,
    chunk_index AS chunk,
    completed,
    round(covered_seconds * getvariable('ticks'))::BIGINT AS covered,
    round(total_time_spent * getvariable('ticks'))::BIGINT AS spent
FROM chunk_totals
JOIN videos USING (session_id)
JOIN viewers USING (user_id);

-- Who watched what on which local day. A video without a known duration has no chunks; its days are taken
-- from the records, by the rules and the clock of coverage.
CREATE TEMP TABLE visits AS
WITH unmeasured AS (
    SELECT DISTINCT
        video,
        viewer,
        make_timestamp(
            epoch_us(time) + coalesce(CASE WHEN epoch_us(time) < changed_at THEN before ELSE after END, 0)
        )::DATE AS local_day
    FROM records
    JOIN videos USING (session_id)
    JOIN viewers USING (user_id)
    LEFT JOIN coverage_clock ON utc_day = epoch_us(time) // 86_400_000_000
    WHERE NOT measured
        AND isfinite(time) AND isfinite(start_position) AND isfinite(seconds_viewed)
        AND seconds_viewed >= 1e-6
)
SELECT DISTINCT video, viewer, date, month FROM watched
UNION ALL
SELECT video, viewer, local_day, date_trunc('month', local_day)::DATE FROM unmeasured;

CREATE TEMP TABLE months AS
SELECT month, row_number() OVER (ORDER BY month) AS period FROM (SELECT DISTINCT month FROM visits);

-- A row is about a day, and then its period is null, or about a period.
CREATE TEMP TABLE viewer_counts AS
SELECT
    coalesce(video, 0) AS video,
    CASE WHEN date IS NULL THEN coalesce(period, 0) END AS period,
    date,
    count(DISTINCT viewer) AS viewers,
    count(DISTINCT viewer) FILTER (completed) AS completed
FROM visits
JOIN months USING (month)
LEFT JOIN completions USING (video, viewer)
GROUP BY GROUPING SETS ((), (period), (date), (video), (video, period), (video, date));

CREATE TEMP TABLE watched_by_month AS
SELECT video, viewer, period, chunk, sum(spent) AS spent
FROM watched
JOIN months USING (month)
GROUP BY ALL;

CREATE TEMP TABLE chunk_counts AS
SELECT
    video,
    period,
    chunk,
    count(*) AS viewers,
    sum(completed)::BIGINT AS completed,
    sum(watched_by_month.spent) / getvariable('ticks') AS seconds,
    NULL::DOUBLE AS ratio
FROM watched_by_month
JOIN watched_in_all USING (video, viewer, chunk)
GROUP BY video, period, chunk
UNION ALL
SELECT
    video,
    0,
    chunk,
    count(*),
    sum(completed)::BIGINT,
    sum(spent) / getvariable('ticks'),
    sum(spent) / sum(covered)::DOUBLE
FROM watched_in_all
GROUP BY video, chunk;

CREATE TEMP TABLE watch_times AS
SELECT
    coalesce(video, 0) AS video,
    coalesce(period, 0) AS period,
    sum(spent) / getvariable('ticks') AS seconds
FROM watched_by_month
GROUP BY GROUPING SETS ((), (period), (video), (video, period));

CREATE TEMP TABLE rewatch_times AS
SELECT video, (sum(spent) - sum(covered)) / getvariable('ticks') AS seconds
FROM watched_in_all
GROUP BY video;
