// Loaded into the services before their own code (NODE_OPTIONS=--require): a wall clock that somebody can set. The file
// named by CHAOS_CLOCK_FILE holds the shift in milliseconds. The monotonic clock stays as it is, as when a machine's is set.
'use strict';
const { readFileSync } = require('node:fs');

const file = process.env.CHAOS_CLOCK_FILE;
const LOOK_EVERY_MS = 50;
const RealDate = Date;
const realNow = Date.now;
let shiftMs = 0;

const now = () => realNow() + shiftMs;

globalThis.Date = new Proxy(RealDate, {
  apply: () => new RealDate(now()).toString(),
  construct: (target, args, as) =>
    Reflect.construct(target, args.length === 0 ? [now()] : args, as === globalThis.Date ? target : as),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});

setInterval(() => {
  try {
    shiftMs = Number(readFileSync(file, 'utf8'));
  } catch {
    shiftMs = 0; // nobody has set it yet
  }
}, LOOK_EVERY_MS).unref();
