const { join } = require('node:path');
const Sequencer = require('@jest/test-sequencer').default;

const WHOLE_SYSTEMS = join(__dirname, '../../test/');

/**
 * Specs that start whole systems come first and the short ones fill the gaps at the end: where no earlier run is remembered
 * Jest goes by the length of the file, and the longest spec of all may come last.
 */
module.exports = class LongFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    const startsSystems = ({ path }) => path.startsWith(WHOLE_SYSTEMS);
    return [...sorted.filter(startsSystems), ...sorted.filter((test) => !startsSystems(test))];
  }
};
