import { serviceEnvironment } from './service-environment';

const user = {
  PATH: '/bin',
  HOST: 'some-laptop',
  REDIS_URL: 'redis://:secret@cache:6379',
  TANDEM_ADMIN_PASSWORD: 'a long password',
  SETTINGS_ENCRYPTION_KEY: 'a secret for keys',
  HUGGING_FACE_HUB_TOKEN: 'hf_secret',
  DATABASE_URL: 'postgres://admin:secret@db/tandem',
  VLLM_SIM_FAULT: 'oom-load',
};

describe('the environment of a service', () => {
  it('keeps the secrets of one service from the others', () => {
    const usage = JSON.stringify(serviceEnvironment('usage-service', '/home', user, {}));
    expect(usage).not.toMatch(/secret|a long password/);
    for (const service of ['api-gateway', 'chat-service'])
      expect(serviceEnvironment(service, '/home', user, {})['REDIS_URL']).toBe(user.REDIS_URL);
    expect(serviceEnvironment('chat-service', '/home', user, {})).toHaveProperty('SETTINGS_ENCRYPTION_KEY');
    const chat = JSON.stringify(serviceEnvironment('chat-service', '/home', user, {}));
    expect(chat).not.toMatch(/hf_secret|a long password/);
    expect(serviceEnvironment('model-manager', '/home', user, {})['HUGGING_FACE_HUB_TOKEN']).toBe('hf_secret');
  });

  it('passes on what shapes the simulator, and never the HOST that a shell exports', () => {
    const env = serviceEnvironment('model-manager', '/home', user, { HOST: '127.0.0.1' });
    expect(env).toMatchObject({ VLLM_SIM_FAULT: 'oom-load', HOST: '127.0.0.1', LAUNCHED_BY_TANDEM: '/home' });
  });
});
