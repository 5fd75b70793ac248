import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A container engine of a test's own: podman, serving the Docker Engine API on a socket. */
export interface Podman {
  /** For `DOCKER_HOST`: `unix://…`. */
  readonly host: string;
  readonly socketPath: string;
  /** Starts a container that runs a shell script; `service` becomes its Compose label. */
  run(name: string, script: string, options?: { readonly service?: string; readonly tty?: boolean }): void;
  /** Any podman command on this engine's storage; throws with what it printed when it fails. */
  podman(...args: string[]): string;
  /** Stops the API; containers go on. */
  stopService(): Promise<void>;
  startService(): Promise<void>;
  /** Ends all containers and removes everything. */
  close(): Promise<void>;
}

const image = 'localhost/busybox:test';
const busybox = '/bin/busybox';

/** Why no container can be run here; undefined when they can. Tests that need them are skipped with it. */
export function podmanMissing(): string | undefined {
  if (process.platform !== 'linux') return 'containers need Linux';
  if (process.getuid?.() !== 0) return 'this recipe runs podman as root';
  for (const program of ['podman', 'runc', 'conmon'])
    if (spawnSync('which', [program]).status !== 0) return `${program} is not installed`;
  return existsSync(busybox) ? undefined : `${busybox} (busybox-static) is not installed`;
}

/**
 * Starts an engine with its own storage in a temporary folder: plain folders instead of overlays, the host's network,
 * limits below those of a container that the test itself may run in.
 */
export async function startPodman(): Promise<Podman> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sl-pod-'));
  const configuration = path.join(folder, 'containers.conf');
  writeFileSync(
    configuration,
    `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
netns = "host"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "${folder}/tmp"
`,
  );
  const env = { ...process.env, CONTAINERS_CONF: configuration };
  const storage = ['--root', path.join(folder, 'store'), '--runroot', path.join(folder, 'run'), '--storage-driver=vfs'];
  const socketPath = path.join(folder, 'p.sock');
  const podman = (...args: string[]): string => {
    const ran = spawnSync('podman', [...storage, ...args], { env, encoding: 'utf8', timeout: 60_000 });
    if (ran.status !== 0) throw new Error(`podman ${args.join(' ')}: ${ran.error?.message ?? ran.stderr}`);
    return ran.stdout.trim();
  };
  let service: ReturnType<typeof spawn> | undefined;
  const startService = async (): Promise<void> => {
    const child = spawn('podman', [...storage, 'system', 'service', '--time=0', `unix://${socketPath}`], {
      env,
      stdio: 'ignore',
    });
    service = child;
    for (let tries = 0; !(await answers(socketPath)); tries++) {
      if (tries > 300 || child.exitCode !== null) throw new Error('podman does not serve its API');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const stopService = async (): Promise<void> => {
    const child = service;
    service = undefined;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
    rmSync(socketPath, { force: true });
  };
  importImage(folder, podman);
  await startService();
  return {
    host: `unix://${socketPath}`,
    socketPath,
    podman,
    startService,
    stopService,
    run: (name, script, { service: label, tty = false } = {}) => {
      const labels = label ? ['--label', `com.docker.compose.service=${label}`] : [];
      podman('run', '-d', '--name', name, ...labels, ...(tty ? ['-t'] : []), image, 'sh', '-c', script);
    },
    close: async () => {
      await stopService();
      podman('rm', '--force', '--all', '--time', '0');
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: '/_ping', agent: false, timeout: 5000 }, (reply) => {
      reply.resume();
      resolve(reply.statusCode === 200);
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(false));
    asked.end();
  });
}

/** An image of nothing but a static busybox. */
function importImage(folder: string, podman: (...args: string[]) => string): void {
  const root = path.join(folder, 'image');
  mkdirSync(path.join(root, 'bin'), { recursive: true });
  for (const name of ['tmp', 'proc', 'sys', 'dev', 'etc']) mkdirSync(path.join(root, name));
  cpSync(busybox, path.join(root, 'bin/busybox'));
  for (const name of ['sh', 'sleep', 'echo', 'cat', 'date', 'true', 'seq', 'yes', 'head', 'httpd', 'printf'])
    symlinkSync('busybox', path.join(root, 'bin', name));
  const archive = path.join(folder, 'image.tar');
  const packed = spawnSync('tar', ['-C', root, '-cf', archive, '.'], { encoding: 'utf8' });
  if (packed.status !== 0) throw new Error(`tar: ${packed.stderr}`);
  podman('import', archive, image);
}
