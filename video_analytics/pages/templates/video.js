// The video overview: who watched one video, when, and which parts. The choice stands in the address.

const CHUNK = 100 / data.chunks;

const video = () => data.videos.find((each) => each.id === chosen("video"));

// The parts of a video, each with its words: 5–10 %, from 2:30 to 5:00.
function parts({ duration }) {
  return Array.from({ length: data.chunks }, (_, chunk) => {
    const [start, stop] = [chunk * CHUNK, (chunk + 1) * CHUNK];
    const time = known(duration) ? `, ${clock((duration * start) / 100)} to ${clock((duration * stop) / 100)}` : "";
    return { chunk, start, stop, middle: (start + stop) / 2, part: `${start}–${percent(stop)}${time}` };
  });
}

function key(one, place) {
  const [viewers, completed, watch] = [one.viewers[place], one.completed[place], one.watch[place]];
  const enough = `${data.completed_percent}${NARROW}%`;
  const share = rate(completed, viewers);
  show("key", [
    { measure: "Unique viewers", value: number(viewers), of: "distinct people who watched any of it in these dates" },
    { measure: "Duration", value: clock(one.duration ?? NaN), of: "h:mm:ss of the whole video" },
    { measure: "Watch time", value: inHours(watch), of: "in these dates; repeats count" },
    { measure: "Time per viewer", value: clock(each(watch, viewers)), of: "h:mm:ss, watch time / viewers" },
    { measure: `Viewers of ${enough} or more`, value: number(completed), of: "of these viewers, over all dates" },
    { measure: "Completion", value: percent(share), of: `viewers of ${enough} or more / viewers` },
    {
      measure: "Rewatched", value: inHours(one.rewatch), of: "watch time beyond the first time, over all dates",
    },
  ], one.unread ? none(one, place) : viewers === 0 ? `Nobody watched ${named(one)} in these dates.` : viewers === null ?
    `How many watched ${named(one)} in these dates is withheld.` :
    `${people(viewers)} watched ${named(one)}; ` +
    (known(share) ? `${number(completed)} of them (${percent(share)}) saw ${enough} of it or more.`
      : `how many saw ${enough} of it is ${completed === null ? "withheld" : "not known"}.`), dates(place));
}

function chunks(one, place) {
  const rows = parts(one).map((row) => {
    const [any, full] = [one.any[place][row.chunk], one.full[place][row.chunk]];
    return { ...row, any, full, any_words: number(any), full_words: number(full) };
  });
  const seen = rows.filter((row) => known(row.any));
  const [most, least] = [highest(seen, "any"), highest(seen, "any", -1)];
  show("chunks", rows, !most || !most.any ? none(one, place) :
    `Most viewers, ${number(most.any)}, saw the part at ${most.part}; ` +
    `fewest, ${number(least.any)}, that at ${least.part}.`,
  dates(place), drawable(rows, "any"));
}

function average(one, place) {
  const length = known(one.duration) ? one.duration / data.chunks : null;
  const rows = parts(one).map((row) => {
    const [viewers, time] = [one.any[place][row.chunk], one.time[place][row.chunk]];
    const mean = each(time, viewers);
    return {
      ...row, viewers, time, average: mean, average_words: clock(mean), length,
      length_words: length ? `a part lasts ${clock(length)}` : "",
    };
  });
  const most = highest(rows.filter((row) => known(row.average)), "average");
  const longer = rows.filter((row) => length && row.average > length).length;
  show("average", rows, !most ? none(one, place) :
    `Longest watched is the part at ${most.part}: ${clock(most.average)} by each of its viewers` +
    (length ? `; in ${number(longer)} of ${data.chunks} parts viewers spent more time than the part lasts.` : "."),
  dates(place), drawable(rows, "average"));
}

