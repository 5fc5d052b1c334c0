// The page "Channels": every number is added up here, from the sums of the data, for the channels and years chosen.

const FIRST = ["channel", "month", "state", "merged"]; // of a row of `monthly`; after them its sums
const SUMS = ["views", "seconds", "impressions", "p25", "p50", "p75", "p100", "desktop", "mobile", "tablet", "tv", "other"];
const DEVICES = { desktop: "desktop", mobile: "mobile", tablet: "tablet", tv: "TV", other: "other" };
const STEPS = {
  impressions: "Impressions", views: "Views", p25: "25 % reached", p50: "50 % reached", p75: "75 % reached",
  p100: "The end reached",
};
const STALE = [
  "less than 1 month ago", "1 or 2 months ago", "3 to 5 months ago", "6 to 11 months ago", "12 to 23 months ago",
  "24 months ago or more", "never viewed",
];
const SHOWN_VALUES = 12; // of a custom field, in the chart and in its table; then the others together
const HIGHEST = 0.62; // of its line that a bar may take: above it stand the words
const OTHERS = -1; // the place of values that are not told apart

const named = (place) => data.channels[place].name;
const monthly = data.monthly.map((row) => Object.fromEntries([...FIRST, ...SUMS].map((name, at) => [name, row[at]])));

// ------------------------------------------------------------------------------------------ numbers

// A value that is missing adds nothing; only missing ones add up to a missing one; none at all, to 0.
const plus = (one, other) => (one === null ? other : other === null ? one : one + other);
const sum = (values) => (values.length ? values.reduce(plus) : 0);
const total = (rows, name) => rounded(sum(rows.map((row) => row[name])));
const rounded = (value) => (value === null ? NaN : Math.round(value * 1e6) / 1e6);
const hours = (seconds) => seconds / 3600;
const part = (some, all) => (all ? (100 * some) / all : NaN);

const grouped = (rows, by) => {
  const groups = new Map();
  for (const row of rows) {
    if (!groups.has(by(row))) groups.set(by(row), []);
    groups.get(by(row)).push(row);
  }
  return groups;
};

const descending = (name) => (one, other) => (Number.isNaN(one[name]) - Number.isNaN(other[name])) || other[name] - one[name];

// ---------------------------------------------------------------------------------------- selection

function selection() {
  const boxes = new Set(chosen("channels").map(Number));
  const category = chosen("category");
  const places = data.channels.map((_, place) => place)
    .filter((place) => boxes.has(place) && ["", data.channels[place].category].includes(category));
  const ends = data.years.length ? [Number(chosen("since")), Number(chosen("until"))] : [0, -1];
  const [since, until] = [Math.min(...ends), Math.max(...ends)];
  const inside = (year) => since <= year && year <= until && data.years.length > 0;
  const here = (place) => places.includes(place);
  return {
    places, here, inside, measure: chosen("measure"),
    rows: monthly.filter((row) => here(row.channel) && inside(Math.floor(row.month / 12))),
  };
}

const isoMonth = (month) => data.months[month - data.first];

// From which month to which, which of them are not to be taken as they stand, how many are left out.
function period_of(rows, choice) {
  if (!rows.length) return "No complete month is chosen.";
  const months = rows.map((row) => row.month);
  const out = left_out(choice).length;
  return [
    `${day(isoMonth(Math.min(...months)))} to ${day(isoMonth(Math.max(...months)))}, complete months only.`,
    ...["provisional", "imported"].map((state) => listed(rows.filter((row) => row.state === state), state)),
    out ? `${counted(out, "month of a channel", "months of channels")} left out.` : "",
  ].filter(Boolean).join(" ");
}

function listed(rows, state) {
  if (!rows.length) return "";
  const word = state === "provisional" ? "Provisional" : "With imported days";
  if (rows.length > 3) return `${word}: ${counted(rows.length, "month of a channel", "months of channels")}.`;
  return `${word}: ${rows.map((row) => `${day(isoMonth(row.month))} (${named(row.channel)})`).join(", ")}.`;
}

