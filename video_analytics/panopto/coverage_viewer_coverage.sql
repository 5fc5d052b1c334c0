-- What each viewer saw of each video over all days, for one part.
SELECT
    (pair // getvariable('viewers'))::INTEGER AS session_id,
    (pair % getvariable('viewers'))::INTEGER AS user_id,
    days,
    covered / getvariable('ticks') AS covered_seconds,
    percent(covered, whole) AS percent_covered,
    spent / getvariable('ticks') AS watch_seconds,
    (spent - covered) / getvariable('ticks') AS rewatch_seconds,
    is_completed(covered, whole)::BIGINT AS completed,
    anonymous::BIGINT AS anonymous,
    first_viewed,
    last_viewed,
    records
FROM viewer_totals
ORDER BY pair
