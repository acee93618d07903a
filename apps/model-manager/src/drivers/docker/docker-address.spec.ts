import { dockerAddress } from './docker-address';

describe('the address of Docker', () => {
  it.each([
    ['unix:///var/run/docker.sock', { kind: 'unix', socketPath: '/var/run/docker.sock' }],
    ['tcp://10.0.0.5:2375', { kind: 'tcp', host: '10.0.0.5', port: 2375, tls: null }],
    ['tcp://docker-proxy', { kind: 'tcp', host: 'docker-proxy', port: 2375, tls: null }],
    ['tcp://[::1]:99', { kind: 'tcp', host: '::1', port: 99, tls: null }],
  ])('is read from %s', (text, expected) => {
    expect(dockerAddress(text, undefined)).toEqual(expected);
  });

  it.each(['ssh://host', 'http://host', 'npipe:////./pipe/docker', '/var/run/docker.sock', 'unix://relative'])(
    'is not %s',
    (text) => {
      expect(() => dockerAddress(text, undefined)).toThrow(RangeError);
    },
  );
});
