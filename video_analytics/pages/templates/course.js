// The course overview: which videos are watched, when, and how far.

const MEASURES = {
  viewers: {
    of: (video, place) => video.viewers[place], tile: number, long: people,
  },
  completion: {
    of: (video, place) => rate(video.completed[place], video.viewers[place]), tile: percent,
    long: (value) => `${percent(value)} of the viewers completed it`,
  },
  watch: {
    of: (video, place) => hours(video.watch[place]), tile: (value) => number(value, value < 10 ? 1 : 0),
    long: (value) => `${number(value, 1)} hours watched`,
  },
};

const unseen = (place) => data.videos.filter((video) => video.viewers[place] === 0).length;

// Text for a chart, and the same text as a link for the table behind it.
function linked(video, place) {
  const href = address(video, place);
  return { name: unnamed(video), video: [unnamed(video), href], folder: video.folder ?? "", href };
}

function key(place) {
  const { viewers, watch, completed, pairs } = data.totals;
  const length = data.videos.reduce((sum, video) => sum + (video.duration ?? 0), 0);
  const share = rate(completed[place], pairs[place]);
  show("key", [
    { measure: "Videos", value: number(data.videos.length), of: "present in the course" },
    { measure: "Length", value: inHours(length), of: "of all videos" },
    { measure: "Viewers", value: number(viewers[place]), of: "distinct people who watched any video" },
    { measure: "Watched", value: inHours(watch[place]), of: "repeats count" },
    {
      measure: "Completion", value: percent(share),
      of: `${number(completed[place])} of ${number(pairs[place])} pairs of a viewer and a video`,
    },
    { measure: "Not viewed", value: counted(unseen(place), "video"), of: `of ${number(data.videos.length)}` },
  ], viewers[place] === 0 ? "Nobody watched in these dates." : viewers[place] === null ?
    "How many watched in these dates is withheld." :
    `${people(viewers[place])} watched ${inHours(watch[place])}` +
    (known(share) ? `; ${percent(share)} of the videos that one of them opened were completed.` : "."), dates(place));
}

function best(videos, of) {
  return videos.map((video) => [video, of(video)])
    .filter(([, value]) => known(value) && value !== 0)
    .sort(([, a], [, b]) => Math.abs(b) - Math.abs(a))
    .slice(0, data.top);
}

function topViewers(place) {
  const rows = best(data.videos, (video) => video.viewers[place]).map(([video, viewers], rank) => ({
    ...linked(video, place), place: rank + 1, viewers, amount: Math.abs(viewers), label: people(viewers),
    words: people(viewers),
  }));
  const [first, last] = [rows[0], rows.at(-1)];
  show("top", rows, !rows.length ? nobody(place) :
    `${named(first)} has the most viewers, ${number(first.viewers)}` +
    (rows.length > 1 ? `; ${named(last)}, at place ${rows.length}, has ${number(last.viewers)}.` : "."), dates(place));
}

function topCompletion(place) {
  const many = data.videos.filter((video) => Math.abs(video.viewers[place] ?? 0) >= data.least);
  const rows = best(many, (video) => MEASURES.completion.of(video, place)).map(([video, share], rank) => {
    const [completed, viewers] = [video.completed[place], video.viewers[place]];
    const both = `${number(completed)} of ${number(viewers)}`;
    return {
      ...linked(video, place), place: rank + 1, share, completed, viewers, amount: Math.abs(share),
      label: `${percent(share)} (${both})`, words: `${both}, ${percent(share)}`,
    };
  });
  show("completion", rows, !rows.length ?
    `No video has ${data.least} viewers or more of whom the completion can be said.` :
    `${named(rows[0])} was completed by ${percent(rows[0].share)} of its viewers, the most of all ` +
    `(${counted(many.length, "video")} with ${data.least} viewers or more).`, dates(place));
}

function nobody(place) {
  return data.videos.length > unseen(place)
    ? "No video has a number of viewers that may be shown." : "Nobody watched a video in these dates.";
}