function rewatch(one) {
  const top = highest(one.ratio.map((ratio, chunk) => ({ ratio, chunk })).filter((row) => known(row.ratio)), "ratio");
  const rows = parts(one).map((row) => {
    const ratio = one.ratio[row.chunk];
    const peak = row.chunk === top?.chunk && ratio > 1.005;
    return { ...row, ratio, ratio_words: times(ratio), top: peak ? times(ratio) : "" };
  });
  show("rewatch", rows, !top ? none(one, 0) : top.ratio <= 1.005 ? "No part was watched again." :
    `Watched again most: the part at ${rows[top.chunk].part}, ${times(top.ratio)} by those who saw it.`,
  dates(0), drawable(rows, "ratio"));
}

const times = (ratio) => (known(ratio) ? `${number(ratio, 2)}\u00a0times` : number(ratio));

function dropoff(one, place) {
  const still = one.any[place];
  const starters = still[0];
  const rows = parts(one).map((row) => {
    const kept = rate(still[row.chunk], starters);
    return { ...row, viewers: still[row.chunk], kept, kept_words: percent(kept) };
  });
  const gone = rows.find((row) => known(row.kept) && row.kept >= 0 && row.kept <= 50);
  const last = rows.at(-1).kept;
  show("dropoff", rows, !starters ? none(one, place) : starters < 0 ? "How many began is not known exactly." :
    `${people(starters)} saw the beginning. ` +
    (gone ? `Half of them or fewer are left at ${gone.part}`
      : "More than half of them are left in every part that may be shown") +
    (known(last) ? `; ${percent(last)} at the end.` : "."), dates(place), drawable(rows, "kept"));
}

function none(one, place) {
  if (one.unread) return "The records of this video were not read yet.";
  if (one.viewers[place] === 0) return "Nobody watched this video in these dates.";
  return one.duration === null ? "The length of this video is not known, and so nothing of its parts."
    : "Withheld: too few viewers.";
}

// A chart of which every value is withheld, or does not exist, is left away.
const drawable = (rows, name) => (rows.some((row) => known(row[name])) ? rows : []);

function highest(rows, name, sign = 1) {
  return rows.reduce((best, row) =>
    (best && sign * Math.abs(best[name]) >= sign * Math.abs(row[name]) ? best : row), undefined);
}

// -------------------------------------------------------------------------------- choice and address

function read() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const [id, period] = [asked.get("video"), asked.get("period")];
  if (data.videos.some((each) => each.id === id)) choose("video", id);
  if (data.periods.some((each) => each.id === period)) choose("period", period);
}

function write() {
  const hash = `#${new URLSearchParams({ video: chosen("video"), period: chosen("period") })}`;
  if (hash !== location.hash) history.replaceState(null, "", hash);
}

function step(by) {
  const select = document.getElementById("control-video");
  const next = select.selectedIndex + by;
  if (next < 0 || next >= select.length) return;
  select.selectedIndex = next;
  redraw();
  announce(choiceMade(select));
}

function button(words, by) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = words;
  made.addEventListener("click", () => step(by));
  return made;
}

const steps = [button("Previous video", -1), button("Next video", 1)];

function redraw() {
  const [one, place] = [video(), at()];
  const select = document.getElementById("control-video");
  steps[0].disabled = select.selectedIndex <= 0;
  steps[1].disabled = select.selectedIndex >= select.length - 1;
  document.title = `${unnamed(one)} · ${document.title.split(" · ").slice(-2).join(" · ")}`;
  const rows = dayRows(place, (index) => (index in one.days ? one.days[index] : 0));
  key(one, place);
  show("days", rows, dayFinding(rows), dates(place), drawnDays(rows));
  chunks(one, place);
  average(one, place);
  rewatch(one);
  dropoff(one, place);
  write();
}

if (data.videos.length) {
  const place = document.createElement("p");
  place.className = "steps";
  place.append(...steps);
  form.lastElementChild.before(place);
  read();
  addEventListener("hashchange", () => { read(); redraw(); });
  start(redraw);
}
