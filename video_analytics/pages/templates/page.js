// What every page does: charts and tables of the same rows, words for numbers, controls. A page's own script
// follows this text, reads `data`, and calls `show` for each figure whenever a control has changed.

const { specs, columns, data } = JSON.parse(document.getElementById("page").textContent);

const NARROW = "\u202f"; // between thousands: neither a point nor a comma, which mean different things in places
const WITHHELD = "·"; // a number that would show a small group
const NOTHING = "–"; // a number that does not exist: a share of nothing, a length nobody knows
const LOCALE = { decimal: ".", thousands: NARROW, grouping: [3], currency: ["", ""] };

const formats = []; // by digits after the point: making one takes a hundred times as long as using it

function written(digits) {
  formats[digits] ??= new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return formats[digits];
}

// Also a number of which only a least value may be said: it comes negative, as do all numbers of that kind here.
function number(value, digits = 0) {
  if (value === null || value === undefined) return WITHHELD;
  if (Number.isNaN(value)) return NOTHING;
  const said = written(digits).format(Math.abs(value));
  return (value < 0 ? "≥\u00a0" : "") + said.replaceAll(",", NARROW);
}

function percent(value, digits = 0) {
  const said = number(value, digits);
  return said === WITHHELD || said === NOTHING ? said : `${said}${NARROW}%`;
}

// By how much a number moved, with its sign; nothing where there is no such number.
function change(value, digits = 0) {
  if (value === null || value === undefined) return NOTHING;
  return (value > 0 ? "+" : value < 0 ? "−" : "") + number(Math.abs(value), digits);
}

// A part of a whole, in percent: negative where only a least part may be said, null where neither may be,
// not a number where there is no whole.
function rate(part, whole) {
  if (whole === 0) return NaN;
  if (part === null || part === undefined || whole === null || whole === undefined || whole < 0) return null;
  return (100 * part) / whole;
}

function counted(value, one, many = `${one}s`) {
  return `${number(value)} ${value === 1 ? one : many}`;
}

function share(part, whole, digits = 0) {
  return percent(rate(part, whole), digits);
}

// Seconds as a clock on the video's own timeline: 1:02:03 or 2:03.
function clock(seconds) {
  if (seconds === null || seconds === undefined) return WITHHELD;
  if (Number.isNaN(seconds)) return NOTHING;
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] ? parts : parts.slice(1);
  return shown.map((part, place) => (place ? String(part).padStart(2, "0") : String(part))).join(":");
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

// An ISO date or month as 4 Sep 2026 or Sep 2026.
function day(iso) {
  if (!iso) return "";
  const [year, month, date] = iso.split("-").map(Number);
  return `${date ? `${date} ` : ""}${MONTHS[month - 1]} ${year}`;
}

// ------------------------------------------------------------------------------------------ figures

const shown = new Map(); // figure id: its rows
const marks = new Map(); // figure id: what its chart draws
const drawing = new Map(); // figure id: its chart, from when it begins to be drawn
const views = new Map(); // figure id: its chart, once drawn
const filled = new Map(); // figure id: the rows that its table holds
const sorting = new Map(); // figure id: [column, direction]

// Rows, a sentence, and the period they are of: into the chart, the table and the words of a figure. A chart
// that draws something else than the rows of its table gets that as well.
function show(id, rows, finding, period = "", drawn = rows) {
  shown.set(id, rows);
  marks.set(id, drawn);
  document.getElementById(`${id}-finding`).textContent = finding;
  document.getElementById(`${id}-period`).textContent = period;
  const place = document.getElementById(`${id}-chart`);
  if (place) place.hidden = !drawn.length; // a chart of nothing has no scales
  update(id);
  const table = document.getElementById(`${id}-table`);
  if (table.closest("details").open) fill(id);
}

function fill(id) {
  const table = document.getElementById(`${id}-table`);
  const heads = columns[id].map((column) => {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.className = aligned(column);
    const [by, direction] = sorting.get(id) ?? [];
    if (by === column.name) cell.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = column.title;
    button.addEventListener("click", () => sort(id, column.name));
    cell.append(button);
    return cell;
  });
  const head = document.createElement("tr");
  head.append(...heads);
  table.tHead.replaceChildren(head);
  table.tBodies[0].replaceChildren(...sorted(id).map((row) => line(row, columns[id])));
  filled.set(id, shown.get(id));
}

