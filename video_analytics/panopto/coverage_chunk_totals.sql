-- What each viewer saw of each chunk over all days, for one part.
SELECT
    (pair // getvariable('viewers'))::INTEGER AS session_id,
    (pair % getvariable('viewers'))::INTEGER AS user_id,
    chunk AS chunk_index,
    covered / getvariable('ticks') AS covered_seconds,
    percent(covered, length) AS chunk_percent_covered,
    spent / getvariable('ticks') AS total_time_spent,
    is_completed(covered, length)::BIGINT AS completed
FROM chunk_totals
ORDER BY pair, chunk
