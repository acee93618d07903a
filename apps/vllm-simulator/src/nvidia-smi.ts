import { stateDirectory } from './config';
import { nvidiaSmi } from './gpu/smi-command';

const { output, exitCode } = nvidiaSmi(process.argv.slice(2), stateDirectory());
process.stdout.write(output);
process.exitCode = exitCode;
