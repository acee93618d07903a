import { parseFlags, UsageError, type ParsedFlags } from './cli/parse-flags';
import { serveOptions } from './cli/serve-options';
import { SUBCOMMANDS, SERVE_HELP, versionRequested } from './cli/usage';
import { ConfigError, forModel, readConfig } from './config';
import { VLLM_VERSION } from './http/server-state';
import { runServe } from './run-serve';

/** argparse's exit code for a command line that is wrong. */
const USAGE_EXIT = 2;

function fail(text: string, code: number): never {
  process.stderr.write(`${text}\n`);
  process.exit(code);
}

function commandLine(argv: readonly string[]): ParsedFlags {
  const [command, ...rest] = argv;
  if (versionRequested(argv)) {
    process.stdout.write(`${VLLM_VERSION}\n`);
    process.exit(0);
  }
  if (command !== 'serve') throw SUBCOMMANDS.unknown(command);
  if (rest.includes('-h') || rest.some((argument) => argument.startsWith('--help'))) {
    process.stdout.write(SERVE_HELP);
    process.exit(0);
  }
  return parseFlags(rest);
}

try {
  const config = readConfig(process.env);
  const options = serveOptions(commandLine(process.argv.slice(2)));
  void runServe(options, forModel(config, options.model)).then((code) => process.exit(code));
} catch (error) {
  if (error instanceof UsageError) fail(`${error.usage}\n${error.program}: error: ${error.message}`, USAGE_EXIT);
  if (error instanceof ConfigError) fail(`vllm-simulator: ${error.message}`, USAGE_EXIT);
  throw error;
}
