// Loaded before chat-service by benchmarks/ledger-wait.mjs: half of the requests do not wait until the ledger has their
// start. All else is the same: it is published at the same moment, in the same messages.
const { join } = require('node:path');

if (process.argv[1]?.includes(join('apps', 'chat-service', 'src', 'main'))) {
  const { UsageJournal } = require('../../dist/apps/chat-service/src/generation/usage-journal.js');
  const { add } = UsageJournal.prototype;
  UsageJournal.prototype.add = function (event, onKept = null) {
    if (onKept === null || waits(event.requestId)) return add.call(this, event, onKept);
    add.call(this, event, () => undefined);
    queueMicrotask(onKept);
  };
}

/** By the last digit of a random id, which the client is told too. */
function waits(requestId) {
  return parseInt(requestId.at(-1), 16) % 2 === 0;
}

module.exports = { waits };
