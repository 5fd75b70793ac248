import { systemClock, type Logger } from '@sightline/base';
import type { Config } from './config.ts';
import { askStatus } from './health.ts';
import { policyFile } from './agent.ts';
import { install, uninstall } from './install/systemd.ts';
import { readPolicy } from './policy/policy.ts';

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Runs a command that is not the agent itself; answers the exit code. */
export function runCommand(config: Config, version: string, logger: Logger): Promise<number> {
  switch (config.command) {
    case 'policy':
      return Promise.resolve(showPolicy(config));
    case 'status':
      return showStatus(config);
    case 'install':
      return install(config, version, systemClock, logger, say);
    case 'uninstall':
      return uninstall(say);
    default:
      return Promise.resolve(2);
  }
}

/** What the site allows, in words; 1 when the file is broken. */
function showPolicy({ dataFolder }: Config): number {
  const { policy, file, fault } = readPolicy(policyFile(dataFolder));
  const names = (list: readonly string[]): string =>
    list.includes('*') ? 'of every service' : list.length > 0 ? `of ${list.join(', ')}` : 'of no service';
  say(`Policy of this site: ${file}`);
  if (fault) say(`  ${fault}`);
  say(`  ${policy.systemInfo ? 'yes' : 'no '}  see the machine (systemInfo)`);
  say(`  ${policy.dockerStatus ? 'yes' : 'no '}  see the containers (dockerStatus)`);
  say(`  ${policy.logs.length > 0 ? 'yes' : 'no '}  read logs ${names(policy.logs)} (logs)`);
  say(`  ${policy.restart.length > 0 ? 'yes' : 'no '}  restart ${names(policy.restart).replace(/^of /, '')} (restart)`);
  say(`\n${JSON.stringify(policy, null, 2)}`);
  say('\nChange the file and save it: it holds from the next request on.');
  return fault ? 1 : 0;
}

/** How the running agent is; 1 when none runs. */
async function showStatus({ dataFolder }: Config): Promise<number> {
  const asked = await askStatus(dataFolder);
  if (!asked.ok) {
    say(`No agent runs in ${dataFolder} (${asked.error}).`);
    return 1;
  }
  const { status, components, ...rest } = asked.value;
  say(`${status}: agent ${rest.version} of ${rest.site}, process ${rest.pid}`);
  for (const { name, status: how, detail } of components) say(`  ${name.padEnd(10)}${how.padEnd(11)}${detail}`);
  say(JSON.stringify(rest, null, 2));
  return status === 'unhealthy' ? 1 : 0;
}
