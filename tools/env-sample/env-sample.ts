import type { z } from 'zod';
import { envSample, serviceVariables } from '#common/config';
import { gatewayVariables } from '../../apps/api-gateway/src/config';
import { chatVariables } from '../../apps/chat-service/src/config';
import { variables as modelVariables } from '../../apps/model-manager/src/config';
import { variables as usageVariables } from '../../apps/usage-service/src/config';

const HEADER = `# Settings of Tandem. Copy to .env and change what you need; every line here is an example or a default, switched off.
# Written by "npm run env-sample" from the config.ts of each service: change it there.
# ./start picks ports, credentials and addresses by itself. TANDEM_HOME (default .tandem) holds its state.
`;

/** The text of `.env.sample`: what all services share, then what each has beside it. */
export function envSampleText(): string {
  const services: [string, z.ZodRawShape][] = [
    ['api-gateway', gatewayVariables],
    ['chat-service', chatVariables],
    ['model-manager', modelVariables],
    ['usage-service', usageVariables],
  ];
  const own = services.map(([name, shape]) =>
    envSample(name, Object.fromEntries(Object.entries(shape).filter(([variable]) => !(variable in serviceVariables)))),
  );
  return [HEADER, envSample('every service', serviceVariables), ...own].join('\n');
}
