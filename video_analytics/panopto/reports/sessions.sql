-- One row for each session that counts, by id.
WITH placed AS (
    SELECT *, unnest(maker), unnest(place),
           [place.root_folder, place.subfolder_1, place.subfolder_2, place.subfolder_3, place.subfolder_4]
               AS levels
    FROM merged
    ANTI JOIN (FROM quarantined WHERE reason <> 'duplicate') AS apart USING (session_id)
), named AS (
    SELECT *, list_filter(levels, lambda name: name IS NOT NULL) AS above FROM placed
)
SELECT session_id, name, creator, creator_id, folder_id, folder_name,
       root_folder, subfolder_1, subfolder_2, subfolder_3, subfolder_4,
       nullif(array_to_string(
           CASE WHEN folder_name IS NOT NULL AND above[-1] IS DISTINCT FROM folder_name
                THEN list_append(above, folder_name) ELSE above END, ' / '), '') AS folder_path,
       start_time, length_us, length_us / 3.6e9 AS length_hours, stream_source,
       views, unique_viewers, minutes_us / 6e7 AS minutes_delivered, last_view,
       archived, on_demand_us / 3.6e9 AS on_demand_hours, archived_us / 3.6e9 AS archived_hours,
       hours_us, hours_us / 3.6e9 AS hours,
       array_to_string(list_filter(
           [CASE WHEN in_storage THEN 'system_session_storage' END,
            CASE WHEN in_created THEN 'sessions_created_or_edited' END,
            CASE WHEN in_usage THEN 'session_usage' END], lambda kind: kind IS NOT NULL), ',') AS reports
FROM named
ORDER BY session_id
