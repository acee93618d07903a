import { parseInvocation } from './options';

const start = (...args: string[]) => parseInvocation(['start', ...args]);

describe('the command line', () => {
  it('knows what interfaces.md promises', () => {
    expect(start('--json', '--port', '9000', '--engine', 'simulator')).toEqual({
      command: 'start',
      json: true,
      options: { port: 9000, engine: 'simulator', engineUrl: null },
    });
    expect(start()).toEqual({ command: 'start', json: false, options: { port: null, engine: null, engineUrl: null } });
    expect(parseInvocation(['stop', '--json'])).toEqual({ command: 'stop', json: true });
    expect(parseInvocation(['status', '--help'])).toEqual({ command: 'help', of: 'status' });
  });

  it('takes an engine URL as the wish for an external engine', () => {
    expect(start('--engine-url', 'http://10.0.0.5:8000')).toMatchObject({ options: { engine: 'external' } });
  });

  it.each([
    [['--engine', 'ollama'], 'must be one of simulator, process, docker, kubernetes, external'],
    [['--engine', 'external'], 'needs --engine-url'],
    [['--engine', 'process', '--engine-url', 'http://a:1'], 'belongs to --engine external'],
    [['--engine-url', '10.0.0.5:8000'], 'must be a URL'],
    [['--port', '99999'], 'must be a number from 0 to 65535'],
    [['--port', 'http'], 'must be a number from 0 to 65535'],
    [['--verbose'], "Unknown option '--verbose'"],
  ])('refuses %j with one plain line', (args, reason) => {
    expect(() => start(...args)).toThrow(reason);
  });
});
