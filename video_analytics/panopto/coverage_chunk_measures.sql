-- One row for each session and chunk that somebody covered. Viewers and their time are the identified ones.
SELECT
    session_id,
    chunk AS chunk_index,
    sum(viewers)::BIGINT AS viewers,
    sum(completed_days)::BIGINT AS completed_days,
    sum(completed_viewers)::BIGINT AS completed_viewers,
    sum(spent) / getvariable('ticks') AS total_time_spent,
    sum(anonymous_spent) / getvariable('ticks') AS anonymous_time_spent
FROM coverage.chunk_sums
JOIN coverage.videos USING (video)
GROUP BY session_id, chunk
ORDER BY session_id, chunk
