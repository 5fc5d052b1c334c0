-- What the viewers of one part saw: by day and chunk, by chunk over all days, and in all.

CREATE TEMP MACRO percent(covered, whole) AS
    CASE WHEN covered = whole THEN 100e0 ELSE covered * 100e0 / whole END;

-- Compared in whole numbers, as a double could miss the very edge; `enough` is in millionths.
CREATE TEMP MACRO is_completed(covered, whole) AS
    covered::HUGEINT * 1_000_000 >= whole::HUGEINT * getvariable('enough');

-- The union of overlapping stretches without building it: taken in the order of their starts, a stretch adds
-- what lies beyond everything seen before it. `seen` is how far that was, `seen_that_day` on the same day;
-- null before the first. Where the duration is not known there is nothing to clip to: such stretches make
-- viewers and days, but have no extent.
CREATE TEMP TABLE additions AS
SELECT
    pair,
    day,
    length,
    time,
    coalesce(starts, 0) AS starts,
    coalesce(ends, 0) AS ends,
    max(coalesce(ends, 0)) OVER (
        PARTITION BY pair ORDER BY starts ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS seen,
    max(coalesce(ends, 0)) OVER (
        PARTITION BY pair, day ORDER BY starts ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS seen_that_day
FROM coverage.stretches
JOIN coverage.videos ON video = pair // getvariable('viewers')
WHERE kind IN ('used', 'clipped_start', 'clipped_end', 'no_duration')
    AND pair BETWEEN getvariable('first_pair') AND getvariable('last_pair');

CREATE TEMP TABLE chunk_days AS
WITH pieces AS (  -- stretches cut at the edges of chunks; to touch an edge gives no piece
    SELECT
        pair,
        day,
        length,
        chunk,
        seen,
        seen_that_day,
        greatest(starts, chunk * length) AS starts,
        least(ends, (chunk + 1) * length) AS ends
    FROM (SELECT *, unnest(range(starts // length, (ends - 1) // length + 1)) AS chunk FROM additions)
)
SELECT
    pair,
    day,
    length,
    chunk,
    sum(ends - starts) AS spent,  -- repeats count
    sum(greatest(ends - greatest(starts, seen_that_day), 0))::BIGINT AS covered,
    sum(greatest(ends - greatest(starts, seen), 0))::BIGINT AS added  -- to what other days covered
FROM pieces
GROUP BY pair, day, length, chunk;

CREATE TEMP TABLE chunk_totals AS
SELECT
    pair,
    length,
    chunk,
    sum(spent) AS spent,
    sum(added)::BIGINT AS covered,
    count_if(is_completed(chunk_days.covered, length)) AS completed_days
FROM chunk_days
GROUP BY pair, length, chunk;

CREATE TEMP TABLE viewer_totals AS
WITH totals AS (
    SELECT
        pair,
        length * getvariable('chunks') AS whole,
        count_if(seen_that_day IS NULL) AS days,
        sum(greatest(ends - greatest(starts, seen), 0))::BIGINT AS covered,
        sum(ends - starts) AS spent,
        min(time) AS first_viewed,
        max(time) AS last_viewed,
        count(*) AS records
    FROM additions
    GROUP BY pair, length
)
SELECT
    totals.* REPLACE (
        CASE WHEN whole IS NOT NULL THEN covered END AS covered,
        CASE WHEN whole IS NOT NULL THEN spent END AS spent
    ),
    anonymous
FROM totals
JOIN coverage.viewers ON viewer = pair % getvariable('viewers');

-- Of sessions and chunks, viewers and their time are the identified ones; anonymous ids are kept apart.
INSERT INTO coverage.chunk_sums
SELECT
    pair // getvariable('viewers') AS video,
    chunk,
    count_if(NOT anonymous) AS viewers,
    coalesce(sum(completed_days) FILTER (NOT anonymous), 0) AS completed_days,
    count_if(NOT anonymous AND is_completed(covered, length)) AS completed_viewers,
    coalesce(sum(spent) FILTER (NOT anonymous), 0) AS spent,
    coalesce(sum(spent) FILTER (anonymous), 0) AS anonymous_spent
FROM chunk_totals
JOIN coverage.viewers ON viewer = pair % getvariable('viewers')
GROUP BY ALL;

INSERT INTO coverage.session_sums
SELECT
    pair // getvariable('viewers') AS video,
    count_if(NOT anonymous) AS viewers,
    count_if(anonymous) AS anonymous_ids,
    count_if(NOT anonymous AND is_completed(covered, whole)) AS completed_viewers,
    sum(spent) FILTER (NOT anonymous) AS spent,
    sum(covered) FILTER (NOT anonymous) AS covered,
    sum(spent) FILTER (anonymous) AS anonymous_spent,
    sum(records) AS records
FROM viewer_totals
GROUP BY ALL;
