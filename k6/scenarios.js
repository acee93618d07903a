// What each scenario does: how many users at once, for how long. `users` is the tag by which the report tells them apart.
const seconds = (text) => {
  const [, number, unit] = /^(\d+)(s|m|h)$/.exec(text) ?? [];
  if (number === undefined) throw new Error(`DURATION is a number with s, m or h: ${text}`);
  return Number(number) * { s: 1, m: 60, h: 3600 }[unit];
};

const constant = (vus, startS, forS) => ({
  executor: 'constant-vus',
  vus,
  startTime: `${startS}s`,
  duration: `${forS}s`,
  gracefulStop: '60s',
  tags: { users: String(vus) },
});

/** Defaults: long enough for what each of them is to show. */
const LASTS = { ramp: '5m', smoke: '10s', spike: '2m', soak: '1h' };

/** @returns the scenarios of k6, and for how many seconds each number of users is at work in them. */
export function scenariosOf(name, duration) {
  const total = seconds(duration || LASTS[name] || '0s');
  const part = Math.floor(total / 3);
  switch (name) {
    case 'ramp': // 1 -> 5 -> 10 users, a third of the time each
      return {
        scenarios: Object.fromEntries(
          [1, 5, 10].map((vus, index) => [`users_${vus}`, constant(vus, index * part, part)]),
        ),
        secondsOf: { 1: part, 5: part, 10: part },
      };
    case 'smoke':
      return { scenarios: { users_1: constant(1, 0, total) }, secondsOf: { 1: total } };
    case 'spike': // five users, then fifty at once, then five again: the last third is as the first
      return {
        scenarios: {
          before: constant(5, 0, part),
          spike: constant(50, part, part),
          after: constant(5, 2 * part, part),
        },
        secondsOf: { 5: 2 * part, 50: part },
      };
    case 'soak': // nothing may grow
      return { scenarios: { users_5: constant(5, 0, total) }, secondsOf: { 5: total } };
    default:
      throw new Error(`SCENARIO is ramp, smoke, spike or soak, not ${name}`);
  }
}
