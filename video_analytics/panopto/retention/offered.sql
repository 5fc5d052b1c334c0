-- What the files say beyond the tables of the lake. Given: measured, outcomes, plans, held.

-- The scenarios with both figures of each bucket, what is not imported, and what they add up to.
CREATE OR REPLACE TEMP VIEW detail AS
WITH known AS (
    SELECT *, published_hours - conserved_hours AS apart,
           first_value(nth) OVER (PARTITION BY scenario ORDER BY nth) AS first_nth,
           coalesce(nullif(why, ''), 'The scenario defines a published figure of its own.') AS own
    FROM outcomes LEFT JOIN plans USING (scenario)
), explained AS (
    SELECT *, list_filter(CASE bucket
        WHEN 'stored' THEN ['The published figure includes the hours that the coming year creates.']
        WHEN 'archived' THEN [CASE WHEN archived_otherwise THEN own END,
                              CASE WHEN stays_archived > 0 THEN 'What is archived now stays archived, also '
                                                                'where the rules would store it.' END]
        ELSE [own] END, lambda reason: reason IS NOT NULL) AS reasons
    FROM known
), bucket_rows AS (
    SELECT first_nth AS place, nth AS sort, scenario, title, bucket,
           published_hours, conserved_hours, apart AS difference, limit_hours, headroom_hours,
           headroom_hours >= 0 AS fits, sessions,
           CASE WHEN abs(apart) >= 1e-6 THEN array_to_string(reasons, ' ') END AS why
    FROM explained
)
FROM bucket_rows
UNION ALL BY NAME
SELECT min(nth) AS place, 9000 AS sort, scenario, min(title) AS title, 'not_imported' AS bucket,
       min(not_imported_hours) AS published_hours, min(not_imported_hours) AS conserved_hours, 0.0 AS difference,
       'Hours of the last academic year that the scenario would not have taken in.' AS why
FROM outcomes GROUP BY scenario
UNION ALL BY NAME
SELECT min(nth) AS place, 9001 AS sort, scenario, min(title) AS title, 'total' AS bucket,
       sum(published_hours) FILTER (bucket <> 'created') AS published_hours, min(total_hours) AS conserved_hours,
       sum(published_hours) FILTER (bucket <> 'created') - min(total_hours) AS difference,
       bool_and(coalesce(headroom_hours, 0) >= 0) AS fits,
       sum(sessions) FILTER (bucket <> 'created')::BIGINT AS sessions,
       'Stored, archived and deleted; the conserved figures are all hours that exist.' AS why
FROM outcomes GROUP BY scenario;

-- What the rows of each table add up to, beside the snapshot; what lies outside of a window; what is apart.
CREATE OR REPLACE TEMP VIEW totals AS
WITH disjoint AS (
    SELECT *, CASE WHEN measure = 'hours_by_folder' THEN own_us ELSE all_us END AS us
    FROM measured
    WHERE line = 'row' AND (since IS NULL OR since = (SELECT min(since) FROM measured))
), added AS (
    SELECT measure, sum(us)::BIGINT AS us FROM disjoint GROUP BY measure
), said AS (
    SELECT nth AS place, true AS whole, measure AS "table", coalesce(us, 0) / 3.6e9 AS total_hours,
           CASE measure
               WHEN 'hours_by_folder' THEN 'Every folder without those below it.'
               WHEN 'hours_by_recency' THEN 'The longest window, what was last viewed before it, and what never was.'
               WHEN 'hours_by_academic_year' THEN 'The sources of the academic year, and all other hours.'
               ELSE 'All rows.' END AS what
    FROM measured LEFT JOIN added USING (measure) WHERE line = 'total'
    UNION ALL
    SELECT nth, false, measure || ': ' || label, all_us / 3.6e9,
           'Outside is what was last viewed before ' || since || ', or never.'
    FROM measured WHERE since IS NOT NULL
    UNION ALL
    SELECT nth, false, measure || ': ' || label, all_us / 3.6e9,
           'Outside is what was created in other years, or at a time that is not told.'
    FROM measured WHERE line = 'subtotal'
    UNION ALL
    SELECT 1000000000 + min(nth), true, 'scenario ' || scenario,
           sum(conserved_hours) FILTER (bucket <> 'created'), 'Stored, archived and deleted of what exists.'
    FROM outcomes GROUP BY scenario
)
SELECT place, whole, "table", total_hours, snapshot_hours, round(total_hours - snapshot_hours, 6) AS difference, what
FROM said, (SELECT coalesce(sum(hours_us), 0)::BIGINT / 3.6e9 AS snapshot_hours FROM held)
UNION ALL BY NAME
SELECT 2000000000 AS place, false AS whole, '(quarantined)' AS "table", getvariable('quarantined_hours') AS total_hours,
       'In no table: sessions and rows of the reports that do not count.' AS what;
