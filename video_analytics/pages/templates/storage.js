// The storage page: what a plan comes to, whom it affects, what lies ahead, and what there is.

const FAR = 1.5; // a limit beyond so many times the longest bar would make all bars short; words tell it
const LOST = ["archived", "deleted"];

const rounded = (hours) => number(cents(hours), hours && Math.abs(hours) < 100 ? 2 : 0);
const some = (hours) => `${rounded(hours)}${NARROW}h`;
const listed = (words) => words.join(", ").replace(/, ([^,]*)$/, " and $1");

const PERIOD = `Report date ${day(data.day)}; views from ${day(data.period.from)} to ${day(data.period.to)}.`;

function lineOf({ bucket, published, exists, limit, room, sessions, views }, more) {
  const hours = `${number(cents(Math.abs(room)), 2)} h`;
  const left = Number.isNaN(room) ? "no limit" : `${hours} ${room < 0 ? "too much: BREACH" : "left"}`;
  return {
    bucket, published: cents(published), existing: cents(exists), limit: Number.isNaN(limit) ? NaN : cents(limit),
    room: left, sessions, views, ...more,
  };
}

// What a chart draws of figures, each at its place; where there are no hours there is no scale for them.
function barsOf(rows) {
  const reach = Math.max(0, ...rows.map(({ figure }) => figure.most));
  if (!reach) return [];
  return rows.map(({ figure, at, heading = "" }) => {
    const { bucket, published, exists, limit, most, room } = figure;
    const breach = room < 0;
    const isApart = exists > published + 0.005;
    const limited = limit <= FAR * reach;
    const hours = rounded(breach ? most : published);
    const words = Number.isNaN(limit) ? `${bucket} ${hours}${NARROW}h` : `${bucket} ${hours} of ${some(limit)}`;
    return {
      at, heading, published: cents(published), existing: cents(exists), breach,
      apart: isApart ? exists : 0, isApart, limit: limited ? limit : 0, limited,
      words: breach ? `▲ BREACH +${some(-room)}: ${words}` : Number.isNaN(limit) ? words : `✓ ${words}`,
    };
  });
}

const figureOf = ({ figures }, bucket) => figures.find((each) => each.bucket === bucket);

function fits({ over, wrong }) {
  if (wrong) return `is no plan: ${counted(wrong, "session")} would be in two buckets or in none`;
  if (!over.length) return "fits all limits";
  const passed = listed(over.map(({ bucket, room }) => `${bucket} by ${some(-room)}`));
  return `passes ${over.length === 1 ? "a limit" : "limits"}: ${passed}`;
}

function drawPlan(now, outcome) {
  const { step } = data.layout;
  const before = reckon(asSet(now.number));
  const shown = outcome.wrong ? [] : outcome.figures;
  const placed = shown.map((figure, place) => ({ figure, at: place * step + 28 }));
  const [archived, deleted] = LOST.map((bucket) => figureOf(outcome, bucket));
  const lost = ({ exists, sessions }) => `${some(exists)} in ${counted(sessions, "session")}`;
  const views = counted(archived.views + deleted.views, "view");
  const title = `${plan.scenarios[now.number].title} with a window of ${counted(now.window, "month")}`;
  const hurt = outcome.wrong ? ""
    : ` Of what exists it archives ${lost(archived)} and deletes ${lost(deleted)}; these had ${views} in the period.`;
  show(
    "plan",
    shown.map((figure) => {
      const was = before.wrong ? NaN : figureOf(before, figure.bucket).published;
      return lineOf(figure, { before: cents(was) });
    }),
    `${title} ${fits(outcome)}.${hurt}`,
    [PERIOD, command(now)].join(" "),
    barsOf(placed),
  );
}

function drawScenarios() {
  const { step, heading } = data.layout;
  const outcomes = plan.scenarios.map((scenario, number) => ({ scenario, number, ...reckon(asSet(number)) }));
  const placed = outcomes.filter((each) => !each.wrong).flatMap(({ scenario: { title }, number, figures }) => {
    const top = number * (BUCKETS.length * step + heading) + heading + 28;
    return figures.map((figure, place) => ({ figure, title, heading: place ? "" : title, at: top + place * step }));
  });
  show(
    "scenarios",
    placed.map(({ figure, title }) => lineOf(figure, { title })),
    `${outcomes.map((each) => `${each.scenario.title} ${fits(each)}`).join("; ")}.`,
    PERIOD,
    barsOf(placed),
  );
}

// Who has most in what a plan archives and deletes.
function drawAffected(id, where, noun, now, outcome) {
  const { names, rows, count } = data[id];
  const sums = Object.fromEntries(LOST.map((bucket) => [bucket, new Map()]));
  for (const [name, kind, since, us, sessions, views] of rows) {
    const state = stateOf(kind, since, now);
    const found = sums[bucketOf(state)];
    if (!found) continue;
    if (!found.has(name)) found.set(name, { name, us: 0, sessions: 0, views: 0, already: 0 });
    add(found.get(name), us, sessions, views);
    if (state & NOW) found.get(name).already += us;
  }
  const most = outcome.wrong ? [] : Object.entries(sums).flatMap(([bucket, found]) => [...found.values()]
    .sort((a, b) => b.us - a.us || a.name - b.name).slice(0, data.most)
    .map((each) => ({
      label: names[each.name], bucket, hours: cents(each.us / HOUR), already: cents(each.already / HOUR),
      sessions: each.sessions, views: each.views,
    })));
  const sentences = LOST.map((bucket) => {
    const first = most.find((each) => each.bucket === bucket);
    if (!first) return `Nothing would be ${bucket}.`;
    const whole = `${some(figureOf(outcome, bucket).exists)} ${bucket}`;
    const among = `${where} ${counted(count[now.number][bucket][now.window - 1], noun)}`;
    return `Of ${whole} ${among}, most are ${where} ${first.label}: ${some(first.hours)}.`;
  });
  show(id, most, outcome.wrong ? "There is no plan." : sentences.join(" "), PERIOD, most.map((each, place) => ({
    place, words: `${each.bucket} ${some(each.hours)}: ${each.label}`, hours: each.hours, kind: each.bucket,
  })));
}

