// The trust page: counts of days by state in a period, cells of the calendar, and what the ledgers hold.

const STATES = ["complete", "provisional", "missing", "failed"];
const SIGNS = { c: "complete", p: "provisional", m: "missing", f: "failed" };
const WORDS = { complete: "complete", provisional: "P provisional", missing: "M missing", failed: "F failed" };
const SOURCES = { brightcove: "Brightcove", panopto: "Panopto" };
const MOST_ROWS = 60; // of the calendar that are drawn
const ROOMY = "70rem"; // in less, the letters of a day do not fit
const DAY = 86_400_000;

const time = (iso) => Date.parse(`${iso}T00:00Z`);
const iso = (at) => new Date(at).toISOString().slice(0, 10);
const moment = (text) => text.replace("T", " ");
const sum = (numbers) => numbers.reduce((total, each) => total + each, 0);
const between = (first, last) => (first === last ? day(first) : `${day(first)} – ${day(last)}`);
const lacks = (row) => row.missing + row.failed;

const heatMap = document.getElementById("calendar-chart");
heatMap.style.minWidth = ROOMY;
addEventListener("load", () => { heatMap.parentElement.scrollLeft = heatMap.scrollWidth; }); // the latest days first

// ----------------------------------------------------------------------------------------- calendar

const LAST = Math.max(...data.calendar.filter((each) => each.days).map(lastOf));

function lastOf(subject) {
  return time(subject.first) + (subject.days.length - 1) * DAY;
}

// The first day that is shown.
function beginning() {
  if (chosen("span") === "all" || !Number.isFinite(LAST)) return -Infinity;
  const at = new Date(LAST + DAY);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() - Number(chosen("span")), at.getUTCDate());
}

// Days of a subject since an instant: [instant, state].
function daysOf(subject, since) {
  const first = subject.days ? time(subject.first) : 0;
  return [...subject.days]
    .map((sign, place) => [first + place * DAY, SIGNS[sign]])
    .filter(([at, state]) => state && at >= since);
}

function counts(days) {
  const found = Object.fromEntries(STATES.map((state) => [state, 0]));
  for (const [, state] of days) found[state] += 1;
  return found;
}

function rowOf(subject, since) {
  const days = daysOf(subject, since);
  const [from, to] = days.length ? [iso(days[0][0]), iso(days.at(-1)[0])] : ["", ""];
  const { name, zone, years } = subject;
  return { name, zone, years, source: SOURCES[subject.source], from, to, ...counts(days), days };
}

// The day, the Monday of the week, or the first of the month of an instant.
function beginOf(at, span) {
  if (span === "3") return at;
  const date = new Date(at);
  if (span === "12") return at - ((date.getUTCDay() + 6) % 7) * DAY;
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
}

function endOf(begin, span) {
  if (span === "3") return begin + DAY;
  if (span === "12") return begin + 7 * DAY;
  const date = new Date(begin);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}

function cells(row, span) {
  const groups = Map.groupBy(row.days, ([at]) => beginOf(at, span));
  return [...groups].map(([begin, days]) => cellOf(row.name, begin, endOf(begin, span), days));
}

function cellOf(name, begin, end, days) {
  const found = counts(days);
  const worst = STATES.findLast((state) => found[state]);
  const told = STATES.filter((state) => found[state]).map((state) => `${found[state]} ${state}`).join(", ");
  return {
    name, from: begin, until: begin + (end - begin) * 0.94, middle: (begin + end) / 2, state: WORDS[worst],
    sign: worst === "complete" ? "" : worst[0].toUpperCase(), told: days.length === 1 ? worst : told,
    when: between(iso(days[0][0]), iso(days.at(-1)[0])),
  };
}

// The rows that are drawn, in their order: where there are too many, those that lack most.
function drawn(rows) {
  if (rows.length <= MOST_ROWS) return rows;
  const first = new Set(rows.toSorted((a, b) => lacks(b) - lacks(a)).slice(0, MOST_ROWS));
  return rows.filter((row) => first.has(row));
}

