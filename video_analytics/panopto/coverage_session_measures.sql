-- One row for each session. Where the duration is not known, the measures that need it are null.
SELECT
    session_id,
    coalesce(sum(viewers), 0)::BIGINT AS unique_viewers,
    coalesce(sum(anonymous_ids), 0)::BIGINT AS anonymous_ids,
    CASE WHEN length > 0 THEN coalesce(sum(completed_viewers), 0)::BIGINT END AS completed_viewers,
    CASE WHEN length > 0 THEN coalesce(sum(spent), 0) / getvariable('ticks') END AS watch_seconds,
    CASE WHEN length > 0 THEN (coalesce(sum(spent), 0) - coalesce(sum(covered), 0)) / getvariable('ticks') END
        AS rewatch_seconds,
    CASE WHEN length > 0 THEN coalesce(sum(anonymous_spent), 0) / getvariable('ticks') END
        AS anonymous_watch_seconds,
    coalesce(sum(records), 0)::BIGINT AS records
FROM coverage.videos
LEFT JOIN coverage.session_sums USING (video)
GROUP BY session_id, length
ORDER BY session_id
