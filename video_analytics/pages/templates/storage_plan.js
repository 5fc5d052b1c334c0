// What a storage plan comes to, as the sliders stand, reckoned out of sums of sessions.

const HOUR = 3.6e9; // microseconds
const BUCKETS = ["stored", "created", "archived", "deleted"];
const [STORED, ARCHIVED, DELETED, OWN_ARCHIVED, OWN_DELETED, NOW] = [1, 2, 4, 8, 16, 32]; // bits of a state
const PARTS = 1e6; // of an hour, in which headroom is told: what is less is a rounding
const { plan, cube } = data;

// Hours with two decimals, rounded as in the exported files: what the number is exactly, halves to even.
function cents(hours) {
  const halved = Number.isInteger(hours * 8) && !Number.isInteger(hours * 4);
  const whole = Math.floor(hours * 100);
  return halved ? (whole + (whole % 2)) / 100 : Number(hours.toFixed(2));
}

// ---------------------------------------------------------------------------------------- reckoning

// The state of what is told apart as `kind`, and recent in windows from `since` months on (0: in none).
function stateOf(kind, since, asked) {
  const code = cube.kinds[kind][asked.number];
  return since && since <= asked.window ? Math.floor(code / plan.recent) : code % plan.recent;
}

function bucketOf(state) {
  if (state & ARCHIVED || (state & STORED && state & NOW)) return "archived";
  return state & STORED ? "stored" : "deleted";
}

// What a plan comes to: for each bucket its figures, in hours; `wrong` sessions are in no bucket or in two.
function reckon(asked) {
  const existing = Object.fromEntries(BUCKETS.map((bucket) => [bucket, { us: 0, sessions: 0, views: 0 }]));
  const own = { stored: 0, archived: 0, deleted: 0 };
  let wrong = 0;
  for (const [kind, since, us, sessions, views] of cube.rows) {
    const state = stateOf(kind, since, asked);
    add(existing[bucketOf(state)], us, sessions, views);
    if (state & STORED && !(state & NOW)) own.stored += us;
    if (state & OWN_ARCHIVED) own.archived += us;
    if (state & OWN_DELETED) own.deleted += us;
    if (![STORED, ARCHIVED, DELETED].includes(state & (STORED | ARCHIVED | DELETED))) wrong += sessions;
  }
  let imported = 0;
  for (const [source, us, sessions, views] of data.created) {
    imported += us * shareOf(asked.shares, source);
    add(existing.created, us, sessions, views);
  }
  const created = imported / HOUR;
  const { beyond } = plan.scenarios[asked.number];
  const lost = own.deleted / HOUR;
  const published = {
    stored: created + own.stored / HOUR,
    created,
    archived: own.archived / HOUR,
    deleted: beyond ? Math.max(0, lost - asked.limits[beyond]) : lost,
  };
  const figures = BUCKETS.map((bucket) => {
    const { us, sessions, views } = existing[bucket];
    const exists = bucket === "created" ? created : us / HOUR;
    const limit = asked.limits[bucket] ?? NaN;
    const most = Math.max(published[bucket], exists);
    const room = Math.round((limit - most) * PARTS) / PARTS;
    return { bucket, published: published[bucket], exists, limit, most, room, sessions, views };
  });
  return { figures, wrong, over: figures.filter((each) => each.room < 0) };
}

function add(sums, us, sessions, views) {
  sums.us += us;
  sums.sessions += sessions;
  sums.views += views;
}

// The part of a source's new hours that is imported; a source may have any name, so shares are a Map.
function shareOf(shares, source) {
  return shares.get(source) ?? 1;
}

const sharesSet = (number) => new Map(Object.entries(plan.scenarios[number].imported));

function limitsOf(limits, bundles) {
  const bought = bundles.map((name) => plan.bundles.find((each) => each.name === name));
  const sum = (bucket) => bought.reduce((all, each) => all + each[bucket], limits[bucket]);
  return { stored: sum("stored"), created: sum("created"), archived: sum("archived") };
}

function asSet(number) {
  const { window, bundles } = plan.scenarios[number];
  const limits = limitsOf(plan.limits, bundles);
  return { number, window, shares: sharesSet(number), bundles, base: plan.limits, limits };
}

// ------------------------------------------------------------------------------------------ sliders

const set = new Map(); // control: what a slider shows for a value as it is set, and that value exactly
let adopted = null; // the scenario whose values the sliders were last put to

function adopt(number) {
  const { window, bundles } = plan.scenarios[number];
  const shares = sharesSet(number);
  put("window", window);
  data.shares.forEach((source, place) => put(`imported-${place}`, 100 * shareOf(shares, source)));
  plan.bundles.forEach(({ name }, place) => put(`bundle-${place}`, bundles.filter((each) => each === name).length));
  for (const [bucket, limit] of Object.entries(plan.limits)) put(`limit-${bucket}`, limit);
  adopted = number;
  label();
}

function put(control, value) {
  choose(control, value);
  set.set(control, [chosen(control), value]);
}

// What a slider says; one that was not moved says what is set, also between its steps.
function valueOf(control) {
  const [shown, exact] = set.get(control);
  return chosen(control) === shown ? exact : chosen(control);
}

function asked() {
  const number = Number(chosen("scenario"));
  const shares = sharesSet(number);
  data.shares.forEach((source, place) => {
    const [shown] = set.get(`imported-${place}`);
    const now = chosen(`imported-${place}`);
    if (now !== shown) shares.set(source, Number((now / 100).toFixed(6)));
  });
  const bundles = plan.bundles.flatMap(({ name }, place) => Array(chosen(`bundle-${place}`)).fill(name));
  const base = Object.fromEntries(Object.keys(plan.limits).map((bucket) => [bucket, valueOf(`limit-${bucket}`)]));
  return { number, window: valueOf("window"), shares, bundles, base, limits: limitsOf(base, bundles) };
}

// The same question to the platform; "" where a source's name is none for a command line.
function command(now) {
  const scenario = plan.scenarios[now.number];
  const before = sharesSet(now.number);
  const sorted = (names) => [...names].sort().join();
  const moved = data.shares.filter((source) => shareOf(now.shares, source) !== shareOf(before, source));
  if (!moved.every((source) => /^[\w .-]+$/.test(source))) return "";
  const changes = [
    ...(now.window === scenario.window ? [] : [`window_months=${now.window}`]),
    ...moved.map((source) => `imported.${source}=${shareOf(now.shares, source)}`),
    ...(sorted(now.bundles) === sorted(scenario.bundles) ? [] : [`bundles=${now.bundles.join()}`]),
    ...Object.entries(now.base).filter(([bucket, hours]) => hours !== plan.limits[bucket])
      .map(([bucket, hours]) => `limits.${bucket}=${hours}`),
  ];
  const options = changes.map((change) => ` --set ${change.includes(" ") ? `"${change}"` : change}`);
  return `As a command: video-analytics plan --scenario ${scenario.name}${options.join("")}`;
}