function showCalendar(since) {
  const every = ofSource(data.calendar).map((subject) => rowOf(subject, since));
  const rows = chosen("rows") === "lacking" ? every.filter(lacks) : every;
  const seenRows = drawn(rows);
  const words = [calendarFinding(every)];
  if (seenRows.length < rows.length) {
    words.push(`${number(seenRows.length)} of ${number(rows.length)} rows are drawn, those that lack most; all are in the table.`);
  }
  const days = every.flatMap((row) => (row.from ? [row.from, row.to] : [])).sort();
  const span = days.length ? between(days[0], days.at(-1)) : "";
  show("calendar", rows, words.join(" "), span && `Shown: ${span}.`, seenRows.flatMap((row) => cells(row, chosen("span"))));
}

function calendarFinding(rows) {
  const total = Object.fromEntries(STATES.map((state) => [state, sum(rows.map((row) => row[state]))]));
  const all = sum(Object.values(total));
  if (!all) return "No account and no course has a day yet.";
  const worst = rows.toSorted((a, b) => lacks(b) - lacks(a))[0];
  const whole = `Of ${counted(all, "day")} of ${counted(rows.length, "account or course", "accounts and courses")}, ` +
    `${share(total.complete, all, 1)} are complete and ${number(total.provisional)} provisional; ` +
    `${number(total.missing)} are missing and ${number(total.failed)} failed`;
  return lacks(worst) && rows.length > 1 ? `${whole}, most of them, ${number(lacks(worst))}, of ${worst.name}.` : `${whole}.`;
}

function showLacking(since) {
  const known = data.lacking.map((each) => ({ ...each, name: data.calendar[each.subject].name }));
  const own = known.filter((each) => chosen("source") === "all" || data.calendar[each.subject].source === chosen("source"));
  const rows = own.filter((each) => time(each.last) >= since);
  const words = [];
  if (!data.calendar.length) words.push("No account and no course is set up.");
  else if (!rows.length) words.push("Nothing failed and nothing is missing in this period.");
  else {
    const failed = rows.filter((each) => each.state === "failed").length;
    words.push(`${counted(rows.length, "stretch", "stretches")} of days lack something: ${number(failed)} failed, ` +
      `${number(rows.length - failed)} missing; the latest is ${between(rows[0].first, rows[0].last)} of ${rows[0].name}.`);
  }
  const before = own.length - rows.length;
  if (before) words.push(`${counted(before, "stretch", "stretches")} more before this period.`);
  if (data.lacking_more) words.push(`${number(data.lacking_more)} older stretches are not listed here.`);
  list("lacking", rows, words.join(" "));
}

// ------------------------------------------------------------------------------------------ ledgers

const ofSource = (rows) => rows.filter((row) => chosen("source") === "all" || row.source === chosen("source"));
const signed = (source) => ({ source: `${SOURCES[source][0]} ${SOURCES[source]}`, sign: SOURCES[source][0] });
const hours = (seconds) => seconds / 3600;

function showAges() {
  const measure = chosen("measure");
  const rows = ofSource(data.corrections.ages).map((each) => ({
    ...each, ...signed(each.source), views: each.views ?? NaN, hours: hours(each.seconds),
  }));
  const moved = rows.map((row) => ({ ...row, moved: row[measure] })).filter((row) => !Number.isNaN(row.moved));
  const all = sum(moved.map((row) => row.moved));
  const young = sum(moved.filter((row) => row.age <= 3).map((row) => row.moved));
  const [one, unit] = { rows: ["row", "rows"], views: ["view", "views"], hours: ["hour viewed", "hours viewed"] }[measure];
  const told = `${counted(sum(rows.map((row) => row.readings)), "later reading")} changed a day`;
  const finding = !rows.length ? "No later reading has changed a day." : !all ? `${told}; no ${unit} moved.` :
    `${told} and moved ${counted(all, one, unit)} in all, ${share(young, all)} of it on days of at most 3 days of age.`;
  show("ages", rows, finding, noticed(), moved.filter((row) => row.moved));
}

function noticed() {
  const { first, last } = data.corrections;
  return first && `Noticed ${between(first, last.slice(0, 10))} (UTC).`;
}

function showCorrections() {
  const rows = ofSource(data.corrections.latest).map((each) => ({
    ...each, rows: each.rows[0], rows_by: each.rows[1], views_by: each.views?.[1],
    hours_by: hours(each.seconds[1]),
  }));
  const [last] = rows;
  const finding = !last ? "No later reading has changed a day." :
    `The last one: ${last.name}, ${day(last.day)}, noticed ${moment(last.noticed)} UTC: ${change(last.rows_by)} rows, ` +
    `${last.views_by === undefined ? "" : `${change(last.views_by)} views, `}${change(last.hours_by, 2)} hours.`;
  const cut = data.corrections.all > data.corrections.latest.length;
  list("corrections", rows, finding, cut ? `The last ${number(data.corrections.latest.length)} of ${number(data.corrections.all)}.` : noticed());
}

