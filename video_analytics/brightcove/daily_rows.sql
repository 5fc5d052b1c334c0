-- The 34 columns of the daily report for the days in `daily_analytics`.
-- Ratios come from sums; a video that left the catalogue keeps the name it was watched under.
SELECT
    channels.channel,
    account_id,
    video_id,
    coalesce(videos.name, day.video_name) AS name,
    day.date,
    day.video_view,
    day.views_desktop,
    day.views_mobile,
    day.views_tablet,
    coalesce(day.views_tv, 0) + day.views_other AS views_other, -- imported days have tv among the others
    day.video_impression,
    day.video_view / nullif(day.video_impression, 0) AS play_rate,
    day.video_percent_viewed / nullif(day.video_view, 0) AS engagement_score,
    day.video_engagement_1,
    day.video_engagement_25,
    day.video_engagement_50,
    day.video_engagement_75,
    day.video_engagement_100,
    day.video_percent_viewed,
    day.video_seconds_viewed,
    videos.created_at,
    videos.published_at,
    videos.original_filename,
    videos.created_by,
    videos.video_content_type,
    videos.video_length,
    videos.video_duration,
    videos.video_category,
    videos.country,
    videos."language",
    videos.business_unit,
    videos.tags,
    videos.reference_id,
    day.read_on AS report_generated_on
FROM daily_analytics AS day
JOIN channels USING (account_id)
LEFT JOIN videos USING (account_id, video_id)
WHERE NOT channels.only_cached OR EXISTS (
    FROM video_cache AS cache
    WHERE cache.account_id = day.account_id AND cache.video_id = day.video_id
)
ORDER BY day.date, account_id, video_id;