function grid(place) {
  const measure = MEASURES[chosen("measure")];
  const most = best(data.videos, (video) => measure.of(video, place));
  const highest = most.length ? Math.abs(most[0][1]) : 0;
  const rows = data.videos.map((video, tile) => {
    const value = measure.of(video, place);
    return {
      ...linked(video, place), place: tile, gone: !known(value),
      fullness: known(value) && highest ? Math.abs(value) / highest : 0,
      label: worded(value, measure.tile), value: worded(value, measure.long),
      words: video.viewers[place] === 0 ? "not viewed" : worded(value, measure.long),
    };
  });
  const first = most.length ? `Highest is ${named(most[0][0])}: ${measure.long(most[0][1])}.` : nobody(place);
  show("grid", rows, `${first} ` +
    `Not viewed: ${number(unseen(place))} of ${counted(data.videos.length, "video")}.`, dates(place));
}

function heat(place) {
  const rows = data.videos.map((video) => {
    const parts = video.any[place].map((any, chunk) => [`c${chunk + 1}`, rate(any, video.viewers[place])]);
    return { ...linked(video, place), viewers: video.viewers[place], ...Object.fromEntries(parts) };
  });
  const cells = rows.flatMap((row, line) => cellsOf(row, data.videos[line], line));
  const both = data.videos.map((video) => [video.any[place][0], video.any[place].at(-1), video.viewers[place]])
    .filter(([first, last, viewers]) => first > 0 && last >= 0 && last !== null && viewers > 0);
  const sum = (column) => both.reduce((so, row) => so + row[column], 0);
  show("heat", rows, !both.length ? nobody(place) :
    `Of the viewers of a video, ${share(sum(0), sum(2))} watched its first part ` +
    `and ${share(sum(1), sum(2))} its last ` +
    `(over ${counted(both.length, "video")} where all three are known).`, dates(place), cells);
}

// A line of the heat map: its name after a number that keeps the order.
function cellsOf(row, { duration }, line) {
  const [key, size] = [String(line).padStart(data.key, "0") + row.name, 100 / data.chunks];
  return Array.from({ length: data.chunks }, (_, chunk) => {
    const [start, share] = [chunk * size, row[`c${chunk + 1}`]];
    const from = duration ? `, from ${clock((duration * start) / 100)}` : "";
    const words = `${row.name}\n${start}–${percent(start + size)}${from}\n${percent(share)} of its viewers`;
    const shown = share === null ? null : Math.abs(share);
    return { key, start, stop: start + size, middle: start + size / 2, share: shown, words, href: row.href };
  });
}

function all(place) {
  const rows = data.videos.map((video) => {
    const [viewers, watch, completed] = [video.viewers[place], hours(video.watch[place]), video.completed[place]];
    return {
      ...linked(video, place), duration: video.duration ?? NaN, viewers, completed, share: rate(completed, viewers),
      watch, each: each(watch, viewers),
      note: video.unread ? "not read yet" : viewers === 0 ? "not viewed" : "",
    };
  });
  const length = data.videos.reduce((sum, video) => sum + (video.duration ?? 0), 0);
  show("videos", rows, `${counted(data.videos.length, "video")} of ${number(hours(length), 1)} hours; ` +
    `${number(unseen(place))} not viewed.`, dates(place));
}

// Room for the tiles before they are drawn: else what stands below them would be in sight, and drawn, too early.
function reserve() {
  const place = document.getElementById("grid-chart");
  const line = Math.max(1, Math.floor(place.clientWidth / data.tile));
  place.style.minHeight = `${Math.ceil(data.videos.length / line) * data.tile}px`;
}

addEventListener("resize", reserve);
reserve();

start(() => {
  const place = at();
  const rows = dayRows(place, (index) => data.totals.days[index]);
  key(place);
  topViewers(place);
  topCompletion(place);
  show("days", rows, dayFinding(rows), dates(place), drawnDays(rows));
  grid(place);
  heat(place);
  all(place);
});