// When the lines of a forecast first pass a limit, in words; those of the same day together.
function passing(drawn, growths, limit, days) {
  const by = new Map(); // the first day above the limit: growths
  for (const { month, growth } of drawn.filter((row) => row.breach)) by.set(month, [...(by.get(month) ?? []), growth]);
  if (!by.size) return `keeps to its limit of ${some(limit)} until ${day(days.at(-1))}`;
  const never = growths.filter((growth) => ![...by.values()].flat().includes(growth));
  const alike = by.size === 1 && !never.length;
  const when = [...by].sort().map(([month, names]) => {
    const told = month === days[0] ? `already on ${day(month)}` : `by ${day(month)}`;
    return alike ? told : `${told} with ${listed(names)} growth`;
  });
  const rest = never.length ? `, not with ${listed(never)} growth` : "";
  return `passes its limit of ${some(limit)} ${when.join(", ")}${rest}`;
}

function drawForecast(now) {
  const { days, percent: rates, series } = data.forecast;
  const growths = Object.keys(rates);
  const column = chosen("forecast");
  const limit = now.limits[column.split("_")[0]];
  const { name, title } = plan.scenarios[now.number];
  const found = (growth) => series[name][growth][column];
  const drawn = growths.flatMap((growth) => {
    const first = found(growth).findIndex((hours) => hours > limit);
    return found(growth).map((hours, place) => {
      const words = `${growth} growth, ${day(days[place])}: ${some(hours)}`;
      return { month: days[place], growth, hours, words, breach: place === first };
    });
  });
  const limited = limit <= FAR * Math.max(...drawn.map((row) => row.hours));
  const marked = drawn.map((row, place) => ({
    ...row, limited, limit: limited ? limit : 0, limitWords: limited && !place ? `limit ${some(limit)}` : "",
  }));
  const rows = days.map((iso, place) => ({
    day: iso, limit: cents(limit),
    ...Object.fromEntries(growths.map((growth) => [growth, cents(found(growth)[place])])),
  }));
  const grown = growths.map((growth) => `${growth} ${change(rates[growth], 1)}${NARROW}%`).join(", ");
  const said = passing(drawn, growths, limit, days);
  show(
    "forecast", rows,
    `${title}, ${data.forecast.columns[column]}: ${said}. New hours change by ${grown} a year.`,
    `From ${day(days[0])} to ${day(days.at(-1))}.`, marked,
  );
}

// ------------------------------------------------------------------------- hours, whatever the plan

const summed = (row) => ({
  ...row, all: cents(row.all / HOUR), watched: cents(row.watched / HOUR), unwatched: cents(row.unwatched / HOUR),
  share: rate(row.unwatched, row.all),
});

function drawHalves(id, rows, finding) {
  const shown = rows.map(summed);
  const drawn = shown.filter((row) => row.line === "row").map((row, place) => ({
    ...row, place, words: `${row.label}: ${some(row.watched)} watched, ${some(row.unwatched)} unwatched`,
  }));
  show(id, shown, finding(shown.filter((row) => row.line === "row")), PERIOD, drawn);
}

function mostOf([first], all) {
  if (!first || !all.all) return "There are no hours.";
  const held = `${first.label} holds ${share(first.all, all.all)} of ${some(all.all)}`;
  return `${held}; ${share(all.unwatched, all.all)} of all hours are unwatched.`;
}

function drawRecency(rows) {
  const total = rows.at(-1).all;
  const windows = rows.map((row) => ({ ...summed(row), share: rate(row.all, total) }));
  const viewed = windows.filter((row) => row.since).map((row) => `${percent(row.share)} ${row.label}`);
  const never = percent(windows.at(-2).share);
  show(
    "recency", windows,
    total ? `Of ${some(total / HOUR)}, ${listed(viewed)} were last viewed; ${never} never.` : "There are no hours.",
    PERIOD,
    windows.slice(0, total ? -1 : 0).map(({ label, all, share: of }, place) => ({
      place, hours: all, kind: "", words: `${label}: ${some(all)}, ${percent(of)}`,
    })),
  );
}

function drawYear(rows) {
  const sources = rows.findIndex((row) => row.line === "subtotal"); // the sources come first, then their sum
  const whole = summed(rows[sources]);
  const span = `from ${day(data.year.from)} to before ${day(data.year.to)}`;
  const watched = `${share(whole.watched, whole.all)} of them were watched`;
  drawHalves("year", rows.map((row, place) => (place < sources ? row : { ...row, line: "sum" })), () => (whole.all
    ? `${some(whole.all)} were created ${span}; ${watched}.` : `Nothing was created ${span}.`));
}

function drawHours() {
  const { sources, roots, recency, year } = data.hours;
  for (const [id, rows] of Object.entries({ sources, roots })) {
    drawHalves(id, rows, (shown) => mostOf(shown, summed(rows.at(-1))));
  }
  drawRecency(recency);
  drawYear(year);
}

function redraw() {
  const number = Number(chosen("scenario"));
  if (number !== adopted) adopt(number);
  const now = asked();
  const outcome = reckon(now);
  drawPlan(now, outcome);
  drawAffected("folders", "in", "folder", now, outcome);
  drawAffected("creators", "of", "creator", now, outcome);
  if (data.forecast) drawForecast(now);
}

drawScenarios();
drawHours();
start(redraw);