const left_out = (choice) => data.left_out
  .filter(([channel, month]) => choice.here(channel) && (choice.inside(Number(month.slice(0, 4))) || !data.years.length));

const EMPTY = "There is nothing to show for this choice: no complete month of a chosen channel.";

// Adds what the chart of bars draws: places, amounts, words.
const bars = (rows, amount, label) => rows.map((row, place) => ({ hollow: false, ...row, place, amount: amount(row), label: label(row) }));

const measured = (choice) => (choice.measure === "views"
  ? { of: (row) => row.views, said: (row) => number(row.views), unit: "views" }
  : { of: (row) => row.hours, said: (row) => `${number(row.hours, 1)} h`, unit: "watch hours" });

// ----------------------------------------------------------------------------------------- channels

function sums_of(rows) {
  const [views, seconds, impressions] = ["views", "seconds", "impressions"].map((name) => total(rows, name));
  return { views, hours: hours(seconds), impressions, rate: part(views, impressions) };
}

function show_channels(choice, period) {
  const { of, said, unit } = measured(choice);
  const found = choice.places.map((place) => {
    const rows = choice.rows.filter((row) => row.channel === place);
    const { name, category, unit: business } = data.channels[place];
    return { name, category, unit: business, months: rows.length, ...sums_of(rows) };
  }).filter((row) => row.months);
  const views = sum(found.map((row) => row.views));
  const rows = found.map((row) => ({ ...row, share: part(row.views, views) }))
    .sort((one, other) => of(other) - of(one) || one.name.localeCompare(other.name, "en"));
  const whole = sum(rows.map(of));
  const best = rows[0];
  const finding = !best || !whole ? EMPTY
    : `${best.name} has the most ${unit}, ${said(best)}: ${share(of(best), whole)} of the ${number(whole, choice.measure === "views" ? 0 : 1)} of ${counted(rows.length, "channel")}.`;
  show("channels", bars(rows, of, (row) => `${said(row)} (${share(of(row), whole, 1)})`), finding, period);
}

function show_funnel(choice, period) {
  const amounts = Object.fromEntries(Object.keys(STEPS).map((name) => [name, total(choice.rows, name)]));
  const rows = Object.entries(STEPS).map(([name, words]) => ({
    name: words, amount: amounts[name],
    of_impressions: part(amounts[name], amounts.impressions), of_views: part(amounts[name], amounts.views),
  }));
  const said = (row, place) => (place === 0 ? number(row.amount)
    : `${number(row.amount)} (${percent(place === 1 ? row.of_impressions : row.of_views, 1)})`);
  const finding = !choice.rows.length || !amounts.views ? EMPTY
    : `${percent(rows[1].of_impressions, 1)} of the impressions become views; half of the video is reached ${number(rows[3].amount)} times, ${percent(rows[3].of_views)} of the views, its end ${percent(rows[5].of_views)}.`;
  show("funnel", rows, finding, period, rows.map((row, place) => ({ ...row, place, label: said(row, place), hollow: false })));
}

// ------------------------------------------------------------------------------------------- months

// A mark for a month: where it stands in time, and in its line.
function mark(month, lane, height, rest) {
  const begin = Date.UTC(Math.floor(month / 12), month % 12, 1);
  const end = begin + 27 * 86400000;
  return { at: begin, end, middle: (begin + end) / 2, bottom: lane, top: lane + HIGHEST * height, sign: "", hollow: false, ...rest };
}

const words_of = (lane, label) => ({ label, head: lane + 0.97 });
const sign_of = (state) => (state === "provisional" ? "p" : "");