function showDeliveries() {
  const { days, latest, all } = data.deliveries;
  const rows = latest;
  const shares = new Set(days.map((each) => each.share)).size;
  const finding = !all ? "Nothing has been delivered yet." :
    `${counted(all, "file was", "files were")} delivered to ${counted(shares, "share")}, the last one ${moment(rows[0].at)} UTC: ` +
    `${rows[0].place} on ${rows[0].share}.`;
  const span = days.length ? `Drawn: ${between(days[0].day, days.at(-1).day)} (UTC).` : "";
  show("deliveries", rows, finding, all > rows.length ? `${span} Listed are the last ${number(rows.length)}.` : span, days);
}

function showWaiting() {
  const rows = data.waiting;
  const oldest = rows.toSorted((a, b) => (a.since < b.since ? -1 : 1))[0];
  const finding = !rows.length ? "Nothing waits." :
    `${counted(rows.length, "share or route waits", "shares and routes wait")}, ${oldest.subject} longest, since ${moment(oldest.since)} UTC.`;
  list("waiting", rows, finding);
}

function showCalls() {
  const runs = data.calls.runs.filter((run) => chosen("source") === "all" || run.vendor === chosen("source"));
  const rows = runs.map((run) => ({ ...run, vendor: SOURCES[run.vendor] ?? run.vendor, retries: run.retries ?? NaN }));
  const groups = Map.groupBy(runs, (run) => `${run.at.slice(0, 10)} ${run.vendor}`);
  const days = [...groups].map(([key, own]) => ({
    day: key.slice(0, 10), ...signed(own[0].vendor), calls: sum(own.map((run) => run.calls)),
    retries: sum(own.map((run) => run.retries ?? 0)),
  })).sort((a, b) => (a.day < b.day ? -1 : 1));
  const [calls, retries] = [sum(days.map((each) => each.calls)), sum(days.map((each) => each.retries))];
  const finding = !rows.length ? `No call is noted of the last ${data.calls.kept} days.` :
    `${counted(rows.length, "run")} made ${counted(calls, "call")}, ${number(retries)} of them retries (${share(retries, calls, 1)}).`;
  show("calls", rows, finding, days.length ? `Runs ended ${between(days[0].day, days.at(-1).day)} (UTC).` : "", days);
}

function showLimits() {
  const rows = data.calls.limits.map((each) => ({
    ...each, used: each.used === null ? "kept by waiting" : number(each.used),
    part: each.used === null ? "" : share(each.used, each.allowed, 1), rate: each.used === null ? -1 : each.used / each.allowed,
  }));
  const most = rows.filter((row) => row.rate >= 0).toSorted((a, b) => b.rate - a.rate)[0];
  const finding = !rows.length ? "No vendor is set up and no backfill, so there is no limit." :
    most ? `Closest to its limit: ${most.limit}, ${most.used} of ${number(most.allowed)} (${most.part}).` :
    "All limits are kept by waiting; none has a count.";
  list("limits", rows, finding);
}

function showProblems() {
  const rows = data.problems.open;
  const owed = Object.entries(data.problems.owed).map(([channel, messages]) => `${counted(messages, "message waits", "messages wait")} for ${channel}`);
  const words = [rows.length ? `${counted(rows.length, "problem is", "problems are")} open, the latest: ${rows[0].title}.` : "No problem is open."];
  if (owed.length) words.push(`${owed.join(", ")}.`);
  list("problems", rows, words.join(" "));
}

// A table that is open and has no row would be a head alone.
function list(id, rows, finding, period = "") {
  show(id, rows, finding, period);
  document.getElementById(`${id}-table`).closest("details").hidden = !rows.length;
}

start(() => {
  const since = beginning();
  showCalendar(since);
  showLacking(since);
  showAges();
  showCorrections();
  showCalls();
  for (const draw of [showDeliveries, showWaiting, showLimits, showProblems]) draw();
});
