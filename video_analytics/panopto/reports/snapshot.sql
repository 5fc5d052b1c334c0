-- What the reports of a date say together of each session. Given: the view `every_row` (kind, rank, the columns
-- of a report's rows; the newest report has the lowest rank), the view `findings`, the variable `viewed_in`, which
-- names the report whose views count, and `listing`, which names the one that lists what there is: `listings` has
-- the rank of each such report and the instants since and until when it lists (since null: since ever).

-- The newest report that tells a thing is believed; a place and a creator are believed as a whole.
CREATE OR REPLACE TEMP TABLE merged AS
SELECT session_id,
       arg_min(name, rank) AS name,
       arg_min({'creator': creator, 'creator_id': creator_id}, rank)
           FILTER (creator IS NOT NULL OR creator_id IS NOT NULL) AS maker,
       arg_min({'folder_id': folder_id, 'folder_name': folder_name, 'root_folder': root_folder,
                'subfolder_1': subfolder_1, 'subfolder_2': subfolder_2, 'subfolder_3': subfolder_3,
                'subfolder_4': subfolder_4}, rank)
           FILTER (folder_id IS NOT NULL OR folder_name IS NOT NULL OR root_folder IS NOT NULL) AS place,
       arg_min(start_time, rank) AS start_time,
       arg_min(length_us, rank) AS length_us,
       arg_min(stream_source, rank) AS stream_source,
       coalesce(sum(views) FILTER (counts), 0)::BIGINT AS views,
       coalesce(max(unique_viewers) FILTER (counts), 0) AS unique_viewers,
       coalesce(sum(minutes_us) FILTER (counts), 0)::BIGINT AS minutes_us,
       coalesce(max(last_view) FILTER (counts), max(last_view)) AS last_view,
       max(archived) AS archived,
       max(on_demand_us) AS on_demand_us,
       max(archived_us) AS archived_us,
       coalesce(coalesce(max(on_demand_us), 0) + max(archived_us), max(on_demand_us), arg_min(length_us, rank))
           AS hours_us,
       min(rank) FILTER (kind = getvariable('listing')) AS listed_at,
       bool_or(kind = 'system_session_storage') AS in_storage,
       bool_or(kind = 'sessions_created_or_edited') AS in_created,
       bool_or(kind = 'session_usage') AS in_usage
FROM (
    SELECT *, kind = getvariable('viewed_in')  -- a session that began after the storage report is in usage alone
              OR (getvariable('viewed_in') = 'system_session_storage' AND session_id NOT IN (
                      SELECT session_id FROM every_row WHERE kind = 'system_session_storage')) AS counts
    FROM every_row
)
GROUP BY session_id;

-- A session that cannot be believed in one report does not count at all: without that row, what was watched
-- would pass for unwatched, or long for short. One that the newest report which should list it leaves out is
-- gone; of a session without a start only its absence from all reports that list tells that.
CREATE OR REPLACE TEMP TABLE quarantined AS
WITH doubted AS (
    SELECT DISTINCT session_id FROM findings WHERE session_id IS NOT NULL AND reason <> 'duplicate'
), apart AS (
    SELECT *, CASE
        WHEN hours_us IS NULL THEN 'no_length'
        WHEN start_time IS NULL AND NOT in_storage AND NOT in_created THEN 'unlisted'
        WHEN listed_at > should_be_at OR (listed_at IS NULL AND should_be_at IS NOT NULL) THEN 'unlisted'
        END AS reason
    FROM merged
    LEFT JOIN (SELECT session_id, min(listings.rank) AS should_be_at
               FROM merged JOIN listings ON start_time < until AND start_time >= coalesce(since, start_time)
               GROUP BY session_id) AS expected USING (session_id)
    ANTI JOIN doubted USING (session_id)
)
SELECT session_id, name, kind AS report, line, reason, field, hours_us
FROM findings
UNION ALL BY NAME
SELECT session_id, name,
       CASE WHEN in_storage THEN 'system_session_storage'
            WHEN in_created THEN 'sessions_created_or_edited' ELSE 'session_usage' END AS report,
       reason, hours_us
FROM apart WHERE reason IS NOT NULL
UNION ALL BY NAME  -- the rows in other reports of a session that does not count
SELECT session_id, every_row.name, kind AS report, 'doubted' AS reason,
       coalesce(coalesce(on_demand_us, 0) + archived_us, on_demand_us, length_us) AS hours_us
FROM every_row SEMI JOIN doubted USING (session_id);