function show_months(choice, period) {
  const { of, said, unit } = measured(choice);
  const lines = choice.places.map((place) => [place, choice.rows.filter((row) => row.channel === place)]);
  const out = left_out(choice);
  const rows = [];
  const drawn = [];
  let best = null;
  lines.forEach(([place, own], at) => {
    const lane = lines.length - 1 - at;
    const held = own.map((row) => ({ ...row, ...sums_of([row]), channel: named(place), at: row.month, month: isoMonth(row.month) }));
    const missing = out.filter(([channel]) => channel === place).map(([, month, why]) => ({
      channel: named(place), month, state: `left out: ${why}`, views: NaN, hours: NaN, impressions: NaN, rate: NaN,
    }));
    rows.push(...[...held, ...missing].sort((one, other) => one.month.localeCompare(other.month)));
    const peak = held.reduce((most, row) => (most === null || of(row) > of(most) ? row : most), null);
    if (peak && (best === null || of(peak) > of(best))) best = peak;
    drawn.push(...held.map((row) => mark(row.at, lane, of(peak) ? (of(row) || 0) / of(peak) : 0, {
      words: `${day(row.month)}, ${row.channel}${row.state === "complete" ? "" : `, ${row.state}`}`, number: said(row),
      hollow: row.state !== "complete", sign: sign_of(row.state),
    })));
    drawn.push(...missing.map((row) => mark(data.first + data.months.indexOf(row.month), lane, 0, {
      words: `${day(row.month)}, ${row.channel}`, number: row.state, sign: "×",
    })));
    drawn.push(words_of(lane, peak ? `${named(place)}: at most ${said(peak)} in ${day(peak.month)}` : `${named(place)}: no complete month`));
  });
  const finding = best ? `The most ${unit} of a channel in a month: ${said(best)}, ${best.channel} in ${day(best.month)}.` : EMPTY;
  show("months", rows, finding, period, rows.length ? drawn : []);
}

function show_devices(choice, period) {
  const names = Object.keys(DEVICES);
  const months = [...grouped(choice.rows, (row) => row.month)].sort(([one], [other]) => one - other);
  const all = Object.fromEntries(names.map((name) => [name, total(choice.rows, name) || 0]));
  const whole = sum(Object.values(all));
  const rows = [];
  const drawn = [];
  for (const [month, found] of months) {
    const state = ["provisional", "imported"].find((worth) => found.some((row) => row.state === worth)) ?? "complete";
    const merged = found.some((row) => row.merged) ? "among other, on imported days" : "of its own";
    const views = names.map((name) => total(found, name));
    const together = sum(views.map((value) => value || 0));
    names.forEach((name, at) => {
      const row = { month: isoMonth(month), device: DEVICES[name], views: views[at], share: part(views[at], together), state, merged };
      rows.push(row);
      drawn.push(mark(month, names.length - 1 - at, (row.share || 0) / 100, {
        words: `${day(row.month)}, ${row.device}${state === "complete" ? "" : `, ${state}`}`, number: `${percent(row.share, 1)}, ${number(row.views)} views`,
        hollow: state !== "complete", sign: at ? "" : sign_of(state),
      }));
    });
  }
  names.forEach((name, at) => drawn.push(words_of(names.length - 1 - at, `${DEVICES[name]}: ${share(all[name], whole, 1)} of the views in all`)));
  const first = names.reduce((one, other) => (all[other] > all[one] ? other : one));
  const merged = months.filter(([, found]) => found.some((row) => row.merged)).length;
  const tv = merged ? ` In ${counted(merged, "month")} TV is among other.` : "";
  const finding = whole ? `Most views are on ${DEVICES[first]}: ${share(all[first], whole)} of ${number(whole)}.${tv}` : EMPTY;
  show("devices", rows, finding, period, whole ? drawn : []);
}

// -------------------------------------------------------------------------------------- custom fields

