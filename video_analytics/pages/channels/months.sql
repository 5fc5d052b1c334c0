-- Adds a channel's sums by video and month to `monthly`; `days` holds the days of its complete months.
INSERT INTO monthly
SELECT
    $channel,
    video_id,
    (12 * year(date) + month(date) - 1)::INTEGER AS month, -- counted from the year 0
    sum(video_view) AS views,
    sum(video_seconds_viewed) AS seconds,
    sum(video_impression) AS impressions,
    sum(video_engagement_25) AS p25,
    sum(video_engagement_50) AS p50,
    sum(video_engagement_75) AS p75,
    sum(video_engagement_100) AS p100,
    sum(views_desktop) AS desktop,
    sum(views_mobile) AS mobile,
    sum(views_tablet) AS tablet,
    sum(views_tv) AS tv,
    sum(views_other) AS other,
    count(*) FILTER (views_tv IS NULL AND views_other IS NOT NULL) AS without_tv
FROM days
GROUP BY ALL;
