import { duration, statusText } from './print-status';

describe('the status for people', () => {
  it.each([
    [0, '0s'],
    [42, '42s'],
    [187, '3m 7s'],
    [18_125, '5h 2m'],
    [349_200, '4d 1h'],
  ])('shows %d seconds as %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });

  it('lines the processes up, and says what is wrong in words', () => {
    const text = statusText(
      {
        state: 'degraded',
        processes: [
          { name: 'api-gateway', pid: 12, port: 8080, health: 'ready', uptimeS: 65 },
          { name: 'postgres', pid: null, port: 20_001, health: 'crashing', uptimeS: null },
        ],
        engines: [{ id: 'vllm-0', state: 'loading', phase: 'loading weights', percent: 40, model: 'org/model' }],
        backend: { backend: 'fallback', model: 'other-model', reason: 'The model is loading.' },
        hints: { mode: 'vllm', backend: null, model: null, reason: 'The model is loading.' },
        gpus: [{ index: 0, name: 'RTX 3090', usedMib: 512, totalMib: 24_576, utilisation: 3 }],
      },
      'org-model',
      ['postgres died 5 times in a row (exit code 1)'],
    );
    expect(text.split('\n')).toEqual([
      'Tandem is degraded. Profile: org-model.',
      '',
      'process      pid  port   health    uptime',
      'api-gateway  12   8080   ready     1m 5s',
      'postgres     -    20001  crashing  -',
      '',
      'engine:vllm-0 is loading (loading weights, 40 %): org/model',
      '',
      'Code is answered by fallback: other-model (The model is loading.)',
      'Hints (mode vllm) are given by nobody (The model is loading.)',
      '',
      'GPU 0 RTX 3090: 512 of 24576 MiB, 3 % busy',
      '',
      'postgres died 5 times in a row (exit code 1)',
    ]);
  });
});