function sort(id, name) {
  const [by, direction] = sorting.get(id) ?? [];
  sorting.set(id, [name, by === name ? -direction : 1]);
  fill(id);
  const place = columns[id].findIndex((column) => column.name === name);
  document.getElementById(`${id}-table`).tHead.rows[0].cells[place].firstChild.focus();
}

function sorted(id) {
  const [by, direction] = sorting.get(id) ?? [];
  const rows = [...(shown.get(id) ?? [])];
  if (!by) return rows;
  const { kind } = columns[id].find((column) => column.name === by);
  const keys = new Map(rows.map((row) => [row, sortKey(row[by], kind)]));
  return rows.sort((one, other) => compared(keys.get(one), keys.get(other), direction));
}

// What a cell is sorted by; a number of which only a least value may be said comes after that number.
function sortKey(value, kind) {
  const known = Array.isArray(value) ? value[0] : value;
  if (known === undefined || Number.isNaN(known)) return null;
  return kind !== "change" && known < 0 ? 0.5 - known : known;
}

// What has no value comes last in either direction.
function compared(a, b, direction) {
  if (a === null || b === null) return (a === null) - (b === null);
  const numbers = typeof a === "number" && typeof b === "number";
  return direction * (numbers ? a - b : String(a).localeCompare(String(b), "en", { numeric: true }));
}

function line(row, wanted) {
  const made = document.createElement("tr");
  made.append(...wanted.map((column, place) => cell(row[column.name], column, place === 0)));
  return made;
}

function cell(value, column, first) {
  const made = document.createElement(first ? "th" : "td");
  if (first) made.scope = "row";
  made.className = aligned(column);
  const [words, address] = Array.isArray(value) ? value : [value];
  if (column.kind === "link" && isLocal(address)) {
    const link = document.createElement("a");
    link.textContent = words;
    link.href = address;
    made.append(link);
  } else made.textContent = said(words, column);
  return made;
}

