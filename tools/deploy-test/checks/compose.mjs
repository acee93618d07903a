import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildImage, expect, STACK_NEEDS, withStack } from '../stack.mjs';

function showsThePage(stack) {
  const page = stack.ask('/');
  const script = /src="(\/assets\/[^"]+\.js)"/.exec(page)?.[1];
  expect('the page is served, and names its script', script !== undefined, page);
  expect('nginx serves the script', stack.ask(script).length > 10_000, script);
}

function isHardened(stack) {
  const tried = stack.inside(
    'api-gateway',
    `let fault = 'written'; try { require('fs').writeFileSync('/app/x', '') } catch (e) { fault = e.code }
     console.log(process.getuid(), fault, Object.keys(process.env).filter((n) => /SECRET$|PASSWORD$|_URL$/.test(n)).join())`,
  );
  expect(
    'the gateway is not root, cannot write, and has no secret in its environment',
    tried.trim() === '1000 EROFS',
    tried,
  );
  const asked = stack.inside(
    'model-manager',
    `fetch('http://docker-proxy:2375/v1.41/containers/json?all=1').then((a) => console.log(a.status))`,
  );
  expect('the proxy does not list the containers of others', asked.trim() === '403', asked);
  const settings = stack.ask('/api/hints/settings');
  expect('keys of other servers can be stored', JSON.parse(settings).takesKeys === true, settings);
}

const conversation = (stack, title) => JSON.parse(stack.ask('/api/conversations', { title })).id;

/** scripts/ with --compose: what an operator does all day. */
function isRunByItsScripts(stack) {
  expect('status.sh shows the containers', stack.script('status.sh').includes('api-gateway'), 'status.sh');
  const lines = stack.script('logs.sh', 'gateway', '--since', '10m');
  expect('logs.sh shows what the gateway wrote', lines.includes('"msg"'), lines);
  const said = measured(stack, join(stack.folder, 'report'));
  expect('benchmark.sh writes both reports', existsSync(join(stack.folder, 'report/report.html')), said);
  const report = readFileSync(join(stack.folder, 'report/report.md'), 'utf8');
  expect('benchmark.sh measures through nginx', /^\| +1 +\| +[1-9]/m.test(report), report);
  expect('its page has charts', readFileSync(join(stack.folder, 'report/report.html'), 'utf8').includes('<svg'), said);
}

function measured(stack, out) {
  try {
    return stack.script('benchmark.sh', 'smoke', '--duration', '6s', '--out', out);
  } catch (error) {
    // 99: a promise does not hold, which on a busy machine says nothing.
    if (error.message.includes('exit code 99')) return error.message;
    throw error;
  }
}

/** Accounts, conversations and the ledger over `restart.sh`, `stop.sh` and `start.sh`. @returns the conversation */
function keepsItsData(stack) {
  const kept = conversation(stack, 'kept');
  const before = stack.compose('ps', '--quiet', 'api-gateway').trim();
  stack.script('restart.sh', '--no-build');
  const after = stack.compose('ps', '--quiet', 'api-gateway').trim();
  expect('restart.sh makes new containers', before !== '' && after !== '' && before !== after, `${before} ${after}`);
  expect('conversations outlive restart.sh', stack.ask('/api/conversations').includes(kept), kept);
  stack.script('stop.sh');
  const left = stack.engine.podman(['ps', '--all', '--format', '{{.Names}}']).trim();
  expect('nothing runs after stop.sh, the engine included', left === '', left);
  expect('status.sh says that it is stopped', exitCodeOf(() => stack.script('status.sh')) === 3, 'status.sh');
  stack.script('start.sh', '--no-build');
  expect('conversations outlive it', stack.ask('/api/conversations').includes(kept), kept);
  stack.chats();
  return kept;
}

function exitCodeOf(run) {
  try {
    run();
    return 0;
  } catch (error) {
    return Number(/exit code (\d+)/.exec(error.message)?.[1]);
  }
}

/** The commands of docs/backup.md, as they stand there, with the time of the backup that is there. */
function comesBackFromABackup(stack, root, kept) {
  const page = readFileSync(join(root, 'docs/backup.md'), 'utf8');
  const byHand = /docker compose exec (backup node [^`]*)`/.exec(page)[1];
  const said = stack.paste(`cd deploy/compose && docker compose exec -T ${byHand}`);
  expect('a backup is made', said.includes('"msg":"backed up"'), said);
  const list = `require('fs').readdirSync('/var/lib/tandem/backups').forEach((n) => console.log(n))`;
  const backup = stack.inside('backup', list).trim().split('\n').sort().at(-1);
  const lost = conversation(stack, 'after the backup');
  const block = /## Restore with compose\n+```sh host\n([^]*?)```/.exec(page)[1];
  stack.paste(block.replaceAll(/\d{8}T\d{6}Z/g, backup));
  const now = stack.ask('/api/conversations');
  expect('the restored database is that of the backup', now.includes(kept) && !now.includes(lost), now);
  stack.chats();
}

/** Nothing is deleted unasked; then the volumes are gone. */
function isCleanedUp(stack) {
  expect(
    'cleanup.sh deletes nothing that runs',
    exitCodeOf(() => stack.script('cleanup.sh', '--data', '--yes')) === 1,
    '',
  );
  stack.script('stop.sh');
  stack.script('cleanup.sh', '--data', '--yes');
  const volumes = stack.engine.podman(['volume', 'ls', '--format', '{{.Name}}']).match(/^tandem_(postgres|nats)$/gm);
  expect('cleanup.sh --data deletes the volumes', volumes === null, volumes);
}

async function production(root) {
  const prepare = (engine) => {
    buildImage(root, engine, 'deploy/images/Dockerfile', 'docker.io/library/tandem:dev', 'services');
    buildImage(root, engine, 'deploy/images/web.Dockerfile', 'docker.io/library/tandem-web:dev');
  };
  await withStack(root, ['compose.yaml'], prepare, (stack) => {
    const found = stack.script('setup.sh');
    const looksAt = ['Docker answers', 'disk: ', 'port 18443', 'no GPU answers'];
    expect(
      'setup.sh looks at Docker, disk, ports and driver',
      looksAt.every((one) => found.includes(one)),
      found,
    );
    stack.script('start.sh', '--no-build');
    stack.chats();
    showsThePage(stack);
    isHardened(stack);
    isRunByItsScripts(stack);
    const kept = keepsItsData(stack);
    comesBackFromABackup(stack, root, kept);
    isCleanedUp(stack);
  });
}

export const checks = [
  {
    name: 'compose up: the stack runs, chats, is run by its scripts, keeps its data, and comes back from a backup',
    needs: [...STACK_NEEDS, 'go'],
    run: production,
  },
];