function show_dimension(id, choice, period) {
  const { values, others, rows: cube } = data.dimensions[id];
  const { of, said, unit } = measured(choice);
  const cells = cube.filter(([channel, year]) => choice.here(channel) && choice.inside(year));
  const found = [...grouped(cells, (cell) => cell[2])].map(([value, own]) => ({
    value, views: rounded(sum(own.map((cell) => cell[3]))), hours: hours(rounded(sum(own.map((cell) => cell[4])))),
  }));
  const [views, whole] = [sum(found.map((row) => row.views || 0)), sum(found.map((row) => of(row) || 0))];
  const known = found.filter(({ value }) => value > 0).sort((one, other) => descending("key")({ key: of(one) }, { key: of(other) }) || one.value - other.value);
  const rest = [...known.slice(SHOWN_VALUES), ...found.filter(({ value }) => value === OTHERS)];
  const missing = found.filter(({ value }) => value === 0);
  const told = (value) => (["missing", "other values"].includes(values[value]) ? `“${values[value]}”` : values[value]);
  const rows = [
    ...known.slice(0, SHOWN_VALUES).map((row) => ({ ...row, name: told(row.value) })),
    ...(rest.length ? [{ name: "other values", views: sum(rest.map((row) => row.views || 0)), hours: sum(rest.map((row) => row.hours || 0)), hollow: true }] : []),
    ...missing.map((row) => ({ ...row, name: "missing", hollow: true })),
  ].map((row) => ({ ...row, share: part(row.views, views) }));
  const gap = missing.length ? sum(missing.map(of)) : 0;
  const finding = !whole ? EMPTY
    : `${known.length ? `${told(known[0].value)} has the most ${unit}, ${share(of(known[0]), whole)}; ` : ""}${gap ? `${share(gap, whole)} have no value` : "all have a value"}.`;
  show(id, bars(rows, of, (row) => `${said(row)} (${share(of(row), whole, 1)})`), finding, others ? `${period} The ${number(others)} values viewed least over all years are always among the others.` : period);
}

// ------------------------------------------------------------------------------------------- content

function videos_of(choice) {
  return data.videos.filter(([channel]) => choice.here(channel)).map(([channel, name, published, years]) => {
    const own = years.filter(([year]) => choice.inside(year));
    const [views, seconds, impressions] = [1, 2, 3].map((at) => rounded(sum(own.map((year) => year[at]))) || 0);
    return { name, channel: named(channel), published, views, hours: hours(seconds), impressions, rate: part(views, impressions) };
  });
}

function show_top(choice, period) {
  const rows = videos_of(choice).filter((row) => row.views).sort(descending("views")).slice(0, data.top);
  const whole = total(choice.rows, "views");
  const finding = rows.length ? `“${rows[0].name}” (${rows[0].channel}) has the most views, ${number(rows[0].views)}; these ${counted(rows.length, "video")} have ${share(sum(rows.map((row) => row.views)), whole)} of all ${number(whole)} views.` : EMPTY;
  const drawn = bars(rows, (row) => row.views, (row) => number(row.views)).map((row, place) => ({ ...row, name: `${place + 1}. ${row.name}` }));
  show("top", rows, finding, period, drawn);
}

function show_rates(choice, period) {
  const overall = part(total(choice.rows, "views"), total(choice.rows, "impressions"));
  const rows = videos_of(choice).filter((row) => row.impressions).sort(descending("impressions")).slice(0, data.loaded);
  const above = rows.filter((row) => row.rate > overall).length;
  const finding = rows.length ? `Of the ${counted(rows.length, "video")} with the most impressions, ${number(above)} ${above === 1 ? "is" : "are"} above the play rate of all videos together, ${percent(overall, 1)}.` : EMPTY;
  show("rates", rows, finding, period, rows.map((row) => ({ ...row, overall, words: `${percent(row.rate, 1)} of ${number(row.impressions)}` })));
}

function show_life(choice, period) {
  const cells = data.life.filter(([channel, year]) => choice.here(channel) && choice.inside(year));
  const rows = [...grouped(cells, (cell) => cell[2])].sort(([one], [other]) => one - other).map(([age, own]) => {
    const [videos, views] = [3, 4].map((at) => sum(own.map((cell) => cell[at])));
    return { age, videos, views, mean: views / videos };
  });
  const [now, next] = rows;
  const finding = now?.age === 0 && next?.age === 1
    ? `A video has ${number(now.mean, 2)} views in the month of its publication (mean of ${counted(now.videos, "video")}) and ${number(next.mean, 2)} in the month after.`
    : "No video was published in the chosen years whose first two months are complete.";
  show("life", rows, finding, period, rows.map((row) => ({ ...row, words: `${number(row.mean, 2)} per video, of ${counted(row.videos, "video")}` })));
}

// ----------------------------------------------------------------------------------------- catalogue

