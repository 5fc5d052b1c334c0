-- Each viewing record as a stretch of its video, in whole numbers, and what became of it.
--
-- A tick is a microsecond divided by the number of chunks. So a chunk has as many ticks as the video has
-- microseconds, every edge of a chunk is a whole number, and all sums are exact until a file is written.

CREATE SCHEMA coverage;

-- Numbered in the order of the files. `length` is in microseconds. A duration above 90,000,000 seconds
-- (almost three years) is taken for a mistake: up to there a percent of it is exact in a double.
CREATE TABLE coverage.videos AS
SELECT
    row_number() OVER (ORDER BY session_id) - 1 AS video,
    session_id,
    CASE WHEN duration BETWEEN 0.5e-6 AND 90_000_000 THEN round(duration * 1e6)::BIGINT END AS length
FROM sessions;

CREATE TABLE coverage.viewers AS
SELECT
    row_number() OVER (ORDER BY user_id) - 1 AS viewer,
    user_id,
    list_contains(getvariable('anonymous'), lower(user_id)) AS anonymous
FROM (SELECT DISTINCT user_id FROM activity);

CREATE TABLE coverage.stretches AS
WITH placed AS (  -- in microseconds; a pair is one viewer of one video, numbered in the order of the files
    SELECT
        video * (SELECT count(*) FROM coverage.viewers) + viewer AS pair,
        length,
        time,
        -- the clock says for each UTC day by how much local time is ahead, before and after it changed
        epoch_us(time) + coalesce(CASE WHEN epoch_us(time) < changed_at THEN before ELSE after END, 0)
            AS local_time,
        seconds_viewed,
        isfinite(time) AND isfinite(start_position) AND isfinite(seconds_viewed) AS finite,
        round(start_position * 1e6) AS starts,
        round((start_position + seconds_viewed) * 1e6) AS ends,
        finite AND seconds_viewed >= 0 AND starts <= length AND ends >= 0 AS touches
    FROM activity
    JOIN coverage.viewers USING (user_id)
    LEFT JOIN coverage.videos USING (session_id)
    LEFT JOIN coverage_clock ON utc_day = epoch_us(time) // 86_400_000_000
)
SELECT
    pair,
    time,
    make_timestamp(local_time)::DATE AS day,
    CASE  -- the first that holds
        WHEN pair IS NULL THEN 'unknown_session'
        WHEN finite IS NOT TRUE THEN 'not_finite'
        WHEN seconds_viewed < 0 THEN 'negative'
        WHEN seconds_viewed < 1e-6 THEN 'zero_length'
        WHEN length IS NULL THEN 'no_duration'
        WHEN least(ends, length) <= greatest(starts, 0) THEN 'outside'
        WHEN ends > length THEN 'clipped_end'
        WHEN starts < 0 THEN 'clipped_start'
        ELSE 'used'
    END::ENUM (
        'used', 'clipped_start', 'clipped_end',
        'unknown_session', 'not_finite', 'negative', 'zero_length', 'no_duration', 'outside'
    ) AS kind,
    -- in ticks; of all that at least touches the video, though only what lies within counts
    CASE WHEN touches THEN TRY_CAST(greatest(starts, 0) AS BIGINT) * getvariable('chunks') END AS starts,
    CASE WHEN touches THEN TRY_CAST(least(ends, length) AS BIGINT) * getvariable('chunks') END AS ends
FROM placed;

-- What is computed at a time: whole pairs, about as many stretches as asked for.
CREATE TABLE coverage.parts AS
WITH pairs AS (
    SELECT pair, count(*) AS stretches FROM coverage.stretches WHERE pair IS NOT NULL GROUP BY pair
),
numbered AS (
    SELECT
        pair,
        (sum(stretches) OVER (ORDER BY pair) - stretches) // getvariable('at_once') AS part
    FROM pairs
)
SELECT min(pair) AS first_pair, max(pair) AS last_pair
FROM numbered
GROUP BY part;

-- Filled part by part; a session can lie in two.
CREATE TABLE coverage.chunk_sums (
    video BIGINT, chunk BIGINT, viewers BIGINT, completed_days BIGINT, completed_viewers BIGINT,
    spent HUGEINT, anonymous_spent HUGEINT
);
CREATE TABLE coverage.session_sums (
    video BIGINT, viewers BIGINT, anonymous_ids BIGINT, completed_viewers BIGINT,
    spent HUGEINT, covered HUGEINT, anonymous_spent HUGEINT, records BIGINT
);
