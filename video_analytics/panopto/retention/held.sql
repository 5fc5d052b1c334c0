-- The sessions of a report date as retention sees them, and the same summed up by all that rules can ask.
-- Given: the view `sessions` and the variables report_date, zone, academic_from, academic_to.

-- months_since(day): the least N for which the day is not before the report date less N months; of later days
-- it is 0 or less, and null of none.
CREATE OR REPLACE TEMP MACRO months_since(day) AS
    datediff('month', day, getvariable('report_date'))
    + CASE WHEN (getvariable('report_date')
                 - to_months(datediff('month', day, getvariable('report_date'))::INTEGER))::DATE <= day
           THEN 0 ELSE 1 END;

CREATE OR REPLACE TEMP TABLE held AS
WITH local AS (
    SELECT *,
           timezone(getvariable('zone'), start_time)::DATE AS started,
           timezone(getvariable('zone'), last_view)::DATE AS viewed,
           views >= 1 AS watched
    FROM sessions
)
SELECT session_id, name, hours_us, views, watched, started, viewed,
       coalesce(root_folder, '(none)') AS root_folder,
       coalesce(stream_source, '(none)') AS stream_source,
       coalesce(folder_path, '(none)') AS folder_path,
       list_concat([coalesce(root_folder, '(none)')],
                   list_filter([subfolder_1, subfolder_2, subfolder_3, subfolder_4], lambda x: x IS NOT NULL),
                   CASE WHEN folder_name IS DISTINCT FROM coalesce(subfolder_4, subfolder_3, subfolder_2,
                                                                  subfolder_1, root_folder)
                             AND folder_name IS NOT NULL THEN [folder_name] ELSE [] END) AS places,
       coalesce(creator_id, creator) AS creator_key,
       coalesce(creator, creator_id) AS creator,
       CASE WHEN watched THEN months_since(viewed) END AS view_months,
       months_since(started) AS start_months,
       coalesce(started >= getvariable('academic_from') AND started < getvariable('academic_to'), false)
           AS in_academic_year,
       coalesce(archived = 1, false) AS archived_now
FROM local;

CREATE OR REPLACE TEMP TABLE cube AS
SELECT watched, view_months, start_months, root_folder, stream_source, in_academic_year, archived_now,
       sum(hours_us)::BIGINT AS hours_us, count(*) AS sessions, sum(views)::BIGINT AS views
FROM held
GROUP BY ALL;
