import { RetentionJob } from './retention-job';

describe('a retention job', () => {
  const said: unknown[] = [];
  const logger = { log: (line: unknown) => said.push(line), error: (line: unknown) => said.push(line) };
  beforeEach(() => (said.length = 0));

  it('says what it deleted', async () => {
    await new RetentionJob({ what: 'drafts', days: 30, deleteBefore: () => Promise.resolve(7) }, logger).run();
    expect(said).toMatchObject([{ msg: 'retention: deleted drafts older than 30 days', deleted: 7 }]);
  });

  it('is silent when there was nothing to delete, loud when it could not', async () => {
    await new RetentionJob({ what: 'drafts', days: 30, deleteBefore: () => Promise.resolve(0) }, logger).run();
    expect(said).toEqual([]);
    const away = () => Promise.reject(new Error('connection refused'));
    await new RetentionJob({ what: 'drafts', days: 30, deleteBefore: away }, logger).run();
    expect(said).toMatchObject([{ msg: 'retention: drafts could not be deleted; tried again in an hour' }]);
  });

  it('keeps everything for ever with 0 days', () => {
    let asked = 0;
    const job = new RetentionJob({ what: 'drafts', days: 0, deleteBefore: () => Promise.resolve(asked++) }, logger);
    job.start();
    job.stop();
    expect(asked).toBe(0);
  });
});
