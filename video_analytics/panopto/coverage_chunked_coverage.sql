-- What each viewer saw of each chunk on each day, for one part. Ids are numbers until the file is written.
SELECT
    (pair // getvariable('viewers'))::INTEGER AS session_id,
    (pair % getvariable('viewers'))::INTEGER AS user_id,
    day AS date,
    chunk AS chunk_index,
    chunk * length / getvariable('ticks') AS chunk_start,
    (chunk + 1) * length / getvariable('ticks') AS chunk_end,
    percent(covered, length) AS chunk_percent_covered,
    spent / getvariable('ticks') AS total_time_spent,
    is_completed(covered, length)::BIGINT AS completed
FROM chunk_days
ORDER BY pair, day, chunk