const LOCAL = /^(?![/?])[^\\:#\s\p{C}]+(#[^\\\s\p{C}]*)?$|^#[^\\\s\p{C}]*$/u;

// Whether an address stays among the pages: relative, downwards or up, or a place on this page. What a browser
// would read as another scheme or another host is none, however it is spelled.
function isLocal(address) {
  return typeof address === "string" && LOCAL.test(address);
}

function said(value, column) {
  if (column.kind === "count" || column.kind === "number") return number(value, column.digits);
  if (column.kind === "percent") return percent(value, column.digits);
  if (column.kind === "date") return day(value);
  if (column.kind === "instant") return (value ?? "").slice(0, 16).replace("T", " ");
  if (column.kind === "clock") return clock(value);
  if (column.kind === "change") return change(value, column.digits);
  return value ?? "";
}

function aligned(column) {
  if (["date", "instant"].includes(column.kind)) return "whole-cell";
  if (column.kind === "sentence") return "sentence-cell";
  return ["count", "number", "percent", "change", "clock"].includes(column.kind) ? "figures-cell" : "";
}

// A chart is drawn when it comes into sight, so that a page with many opens at once.
function draw(id) {
  if (!drawing.has(id)) drawing.set(id, embedded(id));
}

async function embedded(id) {
  const rows = marks.get(id);
  const place = document.querySelector(`#${id}-chart .drawing`);
  const spec = structuredClone(specs[id]);
  spec.data.find((each) => each.name === "rows").values = copied(id);
  const { view } = await vegaEmbed(place, spec, {
    mode: "vega", ast: true, actions: false, defaultStyle: false, renderer: "svg", tooltip: tip, formatLocale: LOCALE,
  });
  view.addEventListener("click", (_, item) => {
    if (isLocal(item?.datum?.href)) location.href = item.datum.href;
  });
  views.set(id, view);
  if (marks.get(id) !== rows) update(id); // a control was changed meanwhile
}

// A chart that is drawn gets its new rows; without any it is hidden, and waits.
function update(id) {
  if (marks.get(id).length) views.get(id)?.data("rows", copied(id)).resize().runAsync();
}

// Vega writes into the rows that it is given. It also keeps groups in plain objects, where a text like
// "constructor" is taken: such a one gets a sign at its end that nobody sees.
function copied(id) {
  const freed = ([name, value]) => [name, typeof value === "string" && value in {} ? `${value}\u2060` : value];
  return marks.get(id).map((row) => Object.fromEntries(Object.entries(row).map(freed)));
}

function untip() {
  document.querySelector(".tip")?.remove();
}

function tip(_, event, __, value) {
  untip();
  if (value === null || value === undefined || value === "") return;
  const box = document.createElement("div");
  box.className = "tip";
  const lines = typeof value === "object" ? Object.entries(value).map(([name, is]) => `${name}: ${is}`) : [value];
  box.textContent = lines.join("\n");
  document.body.append(box);
  box.style.left = `${Math.min(event.clientX + 12, innerWidth - box.offsetWidth - 8)}px`;
  box.style.top = `${Math.min(event.clientY + 12, innerHeight - box.offsetHeight - 8)}px`;
}

// ----------------------------------------------------------------------------------------- controls

const form = document.querySelector(".controls");

// What a control says now: text of a select, number of a slider, list of texts of boxes.
function chosen(name) {
  const inputs = [...form.elements].filter((each) => each.name === name);
  if (inputs[0].type === "checkbox") return inputs.filter((each) => each.checked).map((each) => each.value);
  return inputs[0].type === "range" ? Number(inputs[0].value) : inputs[0].value;
}

function choose(name, value) {
  form.elements[name].value = value;
}

// Calls `redraw` now and after each change of a control.
function start(redraw) {
  form?.addEventListener("input", (event) => { label(); redraw(); announce(choiceMade(event.target)); });
  form?.addEventListener("reset", () => setTimeout(() => { label(); redraw(); announce("As at the beginning."); }));
  form?.addEventListener("submit", (event) => event.preventDefault());
  label();
  redraw();
}

function label() {
  for (const output of document.querySelectorAll("output")) {
    const input = document.getElementById(output.htmlFor.value);
    const digits = input.step.split(".")[1]?.length ?? 0;
    output.textContent = `${number(Number(input.value), digits)} ${output.dataset.unit}`.trim();
    input.setAttribute("aria-valuetext", output.textContent);
  }
}

// What a control says now, for the ear.
function choiceMade(input) {
  const name = (input.labels?.[0]?.textContent ?? "").trim();
  if (input.type === "checkbox") return `${name}: ${input.checked ? "in" : "out"}.`;
  return `${name}: ${input.selectedOptions?.[0].textContent ?? input.getAttribute("aria-valuetext")}.`;
}

// One quiet word that the page has changed, instead of all its sentences at once; the last of several.
let announcing;
function announce(what) {
  clearTimeout(announcing);
  announcing = setTimeout(() => { document.getElementById("status").textContent = `${what} Figures updated.`; }, 400);
}

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries.filter((each) => each.isIntersecting)) {
    seen.unobserve(entry.target);
    draw(entry.target.id.slice(0, -"-chart".length));
  }
}, { rootMargin: "600px" });

addEventListener("load", () => {
  for (const id of Object.keys(specs)) seen.observe(document.getElementById(`${id}-chart`));
  for (const id of Object.keys(columns)) {
    const details = document.getElementById(`${id}-table`).closest("details");
    details.addEventListener("toggle", () => { if (details.open && filled.get(id) !== shown.get(id)) fill(id); });
  }
});

// Paper has no tooltips and does not scroll.
const drawAll = () => Object.keys(specs).filter((id) => marks.get(id)?.length).forEach(draw);
addEventListener("beforeprint", drawAll);
matchMedia("print").addEventListener("change", (media) => { if (media.matches) drawAll(); });
addEventListener("scroll", untip, { capture: true, passive: true });
addEventListener("keydown", (event) => { if (event.key === "Escape") untip(); });
