import { runServe } from './cli/serve';

process.exitCode = 0;
void runServe(process.argv.slice(2), process.env);
