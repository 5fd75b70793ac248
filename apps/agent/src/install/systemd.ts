import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Clock, Logger } from '@sightline/base';
import { becomeKnown } from '../agent.ts';
import type { Config } from '../config.ts';
import { DockerEngine } from '../docker/engine.ts';

const unitFile = '/etc/systemd/system/sightline-agent.service';
const root = path.join(import.meta.dirname, '../../../..');

/** A file of this program's folder that is for Node. */
const beside = <T>(name: string): T => JSON.parse(readFileSync(path.join(root, 'apps/agent', name), 'utf8')) as T;

export interface UnitParts {
  readonly node: string;
  readonly nodeFlags: readonly string[];
  readonly main: string;
  /** Flags of the agent; never the token. */
  readonly args: readonly string[];
  readonly dataFolder: string;
  /** Compiled programs, so that no start strips types again. */
  readonly cacheFolder: string;
  /** Variables that the service needs as well: proxies, DOCKER_HOST. */
  readonly environment: Readonly<Record<string, string>>;
}

/** A word of a unit's command line or assignment (https://www.freedesktop.org/software/systemd/man/latest/systemd.syntax.html). */
function quoted(word: string): string {
  const escaped = word.replaceAll('%', '%%').replaceAll('$', '$$$$').replaceAll('\\', '\\\\').replaceAll('"', '\\"');
  return /^[\w./:=,@-]+$/.test(word) ? word : `"${escaped.replaceAll('\n', '')}"`;
}

/**
 * The unit of the service. It runs as root without any capability: root owns the engines' sockets, and that is all it
 * needs of it. It writes to its data folder only.
 */
export function unitText(parts: UnitParts): string {
  const command = [parts.node, ...parts.nodeFlags, parts.main, ...parts.args].map(quoted).join(' ');
  const environment = Object.entries({ NODE_COMPILE_CACHE: parts.cacheFolder, ...parts.environment })
    .map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}`)
    .join('\n');
  return `[Unit]
Description=Sightline agent
Wants=network-online.target
After=network-online.target docker.service podman.socket

[Service]
ExecStart=${command}
${environment}
Restart=always
RestartSec=5
# A wrong setting is not mended by starting again.
RestartPreventExitStatus=2
TimeoutStopSec=15
MemoryMax=256M
TasksMax=64
CPUWeight=50
OOMScoreAdjust=-100
CapabilityBoundingSet=
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
ReadWritePaths=${quoted(parts.dataFolder)}
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
LockPersonality=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
UMask=0077

[Install]
WantedBy=multi-user.target
`;
}

/** Runs systemctl; answers a sentence when it failed. */
function systemctl(...args: string[]): string | undefined {
  const run = spawnSync('systemctl', args, { encoding: 'utf8', timeout: 60_000 });
  if (run.status === 0) return undefined;
  return `systemctl ${args.join(' ')} failed: ${(run.error?.message ?? run.stderr).trim()}`;
}

/** Enrols if need be, writes the unit, and starts it where systemd runs. Answers the exit code. */
export async function install(
  config: Config,
  version: string,
  clock: Clock,
  logger: Logger,
  say: (text: string) => void,
): Promise<number> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    say('Installing the service needs Linux with systemd, and root: run the same command with sudo.');
    return 1;
  }
  mkdirSync(config.dataFolder, { recursive: true, mode: 0o700 });
  const parts = { version, clock, logger, stop: AbortSignal.timeout(120_000) };
  const identity = await becomeKnown(config, new DockerEngine(config.engines), parts);
  if (!identity.ok) {
    say(identity.error);
    return 1;
  }
  const cacheFolder = path.join(config.dataFolder, 'compile-cache');
  mkdirSync(path.dirname(unitFile), { recursive: true });
  writeFileSync(
    unitFile,
    unitText({
      node: process.execPath,
      nodeFlags: beside<string[]>('node-flags.json'),
      main: path.join(root, 'apps/agent/src/main.ts'),
      args: withData(config),
      dataFolder: config.dataFolder,
      cacheFolder,
      environment: { ...beside<Record<string, string>>('node-environment.json'), ...config.serviceEnvironment },
    }),
  );
  say(`Written: ${unitFile} (site ${identity.value.site}, data ${config.dataFolder}).`);
  if (!existsSync('/run/systemd/system')) {
    say('systemd does not run here. Once it does: systemctl daemon-reload && systemctl enable --now sightline-agent');
    return 0;
  }
  const fault =
    systemctl('daemon-reload') ?? systemctl('enable', 'sightline-agent') ?? systemctl('restart', 'sightline-agent');
  say(fault ?? 'The agent runs, and starts with the machine. Its log: journalctl -u sightline-agent');
  return fault ? 1 : 0;
}

/** Stops and removes the service; what it kept stays where it is. */
export function uninstall(say: (text: string) => void): Promise<number> {
  if (process.getuid?.() !== 0) {
    say('Removing the service needs root: run the same command with sudo.');
    return Promise.resolve(1);
  }
  if (!existsSync(unitFile)) {
    say('The service is not installed.');
    return Promise.resolve(0);
  }
  const running = existsSync('/run/systemd/system');
  const stopped = running ? systemctl('disable', '--now', 'sightline-agent') : undefined;
  rmSync(unitFile, { force: true });
  const reloaded = running ? systemctl('daemon-reload') : undefined;
  say(stopped ?? reloaded ?? `Removed: ${unitFile}. The agent's data stays where it is.`);
  return Promise.resolve(stopped || reloaded ? 1 : 0);
}

/** The service has no home folder to guess the data folder from. */
function withData(config: Config): string[] {
  return config.serviceArgs.includes('--data')
    ? config.serviceArgs.map((word, at, all) => (all[at - 1] === '--data' ? config.dataFolder : word))
    : [...config.serviceArgs, '--data', config.dataFolder];
}
