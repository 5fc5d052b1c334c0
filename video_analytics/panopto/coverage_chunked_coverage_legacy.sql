-- The chunk rows of the scripts this replaces, for one part, for workbooks that must not move. They differ
-- from the exact rows twice. A chunk that was merely touched, or in which play began and ended at once, has
-- a row with 0 %. And where the first of the merged ranges that meet a chunk is enough to complete it, the
-- percent is of that range alone.
WITH starting AS (  -- a touch is a meeting here, so stretches without length or just beside the video count
    SELECT
        pair,
        day,
        length,
        starts,
        ends,
        starts > max(ends) OVER (
            PARTITION BY pair, day ORDER BY starts ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS after_gap
    FROM coverage.stretches
    JOIN coverage.videos ON video = pair // getvariable('viewers')
    WHERE starts IS NOT NULL
        AND pair BETWEEN getvariable('first_pair') AND getvariable('last_pair')
),
numbered AS (
    SELECT
        * EXCLUDE (after_gap),
        count(*) FILTER (after_gap) OVER (PARTITION BY pair, day ORDER BY starts) AS number
    FROM starting
),
ranges AS (
    SELECT pair, day, length, min(starts) AS starts, max(ends) AS ends
    FROM numbered
    GROUP BY pair, day, length, number
),
meetings AS (
    SELECT
        *,
        unnest(range(
            greatest(starts - 1, 0) // length,
            least(ends // length + 1, getvariable('chunks'))
        )) AS chunk
    FROM ranges
),
measured AS (
    SELECT *, least(ends, (chunk + 1) * length) - greatest(starts, chunk * length) AS overlap FROM meetings
),
met AS (
    SELECT
        pair,
        day,
        length,
        chunk,
        arg_min(overlap, starts) AS first_overlap,
        sum(overlap)::BIGINT AS covered
    FROM measured
    GROUP BY pair, day, length, chunk
)
SELECT
    (pair // getvariable('viewers'))::INTEGER AS session_id,
    (pair % getvariable('viewers'))::INTEGER AS user_id,
    day AS date,
    chunk AS chunk_index,
    chunk * length / getvariable('ticks') AS chunk_start,
    (chunk + 1) * length / getvariable('ticks') AS chunk_end,
    percent(CASE WHEN is_completed(first_overlap, length) THEN first_overlap ELSE met.covered END, length)
        AS chunk_percent_covered,
    coalesce(spent, 0) / getvariable('ticks') AS total_time_spent,
    is_completed(met.covered, length)::BIGINT AS completed
FROM met
LEFT JOIN chunk_days USING (pair, day, length, chunk)
ORDER BY pair, day, chunk