function up_to(choice) {
  const days = choice.places.map((place) => data.channels[place].as_of).filter(Boolean).sort();
  return days.length ? `Up to ${day(days.at(-1))}, whatever the years chosen.` : "";
}

function show_stale(choice) {
  const cells = data.stale.filter(([channel]) => choice.here(channel));
  const whole = sum(cells.map((cell) => cell[2]));
  const rows = STALE.map((name, at) => {
    const own = cells.filter((cell) => cell[1] === at);
    const videos = sum(own.map((cell) => cell[2]));
    return { name, videos, share: part(videos, whole), hours: sum(own.map((cell) => cell[3])) / 3600000 };
  });
  const old = sum(rows.slice(4, 6).map((row) => row.videos));
  const unknown = choice.places.filter((place) => !data.channels[place].as_of).map(named);
  const finding = (whole ? `${number(rows[6].videos)} of ${counted(whole, "video")} (${share(rows[6].videos, whole)}) were never viewed, ${number(old)} more not for a year or longer.` : "No catalogue with last views is there for this choice.")
    + (unknown.length && whole ? ` Last views are not known for ${unknown.join(", ")}.` : "");
  show("stale", whole ? bars(rows, (row) => row.videos, (row) => `${number(row.videos)} (${percent(row.share, 1)})`) : [], finding, up_to(choice));
}

function show_stalest(choice) {
  const rows = data.stalest.map((row, place) => [...row, place]).filter(([channel]) => choice.here(channel))
    .sort((one, other) => before(one[2] ?? "", other[2] ?? "") || before(one[4] ?? "~", other[4] ?? "~") || one[6] - other[6])
    .slice(0, data.stalest_shown)
    .map(([channel, name, last, months, created, duration]) => ({
      name, channel: named(channel), last_viewed: last ? day(last) : "never", months: months ?? NaN,
      created: created ? created.slice(0, 10) : "", hours: duration === null ? NaN : duration / 3600000,
    }));
  const last = rows.at(-1)?.last_viewed;
  const finding = !last ? "No catalogue with last views is there for this choice."
    : last === "never" ? `None of these ${counted(rows.length, "video")} was ever viewed.`
      : `None of these ${counted(rows.length, "video")} was viewed after ${last}.`;
  show("stalest", rows, finding, up_to(choice));
}

const before = (one, other) => (one < other ? -1 : Number(one > other));

function show_fields(choice) {
  const cells = data.fields.filter(([channel]) => choice.here(channel));
  const rows = [...grouped(cells, (cell) => cell[1])].map(([name, own]) => {
    const [filled, videos] = [2, 3].map((at) => sum(own.map((cell) => cell[at])));
    return { name, filled, videos, share: part(filled, videos), channels: own.length };
  }).sort((one, other) => descending("share")(one, other) || before(one.name, other.name));
  const last = rows.filter((row) => row.videos).at(-1);
  const half = rows.filter((row) => row.share < 50).length;
  const finding = last ? `${number(half)} of ${counted(rows.length, "field")} ${half === 1 ? "is" : "are"} filled for less than half of the videos; least is ${last.name}, ${percent(last.share, 1)}.` : "No catalogue is there for this choice.";
  show("fields", bars(rows, (row) => row.share || 0, (row) => `${percent(row.share, 1)} of ${number(row.videos)}`), finding, "As the catalogue is now.");
}

function show_left_out(choice) {
  const rows = left_out(choice).map(([channel, month, why]) => ({ channel: named(channel), month, why }));
  const channels = new Set(rows.map((row) => row.channel)).size;
  const finding = rows.length ? `${counted(rows.length, "month")} of ${counted(channels, "channel")} ${rows.length === 1 ? "is" : "are"} left out.` : "No month is left out.";
  show("left_out", rows, finding);
}

start(() => {
  const choice = selection();
  const period = period_of(choice.rows, choice);
  for (const draw_one of [show_channels, show_funnel, show_months, show_devices, show_top, show_rates, show_life]) draw_one(choice, period);
  for (const id of Object.keys(data.dimensions)) show_dimension(id, choice, period);
  for (const draw_one of [show_stale, show_stalest, show_fields, show_left_out]) draw_one(choice);
});
