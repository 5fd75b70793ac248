import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { unitText } from './systemd.ts';

test('the unit runs the agent hardened, and no word of a path changes its meaning', () => {
  const unit = unitText({
    node: '/opt/node bin/node',
    nodeFlags: ['--expose-gc'],
    main: '/opt/sight line/main.ts',
    args: ['--server', 'https://s.example', '--data', '/var/100%/$HOME/"x"'],
    dataFolder: '/var/lib/sightline-agent',
    cacheFolder: '/var/lib/sightline-agent/cache',
    environment: { HTTPS_PROXY: 'http://proxy:3128' },
  });
  expect(unit).toContain(
    String.raw`ExecStart="/opt/node bin/node" --expose-gc "/opt/sight line/main.ts" --server https://s.example --data "/var/100%%/$$HOME/\"x\""`,
  );
  expect(unit).toContain('Environment=NODE_COMPILE_CACHE=/var/lib/sightline-agent/cache');
  expect(unit).toContain('Environment=HTTPS_PROXY=http://proxy:3128');
  expect(unit).toContain('ReadWritePaths=/var/lib/sightline-agent\n');
  for (const line of ['NoNewPrivileges=yes', 'ProtectSystem=strict', 'CapabilityBoundingSet=', 'MemoryMax=256M'])
    expect(unit.split('\n')).toContain(line);
});

test('the container runs under the same flags and settings as the service', () => {
  const read = (name: string): string => readFileSync(path.join(import.meta.dirname, '../..', name), 'utf8');
  const image = read('Dockerfile');
  const flags = JSON.parse(read('node-flags.json')) as string[];
  expect(image).toContain(['node', ...flags].map((word) => JSON.stringify(word)).join(', '));
  for (const [name, value] of Object.entries(JSON.parse(read('node-environment.json')) as Record<string, string>))
    expect(image).toContain(`${name}=${value}`);
});
