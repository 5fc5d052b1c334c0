// What the pages of a course share: periods, names of videos, viewers by day.

// What does not exist is no number, unlike what is withheld: of a video of unknown length there are only viewers,
// and of one whose records were not read not even these.
const absent = (value) => (Array.isArray(value) ? value.map(absent) : value || NaN);

for (const video of data.videos) {
  const missing = ["completed", "watch", "rewatch", "any", "full", "time", "ratio"];
  if (video.unread) missing.push("viewers");
  else if (video.duration !== null) continue;
  for (const name of missing) if (name in video) video[name] = absent(video[name]);
}

const at = () => data.periods.findIndex((period) => period.id === chosen("period"));

// The days a figure is of.
function dates(place) {
  const { first, last } = data.periods[place];
  if (!first) return "Dates: none yet.";
  return `Dates: ${day(first)} – ${day(last)}.`;
}

const unnamed = (video) => video.name || "video without a name";

// A name in a sentence: kept apart from the direction the sentence is written in.
const named = (video) => `“\u2068${unnamed(video)}\u2069”`;

const known = (value) => value !== null && value !== undefined && !Number.isNaN(value);

// What each of some viewers has of a total.
function each(total, viewers) {
  if (viewers === null || total === null || viewers < 0) return null;
  return viewers === 0 ? NaN : total / viewers;
}

const hours = (seconds) => (known(seconds) ? seconds / 3600 : seconds);

// A number with its words, or the sign of one that is withheld or does not exist.
const worded = (value, words) => (known(value) ? words(value) : number(value));

const inHours = (seconds) => worded(hours(seconds), (value) => `${number(value, 1)} hours`);

const people = (count) => counted(count, "viewer");

function address(video, place) {
  const hash = new URLSearchParams({ video: video.id });
  if (place) hash.set("period", data.periods[place].id);
  return `${data.video_page}#${hash}`;
}

// One row a local day of a period; `counts` gives the viewers of the day at a place in `data.days`.
function dayRows(place, counts) {
  const { first, last } = data.periods[place];
  const rows = data.days.map((iso, index) => ({ iso, index })).filter(({ iso }) => first <= iso && iso <= last);
  const newest = rows.at(-1)?.iso;
  return rows.map(({ iso, index }) => {
    const late = data.provisional.includes(iso);
    const viewers = counts(index);
    return {
      day: iso, at: Date.parse(iso), viewers, late, state: late ? "provisional" : "final", number: number(viewers),
      words: `${day(iso)}${late ? ", provisional" : ""}`, sign: late && iso === newest ? "◇ provisional" : "",
    };
  });
}

// Days are drawn once one of them has viewers.
const drawnDays = (rows) => (rows.some((row) => row.viewers > 0) ? rows : []);

function dayFinding(rows) {
  const counts = rows.map((row) => row.viewers);
  const most = Math.max(0, ...counts.filter(known));
  const withheld = counts.filter((count) => count === null).length;
  const hidden = withheld ? ` On ${counted(withheld, "day")} the number is withheld.` : "";
  if (!most && !withheld) return "Nobody watched in these dates.";
  if (!most) return `No day has a number of viewers that may be shown.${hidden}`;
  const busiest = rows.find((row) => row.viewers === most);
  const empty = counts.filter((count) => count === 0).length;
  const quiet = empty ? ` Nobody watched on ${number(empty)} of ${counted(rows.length, "day")}.` : "";
  return `Most watched on ${day(busiest.day)}: ${people(most)}.${quiet}${hidden}`;
}
